"""From raw files to a dataset: equal for all formats; order, numbering, titles."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import EMBEDDED, SHARED_DATA
from raw_files import GOOD, TITLES, Rows, random_rows, sequences, table, write_csv

from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.prepare import prepare
from awrsr.errors import ConfigError, DataError


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
    """As exported by a database: ids as numbers, times as dates, an additional column."""
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


def test_ties_in_time_keep_the_order_of_the_file(tmp_path: Path):
    times = {"a": [5, 1, 5, 1, 5], "b": [7] * 5, "c": [5, 4, 3, 2, 1]}
    rows = [(user, item, times[user][n]) for n, item in enumerate("vwxyz") for user in times]
    assert sequences(prepare(**table(tmp_path, rows), ties="file")) == {
        "a": list("wyvxz"),
        "b": list("vwxyz"),
        "c": list("zyxwv"),
    }


def tied_rows() -> Rows:
    """Users a and b with four items at the same time, between items at other times."""
    times = {"p": 1, "q": 2, "v": 3, "w": 3, "x": 3, "y": 3, "z": 4}
    return [(user, item, time) for user in "ab" for item, time in times.items()]


def test_a_shuffle_of_ties_moves_nothing_else(tmp_path: Path):
    """Each row keeps its time; rows without ties keep their place."""
    generator = np.random.default_rng(0)
    rows = [(u, f"{n:02}", int(generator.integers(12))) for n in range(20) for u in "abcde"]
    in_file, shuffled, again, other = (
        prepare(**table(tmp_path, rows), **asked)
        for asked in ({"ties": "file"}, {}, {"seed": 0}, {"seed": 1})
    )
    assert shuffled.flat_timestamps.tolist() == in_file.flat_timestamps.tolist()
    assert shuffled.offsets.tolist() == in_file.offsets.tolist()
    users = np.repeat(np.arange(5), 20)
    groups: dict[tuple[int, int], list[int]] = {}
    for place, group in enumerate(zip(users, in_file.flat_timestamps, strict=True)):
        groups.setdefault(group, []).append(place)
    for places in groups.values():
        was, now = in_file.flat_items[places], shuffled.flat_items[places]
        assert sorted(was) == sorted(now)
    assert any(len(places) == 1 for places in groups.values())
    assert again.fingerprint == shuffled.fingerprint
    assert len({each.fingerprint for each in (in_file, shuffled, other)}) == 3
    time_of = {(user, int(item)): time for user, item, time in rows}
    for user in range(5):
        times = shuffled.flat_timestamps[shuffled.offsets[user] : shuffled.offsets[user + 1]]
        items = [int(shuffled.item_ids[item - 1]) for item in shuffled.sequence(user)]
        assert times.tolist() == [time_of["abcde"[user], item] for item in items]


@pytest.mark.slow
@pytest.mark.parametrize("order", ["as written", "reversed"])
def test_ties_are_shuffled_evenly_for_any_order_of_the_file(tmp_path: Path, order: str):
    """Over seeds, every tied item is equally often in every tied place, for each user, and the
    users' orders are independent: chi-square with 9 degrees of freedom, 0.999 quantile 27.9."""
    rows = tied_rows() if order == "as written" else tied_rows()[::-1]
    asked, seeds = table(tmp_path, rows), 200
    found = [sequences(prepare(**asked, seed=seed)) for seed in range(seeds)]
    for user in "ab":
        assert {("".join(each[user][:2]), each[user][6]) for each in found} == {("pq", "z")}
        places = np.array([["vwxy".index(item) for item in each[user][2:6]] for each in found])
        counts = np.array([[(places[:, at] == item).sum() for item in range(4)] for at in range(4)])
        assert ((counts - seeds / 4) ** 2 / (seeds / 4)).sum() < 27.9
    alike = np.mean([each["a"] == each["b"] for each in found])
    assert alike < 0.1  # 1/24 if independent


def test_a_source_without_times_keeps_its_order_and_takes_no_seed(tmp_path: Path):
    (tmp_path / "raw.txt").write_text("a z x v y w\nb z x v y w\n")
    arguments = {"source": tmp_path / "raw.txt", "format": "s3rec", "name": "made", "k_core": 1}
    dataset = prepare(**arguments)
    assert sequences(dataset) == {"a": list("zxvyw"), "b": list("zxvyw")}
    assert dataset.about["filters"] == {"k_core": 1, "format": "s3rec", "order": "file order"}
    with pytest.raises(ConfigError, match="raw.txt has no times; leave it out; received 2"):
        prepare(**arguments, seed=2)


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
        "filters": {"k_core": 5, "format": "table", "order": "time, ties shuffled, seed 0"},
    }


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
        ([("q", "Q")], "no title belongs to an item of .*; ids in the titles are like 'q'"),
        ([("x", "X"), ("x", "Y")], "item 'x' has two different desc"),
    ):
        write_csv(titles, ["item", "title"], rows)
        with pytest.raises(DataError, match=f"titles.csv: {message}"):
            prepare(**arguments, titles=titles)
    movielens = as_movielens(tmp_path, random_rows(0))
    with pytest.raises(DataError, match="format 'movielens' has its own titles"):
        prepare(**movielens, name="made", titles=titles)


def test_settings_that_are_refused(tmp_path: Path):
    arguments = table(tmp_path, GOOD)
    with pytest.raises(ConfigError, match="k_core must be a whole number, 1 or more; received 0"):
        prepare(**{**arguments, "k_core": 0})
    left = "no interaction of .* is left after the 4-core; read: 6 interactions of 2 users with"
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
