"""Filters of interactions: the core, copies, ratings, and their summary."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from raw_files import GOOD, random_rows, sequences, table, write_csv

from awrsr.data.filters import NOTES, filter_k_core, notes
from awrsr.data.prepare import prepare
from awrsr.errors import ConfigError, DataError

COLUMNS = ["user_id", "item_id", "moment"]


def as_frame(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS[: len(rows[0])])


def as_rows(frame: pd.DataFrame) -> list[tuple]:
    return list(frame.itertuples(index=False, name=None))


def slow_core(rows: list[tuple], min_user: int, min_item: int) -> list[tuple]:
    """Reference: remove one offending row at a time, until there is none; equal rows count once."""
    rows = list(rows)
    while True:
        for row in rows:
            counts = [len({r for r in rows if r[side] == row[side]}) for side in (0, 1)]
            if counts[0] < min_user or counts[1] < min_item:
                rows.remove(row)
                break
        else:
            return rows


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "minimums", [(1, 1), (2, 2), (4, 4), (6, 6), (1, 5), (5, 1), (3, 4), (7, 2)], ids=str
)
def test_the_core_against_a_loop(seed: int, minimums: tuple[int, int]):
    rows = random_rows(seed, n_users=6, items=tuple("abcdefgh"))
    copied = [*rows, *rows[::2], *rows[::3]]
    for given in (rows, copied):
        kept = filter_k_core(as_frame(given), *minimums)
        assert sorted(as_rows(kept)) == sorted(slow_core(given, *minimums))
        assert kept.index.is_monotonic_increasing
        pd.testing.assert_frame_equal(filter_k_core(kept, *minimums), kept)


def test_without_times_every_row_counts_in_the_core():
    rows = [("a", "x"), ("a", "x"), ("b", "x")]
    assert as_rows(filter_k_core(as_frame(rows), 2, 2)) == rows[:2]


def test_the_core_is_found_through_a_chain_of_removals():
    """Dropping item z leaves user c short, which leaves item y short, which leaves b short."""
    rows = [tuple(pair) for pair in ("aw", "ax", "dw", "dx", "bx", "by", "cy", "cz")]
    assert as_rows(filter_k_core(as_frame(rows), 2, 2)) == rows[:4]


@pytest.mark.parametrize(
    "asked, minimums",
    [
        ({"k_core": 4}, (4, 4)),
        ({"k_core": 4, "min_user": 6}, (6, 4)),
        ({"k_core": 4, "min_item": 1}, (4, 1)),
        ({"k_core": 9, "min_user": 5, "min_item": 3}, (5, 3)),
        ({"min_item": 1}, (5, 1)),
    ],
    ids=str,
)
def test_users_and_items_have_floors_of_their_own(tmp_path: Path, asked: dict, minimums: tuple):
    rows = random_rows(1)
    dataset = prepare(**{**table(tmp_path, rows), "k_core": 5, **asked})
    kept = sorted(row[:2] for row in slow_core(rows, *minimums))
    assert sorted((u, i) for u, items in sequences(dataset).items() for i in items) == kept
    assert dataset.about["filters"].items() >= asked.items()


# --- copies -------------------------------------------------------------------------------------


def test_rows_that_repeat_user_item_and_time_are_dropped_and_counted(tmp_path: Path):
    rows = random_rows(2)
    once = prepare(**table(tmp_path, rows))
    twice = prepare(**table(tmp_path, [row for row in rows for _ in range(2)]))
    assert twice.fingerprint == once.fingerprint
    assert twice.about["filters"]["repeats_dropped"] == len(rows)
    assert "repeats_dropped" not in once.about["filters"]
    kept = prepare(**table(tmp_path, rows + rows), repeats="keep")
    assert kept.n_interactions == 2 * once.n_interactions
    assert kept.about["filters"]["repeats_kept"] == len(rows)


def test_repeats_at_other_times_stay(tmp_path: Path):
    rows = [(user, item, 10 * n) for n, item in enumerate("xxyxy") for user in "ab"]
    dataset = prepare(**table(tmp_path, rows))
    assert sequences(dataset) == {"a": list("xxyxy"), "b": list("xxyxy")}
    assert dataset.about["filters"].keys() == {"k_core", "format", "order"}


def test_two_events_within_a_second_are_not_copies(tmp_path: Path):
    times = ["1500000000001", "1500000000002", "1500000000003"]
    rows = [(user, "x", time) for user in "ab" for time in times]
    dataset = prepare(**table(tmp_path, rows))
    assert dataset.n_interactions == 6
    assert dataset.flat_timestamps.tolist() == [1500000000] * 6
    rows = [(user, "x", 1500000000_000000000 + n) for user in "ab" for n in range(3)]
    filters = prepare(**table(tmp_path, rows)).about["filters"]
    assert not {"ties", "repeats_dropped"} & filters.keys()


@pytest.mark.parametrize("repeats", ["drop", "keep"])
def test_copies_bring_no_user_into_the_core(tmp_path: Path, repeats: str):
    rows = [(user, item, n) for n, item in enumerate("uvxyz") for user in "abcde"]
    copied = [("f", "u", 3)] * 5
    dataset = prepare(**{**table(tmp_path, rows + copied), "k_core": 5}, repeats=repeats)
    assert dataset.user_ids == list("abcde")


def test_without_times_copies_stay_and_repeats_in_a_row_are_counted(tmp_path: Path):
    (tmp_path / "raw.txt").write_text("a x x y y y\nb x y x y\na y z\n")
    dataset = prepare(tmp_path / "raw.txt", format="s3rec", name="made", k_core=1)
    assert sequences(dataset) == {"a": list("xxyyyyz"), "b": list("xyxy")}
    assert dataset.about["filters"]["repeats_in_a_row"] == 4


def test_ties_in_time_are_counted(tmp_path: Path):
    generator = np.random.default_rng(0)
    rows = [(u, f"{n}", int(generator.integers(4))) for n in range(9) for u in "abc"]
    dataset = prepare(**table(tmp_path, rows))
    times = dataset.flat_timestamps.tolist()
    pairs = [
        (times[at], times[at + 1])
        for start, end in zip(dataset.offsets, dataset.offsets[1:], strict=False)
        for at in range(start, end - 1)
    ]
    assert dataset.about["filters"]["ties"] == sum(a == b for a, b in pairs) > 0


# --- ratings ------------------------------------------------------------------------------------


def rated(seed: int) -> list[tuple]:
    generator = np.random.default_rng(seed)
    return [(*row, generator.integers(1, 11) / 2) for row in random_rows(seed, n_users=12)]


@pytest.mark.parametrize("column", ["rating", "stars"])
@pytest.mark.parametrize("minimum", [0.5, 3, 3.5])
def test_interactions_of_a_low_rating_do_not_count(tmp_path: Path, column: str, minimum: float):
    rows = rated(0)
    arguments = table(tmp_path, rows, f"user item timestamp {column}")
    named = {} if column == "rating" else {"rating_column": column}
    dataset = prepare(**{**arguments, "k_core": 3}, min_rating=minimum, **named)
    enough = [row[:3] for row in rows if row[3] >= minimum]
    kept = sorted(row[:2] for row in slow_core(enough, 3, 3))
    assert sorted((u, i) for u, items in sequences(dataset).items() for i in items) == kept
    filters = dataset.about["filters"]
    assert (filters["min_rating"], filters["min_rating_left"]) == (minimum, len(enough))


def test_a_copy_of_another_rating_is_a_copy(tmp_path: Path):
    rows = [(*row, rating) for row in GOOD for rating in (1, 5)]
    arguments = table(tmp_path, rows, "user item timestamp rating")
    assert prepare(**arguments).about["filters"]["repeats_dropped"] == 6
    filters = prepare(**arguments, min_rating=4).about["filters"]
    assert filters["min_rating_left"] == 6 and "repeats_dropped" not in filters


@pytest.mark.parametrize(
    "cell, asked, error, message",
    [
        ("good", {"min_rating": 4}, DataError, "raw.csv, data row 7: rating 'good' is not a numb"),
        ("", {"min_rating": 4}, DataError, "raw.csv, data row 7: rating '' is not a number"),
        (4, {"min_rating": 9}, DataError, "no rating of 9 or more; its ratings are 4 to 5"),
        (4, {"min_rating": float("nan")}, ConfigError, "min_rating must be a number; received nan"),
        (4, {"rating_column": "rating"}, ConfigError, "rating_column is the column for min_rating"),
        (4, {"min_rating": 1, "rating_column": "stars"}, DataError, "missing column 'stars'"),
    ],
    ids=str,
)
def test_ratings_that_are_refused(tmp_path: Path, cell, asked: dict, error, message: str):
    rows = [*((*row, 5) for row in GOOD), ("a", "z", 9, cell)]
    with pytest.raises(error, match=message):
        prepare(**table(tmp_path, rows, "user item timestamp rating"), **asked)


def test_ratings_without_a_minimum_are_not_read(tmp_path: Path):
    rows = [(*row, "good") for row in GOOD]
    assert prepare(**table(tmp_path, rows, "user item timestamp rating")).n_interactions == 6


# --- summaries ----------------------------------------------------------------------------------


def test_every_count_has_words(tmp_path: Path):
    rows = [(user, item, 1500000000000 + n // 2) for n, item in enumerate("xyz") for user in "ab"]
    rows = [(*row, 5) for row in [*rows, rows[0], (None, "x", 1)]] + [("a", "x", 1, 1)]
    titles = write_csv(tmp_path / "t.csv", ["item", "title"], [("x", "X"), ("", "Nothing")])
    arguments = table(tmp_path, rows, "user item timestamp rating")
    arguments |= {"missing": "drop", "min_rating": 4, "titles": titles}
    said: dict[str, str] = {}
    for repeats in ("drop", "keep"):
        said |= notes(prepare(**arguments, repeats=repeats).about["filters"])
    (tmp_path / "raw.txt").write_text("a x x y\nb x y z")
    said |= notes(
        prepare(tmp_path / "raw.txt", format="s3rec", name="m", k_core=1).about["filters"]
    )
    assert set(said) == {name for name, _ in NOTES.values()}
    assert said["missing dropped"].startswith("1 (")
    assert said["rated"] == "7 with 4 or more"
    assert said["time unit"] == "milliseconds, stored as whole seconds"
    assert said["repeats in a row"].startswith("1 (")
    assert not any("{" in words for words in said.values())
    assert notes({}) == {}


@pytest.mark.parametrize(
    "asked, error, message",
    [
        ({"k_core": 0}, ConfigError, "k_core must be a whole number, 1 or more; received 0"),
        ({"min_user": 0}, ConfigError, "min_user must be a whole number, 1 or more; received 0"),
        ({"min_item": -1}, ConfigError, "min_item must be a whole number, 1 or more; received -1"),
        ({"repeats": "none"}, ConfigError, "unknown repeats 'none'; accepted: drop, keep"),
        ({"missing": "keep"}, ConfigError, "unknown missing 'keep'; accepted: refuse, drop"),
        ({"ties": "item"}, ConfigError, "unknown ties 'item'; accepted: shuffle, file"),
        ({"seed": -1}, ConfigError, "seed must be a whole number, 0 to .*; received -1"),
        ({"seed": 0.5}, ConfigError, "seed must be a whole number, 0 to .*; received 0.5"),
        ({"ties": "file", "seed": 1}, ConfigError, "ties 'file' shuffles nothing; leave it out"),
        (
            {"k_core": 4},
            DataError,
            "no interaction of .* is left after the 4-core; read: 6 interactions of 2 users",
        ),
        (
            {"min_item": 9},
            DataError,
            "after the filters min_user 1 and min_item 9; read: 6 interactions of 2 users",
        ),
    ],
    ids=str,
)
def test_filters_that_are_refused(tmp_path: Path, asked: dict, error, message: str):
    with pytest.raises(error, match=message):
        prepare(**{**table(tmp_path, GOOD), **asked})
