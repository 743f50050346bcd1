"""What explains one history in a model: provenance, removals, agreement, faithfulness."""

from awrsr.explain.ablation import Ablation, Contributions, Outcome, ablate, contributions
from awrsr.explain.agreement import (
    KINDS,
    AttentionRow,
    prediction_rows,
)
from awrsr.explain.explanations import (
    ATTENTION,
    EXPLANATIONS,
    NEITHER,
    NEWEST_FIRST,
    RANDOM,
    STUDY_SETTINGS,
    attention_values,
    explanation_orders,
    ranked,
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
from awrsr.explain.provenance import (
    Cell,
    DistanceSplit,
    PairMap,
    RefinedParts,
    first_order_split,
    refined_parts,
    second_order_provenance,
)
from awrsr.explain.rollout import rollout

__all__ = [
    "KINDS",
    "STUDY_SETTINGS",
    "ATTENTION",
    "CAUSE_MEASURES",
    "EXPLANATIONS",
    "LOWER_IS_BETTER",
    "MEASURES",
    "NEITHER",
    "NEWEST_FIRST",
    "RANDOM",
    "SHARES",
    "Ablation",
    "AttentionRow",
    "Cell",
    "Contributions",
    "Curve",
    "Curves",
    "DistanceSplit",
    "Outcome",
    "PairMap",
    "RefinedParts",
    "ablate",
    "at_shares",
    "attention_values",
    "cause_measures",
    "contributions",
    "explanation_orders",
    "faithfulness_curves",
    "faithfulness_measures",
    "first_order_split",
    "prediction_rows",
    "ranked",
    "refined_parts",
    "rollout",
    "second_order_provenance",
]
