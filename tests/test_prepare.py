"""Raw files to a dataset: every reader, the filter, the order, the numbering."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import EMBEDDED, SHARED_DATA

from awrsr.dataset import load_dataset, save_dataset
from awrsr.errors import ConfigError, DataError
from awrsr.prepare import filter_k_core, prepare

Rows = list[tuple[str, str, int]]

TITLES = {
    "1": "Postman, The (1994)",
    "2": 'The "Great" One',
    "9": "Amélie, 千と千尋",
    "10": "<b>Bold</b> & <script>alert(1)</script>",
    "100": "NA",
}


def random_rows(seed: int, n_users: int = 8, items: tuple[str, ...] = tuple(TITLES)) -> Rows:
    """Every user sees 4 to 9 items, in shuffled order of file, no two at the same time."""
    generator = np.random.default_rng(seed)
    rows = [
        (str(user), str(generator.choice(items)), 0)
        for user in range(1, n_users + 1)
        for _ in range(generator.integers(4, 10))
    ]
    times = generator.permutation(len(rows))
    return [
        (user, item, 1000 + int(time)) for (user, item, _), time in zip(rows, times, strict=True)
    ]


def write_csv(path: Path, header: list[str], rows: list[tuple]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def as_movielens(directory: Path, rows: Rows) -> dict:
    source = directory / "raw"
    source.mkdir()
    ratings = [(user, item, 3.5, time) for user, item, time in rows]
    movies = [(item, title, "Drama|War") for item, title in TITLES.items()]
    write_csv(source / "ratings.csv", ["userId", "movieId", "rating", "timestamp"], ratings)
    write_csv(source / "movies.csv", ["movieId", "title", "genres"], movies)
    return {"source": source, "format": "movielens"}


def as_s3rec(directory: Path, rows: Rows) -> dict:
    lines: dict[str, list[str]] = {}
    for user, item, _ in sorted(rows, key=lambda row: row[2]):
        lines.setdefault(user, [user]).append(item)
    (directory / "raw.txt").write_text("\n".join(" ".join(line) for line in lines.values()))
    return {"source": directory / "raw.txt", "format": "s3rec", "titles": titles_file(directory)}


def as_csv(directory: Path, rows: Rows) -> dict:
    source = write_csv(directory / "raw.csv", ["user", "item", "timestamp"], rows)
    return {"source": source, "format": "table", "titles": titles_file(directory)}


def as_parquet(directory: Path, rows: Rows) -> dict:
    """As a database would export it: ids as numbers, times as dates, a column too many."""
    frame = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    frame = frame.astype({"user": int, "item": int}).assign(rating=5)
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="s")
    frame.to_parquet(directory / "raw.parquet")
    return {
        "source": directory / "raw.parquet",
        "format": "table",
        "titles": titles_file(directory),
    }


def titles_file(directory: Path) -> Path:
    rows = [(title, item, len(title)) for item, title in TITLES.items()]
    return write_csv(directory / "titles.csv", ["title", "item", "letters"], rows)


def table(directory: Path, rows: list[tuple], header: str = "user item timestamp") -> dict:
    return {
        "source": write_csv(directory / "raw.csv", header.split(), rows),
        "format": "table",
        "name": "made",
        "k_core": 1,
    }


def sequences(dataset) -> dict[str, list[str]]:
    """Item ids by user id."""
    return {
        user: [dataset.item_ids[item - 1] for item in dataset.sequence(index)]
        for index, user in enumerate(dataset.user_ids)
    }


@pytest.mark.parametrize("write", [as_movielens, as_s3rec, as_csv, as_parquet])
def test_every_format_gives_the_same_dataset(tmp_path: Path, write: Callable[..., dict]):
    rows = random_rows(0)
    dataset = prepare(**write(tmp_path, rows), name="made", k_core=1)
    by_time = sorted(rows, key=lambda row: row[2])
    assert sequences(dataset) == {
        user: [item for other, item, _ in by_time if other == user] for user, _, _ in rows
    }
    assert dataset.item_ids == ["1", "2", "9", "10", "100"]
    assert dataset.user_ids == [str(user) for user in range(1, 9)]
    assert dataset.items["title"].tolist() == list(TITLES.values())
    if write is as_s3rec:
        assert dataset.flat_timestamps is None
    else:
        in_order = sorted(rows, key=lambda row: (int(row[0]), row[2]))
        assert dataset.flat_timestamps.tolist() == [time for _, _, time in in_order]
    further = (
        {"genres": ["Drama|War"] * 5} if write is as_movielens else {"letters": [19, 15, 12, 39, 2]}
    )
    for name, values in further.items():
        assert dataset.items[name].tolist() == values
    assert dataset.about["filters"]["k_core"] == 1

    save_dataset(dataset, tmp_path / "made")
    loaded = load_dataset(tmp_path / "made")
    assert loaded.fingerprint == dataset.fingerprint
    assert loaded.encode(TITLES.values()) == [1, 2, 3, 4, 5]


def slow_core(rows: list[tuple[str, str]], k: int) -> list[tuple[str, str]]:
    """Take away one offending row at a time, until there is none."""
    rows = list(rows)
    while True:
        for row in rows:
            counts = [sum(row[side] == other[side] for other in rows) for side in (0, 1)]
            if min(counts) < k:
                rows.remove(row)
                break
        else:
            return rows


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 2, 3, 4, 6])
def test_k_core_against_a_loop(seed: int, k: int):
    rows = [row[:2] for row in random_rows(seed, n_users=6, items=tuple("abcdefgh"))]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id"])
    kept = filter_k_core(frame, k)
    assert sorted(kept.itertuples(index=False, name=None)) == sorted(slow_core(rows, k))
    assert kept.index.is_monotonic_increasing
    pd.testing.assert_frame_equal(filter_k_core(kept, k), kept)


def test_the_core_is_found_through_a_chain_of_removals():
    """Dropping item z leaves user c short, which leaves item y short, which leaves b short."""
    rows = [
        ("a", "w"),
        ("a", "x"),
        ("d", "w"),
        ("d", "x"),
        ("b", "x"),
        ("b", "y"),
        ("c", "y"),
        ("c", "z"),
    ]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id"])
    assert list(filter_k_core(frame, 2).itertuples(index=False, name=None)) == rows[:4]


def test_the_core_is_in_the_dataset(tmp_path: Path):
    rows = random_rows(1)
    kept = slow_core([row[:2] for row in rows], 4)
    dataset = prepare(**as_csv(tmp_path, rows), name="made", k_core=4)
    assert sorted((u, i) for u, items in sequences(dataset).items() for i in items) == sorted(kept)


def test_ties_in_time_keep_the_order_of_the_file(tmp_path: Path):
    times = {"a": [5, 1, 5, 1, 5], "b": [7] * 5, "c": [5, 4, 3, 2, 1]}
    rows = [(user, item, times[user][n]) for n, item in enumerate("vwxyz") for user in times]
    assert sequences(prepare(**table(tmp_path, rows))) == {
        "a": list("wyvxz"),
        "b": list("vwxyz"),
        "c": list("zyxwv"),
    }


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
            ["1262304000000000003", "1262304000000000002", "1262304000000000001"],
            [1262304000000000001, 1262304000000000002, 1262304000000000003],
            id="nanoseconds",
        ),
    ],
)
def test_timestamps_are_numbers_or_dates(tmp_path: Path, times: list[str], seconds: list[int]):
    rows = [(user, item, time) for user in "ab" for item, time in zip("zyx", times, strict=True)]
    dataset = prepare(**table(tmp_path, rows))
    assert sequences(dataset) == {"a": list("xyz"), "b": list("xyz")}
    assert dataset.flat_timestamps.tolist() == seconds * 2


@pytest.mark.parametrize(
    "ids, ordered",
    [
        pytest.param(["10", "9", "100"], ["9", "10", "100"], id="whole-numbers"),
        pytest.param(["10", "9", "x1"], ["10", "9", "x1"], id="one-is-text"),
        pytest.param(["1.5", "10", "9"], ["1.5", "10", "9"], id="one-is-a-fraction"),
        pytest.param(["07", "7", "6"], ["6", "07", "7"], id="leading-zero-stays"),
        pytest.param(["²", "10", "9"], ["10", "9", "²"], id="superscript-is-text"),
        pytest.param(["B", "a", "é"], ["B", "a", "é"], id="text"),
    ],
)
def test_items_are_numbered_by_id(tmp_path: Path, ids: list[str], ordered: list[str]):
    rows = [(user, item, n) for n, item in enumerate(ids) for user in ids]
    dataset = prepare(**table(tmp_path, rows))
    assert dataset.item_ids == dataset.user_ids == ordered
    assert dataset.items["item"].tolist() == [1, 2, 3]
    assert sequences(dataset) == {user: ids for user in ids}


def test_items_without_a_title_are_named_by_id(tmp_path: Path):
    rows = [(user, item, n) for n, item in enumerate("xyz") for user in "ab"]
    assert prepare(**table(tmp_path, rows)).titles([1, 2, 3]) == ["Item x", "Item y", "Item z"]
    titles = write_csv(tmp_path / "t.csv", ["item", "title"], [("y", "Why"), ("other", "Other")])
    dataset = prepare(**table(tmp_path, rows), titles=titles)
    assert dataset.titles([1, 2, 3]) == ["Item x", "Why", "Item z"]


def test_about_is_kept_beside_the_filters(tmp_path: Path):
    dataset = prepare(**as_csv(tmp_path, random_rows(0)), name="made", about={"licence": "mine"})
    assert dataset.about == {
        "licence": "mine",
        "filters": {"k_core": 5, "format": "table", "order": "time, ties by file order"},
    }


GOOD = [(user, item, n) for n, item in enumerate("xyz") for user in "ab"]


def with_time(value: str) -> list[tuple]:
    """The good rows, the third one at this time."""
    return [(user, item, value if n == 2 else time) for n, (user, item, time) in enumerate(GOOD)]


NO_TIME = "is neither a number of seconds nor an ISO 8601 date"
REFUSED = {
    "no-column": (
        GOOD,
        "user item time",
        "missing column 'timestamp'; it has 'user', 'item', 'time'",
    ),
    "years-and-a-date": (
        [*with_time("2001-05-06")[:3], *(("b", item, 2001) for item in "xyz")],
        None,
        "timestamps are numbers in some rows and dates in others",
    ),
    "semicolons": (
        [],
        "user;item;timestamp",
        "Values must be separated by commas; these seem to be by ';'",
    ),
    "word-as-time": (with_time("monday"), None, f"data row 3: timestamp 'monday' {NO_TIME}"),
    "empty-time": (with_time(""), None, f"data row 3: timestamp '' {NO_TIME}"),
    "infinite-time": (with_time("inf"), None, f"data row 3: timestamp 'inf' {NO_TIME}"),
    "time-beyond-64-bits": (
        with_time("1e300"),
        None,
        f"data row 3: timestamp '1e\\+300' {NO_TIME}",
    ),
    "dates-and-numbers": (
        [
            (user, item, f"2020-01-0{time + 1}" if user == "a" else time)
            for user, item, time in GOOD
        ],
        None,
        "timestamps are numbers in some rows and dates in others",
    ),
    "empty-user": ([*GOOD, (" ", "x", 9)], None, "data row 7: 'user' is empty"),
    "empty-item": ([*GOOD, ("a", "", 9)], None, "data row 7: 'item' is empty"),
    "short-row": ([*GOOD, ("a",)], None, "data row 7: 'item' is empty"),
    "values-too-many": (
        [(*row, 1) for row in GOOD],
        None,
        "rows hold more values than its header has columns; a value with a comma needs quotes",
    ),
    "one-row-too-long": ([*GOOD, ("a", "x", 9, 9)], None, "is not a readable csv or parquet file"),
    "header-alone": ([], None, "raw.csv holds no interactions"),
    "one-user": (GOOD[::2], None, "leaves 1 user after filtering; 2 or more are needed"),
    "single": ([*GOOD, ("c", "x", 9)], None, "a user has 1 interaction; leave-one-out needs 3"),
    "short-user": (GOOD[:-1], None, "a user has 2 interactions; leave-one-out needs 3 or more"),
}


@pytest.mark.parametrize("rows, header, message", REFUSED.values(), ids=REFUSED)
def test_a_table_that_is_refused(tmp_path: Path, rows: list[tuple], header, message: str):
    arguments = table(tmp_path, rows, header or "user item timestamp")
    with pytest.raises(DataError, match=message) as caught:
        prepare(**arguments)
    assert str(tmp_path / "raw.csv") in str(caught.value)


@pytest.mark.parametrize(
    "content, message",
    [
        pytest.param(None, "raw.csv does not exist", id="missing"),
        pytest.param(b"", "raw.csv is empty; expected columns user, item, timestamp", id="empty"),
        pytest.param(b"\xff\xfe\x00", "raw.csv is not a readable csv", id="not-text"),
    ],
)
def test_a_file_that_is_no_table(tmp_path: Path, content: bytes | None, message: str):
    if content is not None:
        (tmp_path / "raw.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        prepare(tmp_path / "raw.csv", format="table", name="made")


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
    with pytest.raises(
        DataError, match="raw.parquet, data row 2: timestamp .* is neither a number"
    ):
        prepare(tmp_path / "raw.parquet", format="table", name="made", k_core=1)


def test_ids_of_parquet_that_are_whole_floats_are_whole_numbers(tmp_path: Path):
    rows = pd.DataFrame(random_rows(0), columns=["user", "item", "timestamp"])
    rows["item"] = rows["item"].astype(float)
    rows.to_parquet(tmp_path / "raw.parquet")
    found = prepare(tmp_path / "raw.parquet", format="table", name="made", k_core=1)
    assert found.item_ids == sorted(set(TITLES) & set(found.item_ids), key=int)


@pytest.mark.parametrize(("cell", "kind"), [(b"\xff", "bytes"), ([1], "ndarray")])
def test_ids_of_parquet_that_are_no_text_are_refused(tmp_path: Path, cell, kind: str):
    rows = pd.DataFrame({"user": ["a", "b"], "item": [cell, cell], "timestamp": [1, 2]})
    rows.to_parquet(tmp_path / "raw.parquet")
    with pytest.raises(DataError, match=f"column 'item' holds {kind}; expected text"):
        prepare(tmp_path / "raw.parquet", format="table", name="made")


def test_ids_are_read_without_the_spaces_and_marks_around_them(tmp_path: Path):
    plain, marked = tmp_path / "plain.txt", tmp_path / "marked.txt"
    plain.write_text("1 a b c\n2 a b c\n", encoding="utf-8")
    marked.write_text("1 a b c\n2 a b c\n", encoding="utf-8-sig")
    first, second = (
        prepare(path, format="s3rec", name="made", k_core=1) for path in (plain, marked)
    )
    assert first.fingerprint == second.fingerprint
    spaced = [(f" {user}", f"{item} ", time) for user, item, time in GOOD]
    found = prepare(**table(tmp_path, spaced))
    assert found.item_ids == ["x", "y", "z"]


def test_a_file_that_is_no_parquet(tmp_path: Path):
    (tmp_path / "raw.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="raw.parquet is not a readable csv or parquet file"):
        prepare(tmp_path / "raw.parquet", format="table", name="made")


@pytest.mark.parametrize(
    "content, message",
    [
        pytest.param(b"", "holds no interactions", id="empty"),
        pytest.param(
            b"1 2 3\n\n2\n", "line 3: expected 'user item item ...', received '2'", id="user"
        ),
        pytest.param(b"1 \xff", "is not a readable text file", id="not-text"),
        pytest.param(None, "is not a readable text file", id="missing"),
    ],
)
def test_s3rec_files_that_are_refused(tmp_path: Path, content: bytes | None, message: str):
    if content is not None:
        (tmp_path / "raw.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        prepare(tmp_path / "raw.txt", format="s3rec", name="made")


def test_movielens_needs_its_two_files(tmp_path: Path):
    source = as_movielens(tmp_path, random_rows(0))["source"]
    with pytest.raises(DataError, match="ratings.csv is not a directory; movielens needs one with"):
        prepare(source / "ratings.csv", format="movielens", name="made")
    (source / "movies.csv").unlink()
    with pytest.raises(DataError, match="movies.csv does not exist"):
        prepare(source, format="movielens", name="made")


def test_titles_files_that_are_refused(tmp_path: Path):
    arguments = table(tmp_path, GOOD)
    titles = tmp_path / "titles.csv"
    for header, message in (
        (["item", "name"], "missing column 'title'; it has 'item', 'name'"),
        (["item", "title", "item_id"], "a further column cannot be called 'item_id'; rename it"),
    ):
        write_csv(titles, header, [("x", "X", "1")[: len(header)]])
        with pytest.raises(DataError, match=f"titles.csv: {message}"):
            prepare(**arguments, titles=titles)
    for rows, message in (
        ([("q", "Q")], "no title is of an item of .*; its ids are like 'q', theirs like 'x'"),
        ([("x", "X"), ("x", "Y")], "item 'x' is described twice"),
    ):
        write_csv(titles, ["item", "title"], rows)
        with pytest.raises(DataError, match=f"titles.csv: {message}"):
            prepare(**arguments, titles=titles)
    movielens = as_movielens(tmp_path, random_rows(0))
    with pytest.raises(DataError, match="format 'movielens' brings its own titles"):
        prepare(**movielens, name="made", titles=titles)


def test_settings_that_are_refused(tmp_path: Path):
    arguments = table(tmp_path, GOOD)
    with pytest.raises(DataError, match="k_core must be 1 or more; received 0"):
        prepare(**{**arguments, "k_core": 0})
    left = "nothing is left of .* after the 4-core; read: 6 interactions of 2 users with 3 items"
    with pytest.raises(DataError, match=left):
        prepare(**{**arguments, "k_core": 4})
    with pytest.raises(
        ConfigError, match="unknown format 'tables'; accepted: .* Did you mean 'table'"
    ):
        prepare(**{**arguments, "format": "tables"})


def test_the_embedded_dataset_is_what_its_source_gives():
    source = SHARED_DATA / "ml-latest-small"
    if not source.is_dir():
        pytest.skip(f"needs the raw MovieLens files in {source}")
    embedded = load_dataset(EMBEDDED)
    prepared = prepare(source, format="movielens", name="again")
    assert prepared.fingerprint == embedded.fingerprint
    assert prepared.flat_timestamps.tolist() == embedded.flat_timestamps.tolist()
    assert prepared.about["filters"] == embedded.about["filters"]
    pd.testing.assert_frame_equal(prepared.items, embedded.items)
