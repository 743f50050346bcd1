"""Times in files: dates, or numbers in seconds, milli-, micro- or nanoseconds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from awrsr.errors import DataError, shown

UNITS = {
    "seconds": 1,
    "milliseconds": 10**3,
    "microseconds": 10**6,
    "nanoseconds": 10**9,
}
"""Units of time, and their number in a second."""
SMALLEST = (0, 1e11, 1e14, 1e17)
"""The smallest number in each unit: seconds reach to the year 5138, and 10^11 milliseconds, 10^14
microseconds and 10^17 nanoseconds are in 1973."""
TELLING = 1e8
"""Smaller numbers do not reveal the unit: zero and -1 for an unknown time, counters."""
MAX_NUMBER = 2**62
"""Fits into a whole number of 64 bits and is exact as a float."""


@dataclass(frozen=True)
class Times:
    """A column of times, row by row.

    Args:
        moments: numbers or dates with the precision of the file, for order and comparison.
        seconds: whole seconds since 1970, rounded down.
        unit: the unit of the numbers; "seconds" for dates.
    """

    moments: "pd.Series[Any]"
    seconds: "pd.Series[int]"
    unit: str


def as_times(values: "pd.Series[Any]", place: str) -> Times:
    """Times from dates, or from numbers, whose unit is recognised by their size.

    Args:
        values: the column, indexed by row number.
        place: the file and its word for rows, for messages.

    Raises:
        DataError: a row is neither a number nor a date, both kinds occur, or two units occur.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        numbers, dates = pd.Series(np.nan, index=values.index), values
    else:
        numbers, dates = as_numbers(values), None
    usable = numbers.between(-MAX_NUMBER, MAX_NUMBER)
    if usable.all():
        unit = _unit_of(numbers, place)
        return Times(numbers, (numbers // UNITS[unit]).astype("int64"), unit)
    if dates is None:
        dates = pd.to_datetime(_as_text(values), errors="coerce", utc=True, format="ISO8601")
    unreadable = values[~usable & dates.isna()]
    if len(unreadable):
        found = unreadable.iloc[0]
        empty = " (empty, or the row has too few fields)" if not str(found).strip() else ""
        raise DataError(
            f"{place} {unreadable.index[0]}: timestamp {shown(found)}{empty} is neither a number "
            "nor an ISO 8601 date"
        )
    if usable.any():  # a number of few digits can also be read as a year
        row = values.index[usable][0]
        raise DataError(
            f"{place} {row}: timestamp {shown(values[row])} is a number; other rows hold dates"
        )
    return Times(dates, dates.dt.as_unit("s").astype("int64"), "seconds")


def as_numbers(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column as numbers, missing where a cell is not a number; whole numbers stay exact."""
    if values.dtype.kind in "iuf":
        return values.astype("float64") if values.dtype.kind == "f" else values
    return pd.to_numeric(_as_text(values), errors="coerce")


def _as_text(values: "pd.Series[Any]") -> "pd.Series[str]":
    # Bytes become their representation: their encoding is unknown.
    return values.map(str) if values.dtype == object else values.astype(str)


def _unit_of(numbers: "pd.Series[Any]", place: str) -> str:
    telling = numbers.abs()[numbers.abs() >= TELLING]
    if telling.empty:
        return "seconds"
    units = np.searchsorted(SMALLEST, telling, side="right") - 1
    names = list(UNITS)
    others = np.flatnonzero(units != units[0])
    if len(others):
        first, other = telling.index[0], telling.index[others[0]]
        raise DataError(
            f"{place} {other}: timestamp {numbers[other]} is in {names[units[others[0]]]}, "
            f"{numbers[first]} of row {first} in {names[units[0]]}"
        )
    return str(names[units[0]])
