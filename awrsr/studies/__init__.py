"""Studies of models over all users: scans, faithfulness, heads, checks of loaded models."""

from awrsr.studies.checks import Check, Checks, check_model
from awrsr.studies.examples import (
    EXAMPLES_FILE,
    READABLE,
    TITLES,
    Example,
    ExamplesFile,
    current_examples,
    find_examples,
    holds_scan,
    line_of,
    read_examples,
    sentence_of,
    write_examples,
)
from awrsr.studies.faithfulness import STUDY_FILE, Study, read_study, write_study
from awrsr.studies.faithfulness_summary import FORCED_SHARE, LESS, against_floor, difference_column
from awrsr.studies.heads import CorrelationMatrix, correlation_matrices, head_profile
from awrsr.studies.scan import Scan, all_pairs, scan
from awrsr.studies.scan_files import about_scan, read_scan, stale, write_scan
from awrsr.studies.seeds import SEEDS_FOLDER, differ_by_seed, seed_pairs

__all__ = [
    "EXAMPLES_FILE",
    "FORCED_SHARE",
    "LESS",
    "READABLE",
    "SEEDS_FOLDER",
    "STUDY_FILE",
    "TITLES",
    "Check",
    "Checks",
    "CorrelationMatrix",
    "Example",
    "ExamplesFile",
    "Scan",
    "Study",
    "about_scan",
    "against_floor",
    "all_pairs",
    "correlation_matrices",
    "current_examples",
    "differ_by_seed",
    "difference_column",
    "find_examples",
    "head_profile",
    "holds_scan",
    "line_of",
    "check_model",
    "read_examples",
    "read_scan",
    "read_study",
    "scan",
    "seed_pairs",
    "sentence_of",
    "stale",
    "write_examples",
    "write_scan",
    "write_study",
]
