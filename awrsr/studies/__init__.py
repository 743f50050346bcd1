"""Models over all users of a dataset: scans, faithfulness, heads, checks of loaded models."""

from awrsr.studies.checks import Check, parity_checks
from awrsr.studies.faithfulness import (
    FORCED_SHARE,
    LESS,
    STUDY_FILE,
    Study,
    against_floor,
    less,
    read_study,
    write_study,
)
from awrsr.studies.heads import CorrelationMatrix, correlation_matrices, head_profile
from awrsr.studies.scan import (
    SEEDS_FOLDER,
    Scan,
    about_scan,
    all_pairs,
    differ_by_seed,
    joined_processes,
    read_scan,
    scan,
    seed_pairs,
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
    "write_scan",
    "write_study",
]
