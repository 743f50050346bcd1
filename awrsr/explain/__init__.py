"""What explains a trace or a model: rollout, removals, agreement of rankings."""

from awrsr.explain.agreement import (
    STATISTICS,
    AttentionRow,
    kendall_tau_b,
    prediction_rows,
    spearman,
)
from awrsr.explain.attention_rollout import rollout
from awrsr.explain.overlap import PERSISTENCE, overlap_at, rank_biased_overlap

__all__ = [
    "PERSISTENCE",
    "STATISTICS",
    "AttentionRow",
    "kendall_tau_b",
    "overlap_at",
    "prediction_rows",
    "rank_biased_overlap",
    "rollout",
    "spearman",
]
