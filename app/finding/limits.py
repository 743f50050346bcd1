"""Limits of columns, and their form in the address."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.finding.columns import COLUMNS
from awrsr.errors import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The range of a column's values; None is no limit."""

    column: str
    low: float | None = None
    high: float | None = None

    def fits(self, table: pd.DataFrame) -> pd.Series:
        """For each user, whether the value exists and lies within the limit."""
        values = table[self.column]
        fits = values.notna()
        if self.low is not None:
            fits &= values >= self.low
        if self.high is not None:
            fits &= values <= self.high
        return fits


def limits_text(limits: list[Limit]) -> str:
    """Limits for the address: length~5~40.rank_a~~10, with decimal commas."""

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:g}".replace(".", ",")

    return ".".join(f"{limit.column}~{number(limit.low)}~{number(limit.high)}" for limit in limits)


def parse_limits(text: str) -> list[Limit]:
    """The limits that `limits_text` wrote.

    Raises:
        ValueError: the text is not such limits.
    """
    limits: dict[str, Limit] = {}
    for part in text.split(".") if text else []:
        column, *bounds = part.split("~")
        if len(bounds) != 2:
            raise ValueError("accepted: COLUMN~LOW~HIGH.COLUMN~LOW~HIGH, either bound may be empty")
        if column not in COLUMNS:
            raise ValueError(
                f"unknown column {column!r}.{did_you_mean(column, COLUMNS)} "
                f"Accepted: {', '.join(COLUMNS)}"
            )
        try:
            numbers = [float(bound.replace(",", ".")) if bound else None for bound in bounds]
        except ValueError:
            numbers = [np.nan]
        if any(number is not None and not np.isfinite(number) for number in numbers):
            raise ValueError(f"the limits of {column} must be finite numbers with a decimal comma")
        limits[column] = Limit(column=column, low=numbers[0], high=numbers[1])
    return list(limits.values())
