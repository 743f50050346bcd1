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
from awrsr.explain.overlap import PERSISTENCE, overlap_at, rank_biased_overlap
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

__all__ = [
    "PERSISTENCE",
    "REFINED_TERMS",
    "STATISTICS",
    "Ablation",
    "AttentionRow",
    "Cell",
    "Contributions",
    "DistanceSplit",
    "Outcome",
    "PairMap",
    "RefinedParts",
    "ablate",
    "contributions",
    "first_order_split",
    "kendall_tau_b",
    "overlap_at",
    "prediction_rows",
    "rank_biased_overlap",
    "refined_parts",
    "rollout",
    "second_order_provenance",
    "spearman",
]
