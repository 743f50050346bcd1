"""The users of a scan as a table for two models: columns, slices, limits. No Streamlit."""

from app.finding.columns import (
    AGREEMENTS,
    COLUMNS,
    KINDS,
    LAGS,
    LARGEST,
    OF_REPEATS,
    ORDERS,
    SMALLEST,
)
from app.finding.limits import Limit, limits_text, parse_limits
from app.finding.slices import SLICES, Slice, gain, named_slices, slice_metrics
from app.finding.table import has_second_order, noise_pair, pair_table

__all__ = [
    "AGREEMENTS",
    "COLUMNS",
    "KINDS",
    "LAGS",
    "LARGEST",
    "OF_REPEATS",
    "ORDERS",
    "SLICES",
    "SMALLEST",
    "Limit",
    "Slice",
    "gain",
    "has_second_order",
    "limits_text",
    "named_slices",
    "noise_pair",
    "pair_table",
    "parse_limits",
    "slice_metrics",
]
