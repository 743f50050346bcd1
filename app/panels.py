"""The tabs of Inspect, and what stays in them while they are closed."""

from dataclasses import dataclass

from app.folders import ModelKey
from awrsr.explain import Curves

PANELS = {
    "recommendations": "Recommendations",
    "attribution": "Attribution",
    "variants": "Variants and removals",
    "heads": "Heads and switches",
    "faithfulness": "Faithfulness",
    "download": "Download",
}
"""Tabs of Inspect: the name in the address, and the label."""
IN_PANELS = (
    *("gains", "agreement_side", "agreement_statistic", "measured_chosen", "measured_standing"),
)
FAMILIES_IN_PANELS = ("setting", "gains_off", "gains_other", "gains_uniform", "gains_first")
"""Keys of `app.state.Session` of widgets in these tabs that are not in the address."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The faithfulness curves of Inspect, by side and explanation, with their models, history and
    target."""

    question: tuple[tuple[ModelKey, ...], tuple[int, ...], int]
    curves: dict[str, dict[str, Curves]]
