"""The tabs of Inspect, and the measurements in one of them."""

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


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The faithfulness curves of Inspect, by side and explanation, with their models, history and
    target."""

    question: tuple[tuple[ModelKey, ...], tuple[int, ...], int]
    curves: dict[str, dict[str, Curves]]
