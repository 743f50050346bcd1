"""Times: units of numbers, dates, stored values, order."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from raw_files import GOOD, sequences, table

from awrsr.data.prepare import prepare
from awrsr.data.times import UNITS, as_times
from awrsr.errors import DataError


@pytest.mark.parametrize(
    "times, seconds",
    [
        pytest.param(["20", "3", "-1"], [-1, 3, 20], id="whole-seconds"),
        pytest.param(["1.9", "1.5", "1.2"], [1, 1, 1], id="within-one-second"),
        pytest.param(
            ["1970-01-02", "1970-01-01T00:00:10", "1970-01-01 01:00:01+01:00"],
            [1, 10, 86400],
            id="dates",
        ),
        pytest.param(
            ["1970-01-01T00:00:00.3Z", "1970-01-01T00:00:00.2Z", "1970-01-01T00:00:00.1Z"],
            [0, 0, 0],
            id="dates-within-one-second",
        ),
        pytest.param(
            ["1500001060001", "1500001060000", "1500001000999"],
            [1500001000, 1500001060, 1500001060],
            id="milliseconds",
        ),
        pytest.param(
            ["1262304000000000003", "1262304000000000002", "1262304000000000001"],
            [1262304000] * 3,
            id="nanoseconds",
        ),
    ],
)
def test_timestamps_are_numbers_or_dates(tmp_path: Path, times: list[str], seconds: list[int]):
    rows = [(user, item, time) for user in "ab" for item, time in zip("zyx", times, strict=True)]
    dataset = prepare(**table(tmp_path, rows))
    assert sequences(dataset) == {"a": list("xyz"), "b": list("xyz")}
    assert dataset.flat_timestamps.tolist() == seconds * 2


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("kind", ["int64", "float64", "str", "object"])
def test_the_unit_of_a_number_follows_from_its_size(unit: str, kind: str):
    """From March 1973 to the year 2116, the limit of nanoseconds."""
    dates = pd.date_range("1973-03-05", "2116-01-01", periods=99).astype("datetime64[s]")
    seconds = dates.astype("int64")
    found = as_times(pd.Series(seconds * UNITS[unit]).astype(kind), "file, row")
    assert found.unit == unit
    assert found.seconds.tolist() == seconds.tolist()
    as_date = as_times(pd.Series(dates.astype(str)), "file, row")
    assert as_date.seconds.tolist() == seconds.tolist()
    assert as_date.unit == "seconds"


def test_the_unit_is_recorded(tmp_path: Path):
    for factor, unit in ((1, None), (10**3, "milliseconds"), (10**6, "microseconds")):
        rows = [(user, item, (1500000000 + time) * factor) for user, item, time in GOOD]
        assert prepare(**table(tmp_path, rows)).about["filters"].get("time_unit") == unit


def test_small_numbers_do_not_reveal_the_unit():
    """An unknown time is often 0 or -1; a counter has no unit."""
    assert as_times(pd.Series([0, -1, 5, 1500001060001]), "").unit == "milliseconds"
    assert as_times(pd.Series([0, -1, 5, 99_999]), "").unit == "seconds"


def test_times_are_rounded_down_to_seconds():
    found = as_times(pd.Series([-0.5, 0.5, 1.0]), "")
    assert found.seconds.tolist() == [-1, 0, 1]
    assert as_times(pd.Series([-1_500_000_000_500]), "").seconds.tolist() == [-1_500_000_001]


@pytest.mark.parametrize("kind", ["datetime64[ns]", "datetime64[us]", "datetime64[ms]"])
def test_dates_of_parquet_are_ordered_at_full_precision(tmp_path: Path, kind: str):
    step = {"n": 1, "u": 1000, "m": 10**6}[kind[11]]
    times = 1500000000_000000000 + step * np.array([2, 1, 0] * 2)
    frame = pd.DataFrame({"user": list("aaabbb"), "item": list("zyxzyx")})
    frame["timestamp"] = pd.Series(times.astype("datetime64[ns]")).astype(kind)
    frame.to_parquet(tmp_path / "raw.parquet")
    dataset = prepare(tmp_path / "raw.parquet", format="table", name="made", k_core=1)
    assert sequences(dataset) == {"a": list("xyz"), "b": list("xyz")}
    assert dataset.flat_timestamps.tolist() == [1500000000] * 6


NEITHER = "is neither a number nor an ISO 8601 date"


@pytest.mark.parametrize(
    "times, message",
    [
        (["0", "monday", "2"], f"row 1: timestamp 'monday' {NEITHER}"),
        (
            ["0", "", "2"],
            rf"row 1: timestamp '' \(empty, or the row has too few fields\) {NEITHER}",
        ),
        (["0", "inf", "2"], f"row 1: timestamp 'inf' {NEITHER}"),
        (["0", "1e300", "2"], f"row 1: timestamp '1e300' {NEITHER}"),
        ([True, False], f"row 0: timestamp 'True' {NEITHER}"),
        (["2001", "2001-05-06"], "row 0: timestamp '2001' is a number; other rows hold dates"),
        (["2001-05-06", "0"], "row 1: timestamp '0' is a number; other rows hold dates"),
        (
            [1500001000, 0, 1500001000000],
            "row 2: timestamp 1500001000000 is in milliseconds, 1500001000 of row 0 in seconds",
        ),
        (
            [1500001000000000, 1500001000000],
            "row 1: timestamp 1500001000000 is in milliseconds, 1500001000000000 of row 0 in micro",
        ),
    ],
    ids=str,
)
def test_times_that_are_refused(times: list, message: str):
    with pytest.raises(DataError, match=f"file, {message}"):
        as_times(pd.Series(times), "file, row")


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(pd.array([1, None, 3] * 2, dtype="Int64"), id="numbers"),
        pytest.param([1.0, float("nan"), 3.0] * 2, id="fractions"),
        pytest.param(pd.to_datetime(["2020-01-01", None, "2020-01-02"] * 2), id="dates"),
    ],
)
def test_a_missing_time_in_parquet_is_refused(tmp_path: Path, times):
    frame = pd.DataFrame({"user": list("aaabbb"), "item": list("xyzxyz"), "timestamp": times})
    frame.to_parquet(tmp_path / "raw.parquet")
    with pytest.raises(DataError, match=f"raw.parquet, data row 2: timestamp .* {NEITHER}"):
        prepare(tmp_path / "raw.parquet", format="table", name="made", k_core=1)
