"""Explanations of one history in one model: provenance, removals, agreement, faithfulness."""

from awrsr.explain.ablation import Ablation, Contributions, Outcome, ablate, contributions
from awrsr.explain.agreement import (
    KINDS,
    AttentionRow,
    prediction_rows,
)
from awrsr.explain.cells import Cell, DistanceSplit, PairMap, RefinedParts
from awrsr.explain.cutting import PARTS, Connection, cut_connections
from awrsr.explain.evidence import Decisive, Evidence, Judgement, RowEvidence, find_evidence
from awrsr.explain.explanations import (
    EXPLANATIONS,
    NEWEST_FIRST,
    RANDOM,
    RECENCY,
    Explained,
    Explanation,
    explanation_orders,
    ranked,
    study_settings,
)
from awrsr.explain.faithfulness import (
    CAUSE_MEASURES,
    LOWER_IS_BETTER,
    MEASURES,
    SHARES,
    Curve,
    Curves,
    at_shares,
    cause_measures,
    faithfulness_curves,
    faithfulness_measures,
)
from awrsr.explain.flow import score_flow
from awrsr.explain.provenance import first_order_split, refined_parts, second_order_provenance
from awrsr.explain.removal import (
    RemovedOnce,
    SmallestRemoval,
    remove_each,
    smallest_removal,
    without,
)
from awrsr.explain.rollout import rollout

__all__ = [
    "RemovedOnce",
    "SmallestRemoval",
    "score_flow",
    "remove_each",
    "smallest_removal",
    "without",
    "KINDS",
    "CAUSE_MEASURES",
    "EXPLANATIONS",
    "LOWER_IS_BETTER",
    "MEASURES",
    "NEWEST_FIRST",
    "PARTS",
    "RANDOM",
    "RECENCY",
    "SHARES",
    "Ablation",
    "AttentionRow",
    "Cell",
    "Connection",
    "Contributions",
    "Curve",
    "Curves",
    "Decisive",
    "Evidence",
    "Judgement",
    "RowEvidence",
    "find_evidence",
    "DistanceSplit",
    "Explained",
    "Explanation",
    "Outcome",
    "PairMap",
    "RefinedParts",
    "ablate",
    "at_shares",
    "cause_measures",
    "contributions",
    "cut_connections",
    "explanation_orders",
    "faithfulness_curves",
    "faithfulness_measures",
    "first_order_split",
    "prediction_rows",
    "ranked",
    "refined_parts",
    "rollout",
    "second_order_provenance",
    "study_settings",
]
