"""Models over all users of a dataset: scans, faithfulness, heads, checks of loaded models."""

from awrsr.studies.checks import Check, parity_checks
from awrsr.studies.faithfulness import STUDY_FILE, Study, read_study, write_study
from awrsr.studies.faithfulness_summary import FORCED_SHARE, LESS, against_floor, less
from awrsr.studies.heads import CorrelationMatrix, correlation_matrices, head_profile
from awrsr.studies.parts import joined_processes
from awrsr.studies.scan import Scan, all_pairs, scan
from awrsr.studies.scan_files import (
    SEEDS_FOLDER,
    about_scan,
    differ_by_seed,
    read_scan,
    seed_pairs,
    stale,
    write_scan,
)

__all__ = [
    "FORCED_SHARE",
    "LESS",
    "SEEDS_FOLDER",
    "STUDY_FILE",
    "Check",
    "CorrelationMatrix",
    "Scan",
    "Study",
    "about_scan",
    "against_floor",
    "all_pairs",
    "correlation_matrices",
    "differ_by_seed",
    "head_profile",
    "joined_processes",
    "less",
    "parity_checks",
    "read_scan",
    "read_study",
    "scan",
    "seed_pairs",
    "stale",
    "write_scan",
    "write_study",
]
