"""What explains a trace or a model: rollout, provenance, removals, ablations, agreement."""

from awrsr.explain.ablation import Ablation, Contributions, Outcome, ablate, contributions
from awrsr.explain.agreement import (
    STATISTICS,
    AttentionRow,
    kendall_tau_b,
    prediction_rows,
    spearman,
)
from awrsr.explain.attention_rollout import rollout
from awrsr.explain.heads import CorrelationMatrix, correlation_matrices, head_profile
from awrsr.explain.overlap import PERSISTENCE, overlap_at, rank_biased_overlap
from awrsr.explain.parity import Check, parity_checks
from awrsr.explain.provenance import (
    REFINED_TERMS,
    Cell,
    DistanceSplit,
    PairMap,
    RefinedParts,
    first_order_split,
    refined_parts,
    second_order_provenance,
)
from awrsr.explain.scan import (
    Scan,
    joined_processes,
    mean_interval,
    read_scan,
    scan,
    seed_pairs,
    write_scan,
)

__all__ = [
    "PERSISTENCE",
    "REFINED_TERMS",
    "STATISTICS",
    "Ablation",
    "AttentionRow",
    "Cell",
    "Check",
    "Contributions",
    "CorrelationMatrix",
    "DistanceSplit",
    "Outcome",
    "PairMap",
    "RefinedParts",
    "Scan",
    "ablate",
    "contributions",
    "correlation_matrices",
    "first_order_split",
    "head_profile",
    "joined_processes",
    "kendall_tau_b",
    "mean_interval",
    "overlap_at",
    "parity_checks",
    "prediction_rows",
    "rank_biased_overlap",
    "read_scan",
    "refined_parts",
    "rollout",
    "scan",
    "second_order_provenance",
    "seed_pairs",
    "spearman",
    "write_scan",
]
