"""The contract of all readers: the same interactions in every format become one dataset."""

import random
import shutil
from pathlib import Path

import pytest
from raw_files import sequences
from reader_sources import EXPECTED, ITEMS, SOURCES, TITLES, UNTIMED, UNTITLED
from test_odd_sources import spoilt

from awrsr.data.dataset_files import load_dataset, save_dataset
from awrsr.data.prepare import prepare
from awrsr.data.readers import READERS, recognise
from awrsr.errors import AwrsrError, ConfigError, DataError

ASKED = {"name": "made", "k_core": 1}
TIMES = 40
"""Damaged copies of every source."""


def format_of(kind: str) -> str:
    return kind if kind in READERS else kind.rpartition("_")[0]


def files_of(source: Path) -> list[Path]:
    return sorted((source if source.is_dir() else source.parent).iterdir())


def test_every_format_has_a_source():
    assert {format_of(kind) for kind in SOURCES} == set(READERS)


@pytest.fixture(params=SOURCES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_the_same_interactions_give_the_same_sequences(tmp_path: Path, kind: str):
    """The format is recognised, and the dataset can be saved and loaded."""
    source = SOURCES[kind](tmp_path)
    assert recognise(source) == format_of(kind)
    dataset = prepare(source, **ASKED)
    assert dataset.about["filters"]["format"] == format_of(kind)
    assert sequences(dataset) == EXPECTED
    assert (dataset.flat_timestamps is None) == (kind in UNTIMED)
    save_dataset(dataset, tmp_path / "saved")
    assert load_dataset(tmp_path / "saved").fingerprint == dataset.fingerprint
    insisted = prepare(source, format=format_of(kind), **ASKED)
    assert insisted.fingerprint == dataset.fingerprint


def test_titles_and_further_columns(tmp_path: Path, kind: str):
    items = prepare(SOURCES[kind](tmp_path), **ASKED).items
    assert list(items["item_id"]) == ITEMS
    if kind in UNTITLED:
        assert list(items["title"]) == [f"Item {item}" for item in ITEMS]
        return
    titles = [title.replace("|", "/") for title in TITLES] if "100k" in kind else TITLES
    assert list(items["title"]) == titles
    groups = items.columns[3]
    assert groups in ("genres", "category", "categories")
    assert items[groups].str.split("|").str[0].tolist() == ["Comedy", "Drama", "Drama", "Comedy"]


def test_ratings_if_a_format_has_them(tmp_path: Path, kind: str):
    source = SOURCES[kind](tmp_path)
    if "rating_column" in READERS[format_of(kind)].options():
        name = {"amazon_reviews": None}.get(kind, "rating")
        dataset = prepare(source, **ASKED, min_rating=3, rating_column=name)
        assert dataset.about["filters"]["min_rating_left"] == 12
        with pytest.raises(DataError, match="no rating of 6 or more; its ratings are 3 to 5"):
            prepare(source, **ASKED, min_rating=6)
    else:
        with pytest.raises(ConfigError, match="takes no rating_column and thus no min_rating"):
            prepare(source, format=format_of(kind), **ASKED, min_rating=3)


def test_one_titles_file_for_formats_without_titles(tmp_path: Path, kind: str):
    """Amazon's metadata can be the titles of every format with its ids."""
    (tmp_path / "amazon").mkdir()
    SOURCES["amazon_ratings"](tmp_path / "amazon")
    titles = tmp_path / "amazon" / "meta_Made.jsonl.gz"
    (tmp_path / "raw").mkdir()
    source = SOURCES[kind](tmp_path / "raw")
    if kind in UNTITLED:
        assert list(prepare(source, titles=titles, **ASKED).items["title"]) == TITLES
    else:
        with pytest.raises(DataError, match="has its own titles; leave titles out"):
            prepare(source, titles=titles, **ASKED)


def test_an_empty_file_is_refused_by_name(tmp_path: Path, kind: str):
    source = SOURCES[kind](tmp_path)
    for path in files_of(source):
        content = path.read_bytes()
        path.write_bytes(b"")
        with pytest.raises(DataError, match=path.name) as caught:
            prepare(source, format=format_of(kind), **ASKED)
        assert len(str(caught.value).splitlines()) == 1
        path.write_bytes(content)


def test_a_file_that_was_cut_or_is_not_text(tmp_path: Path, kind: str):
    source = SOURCES[kind](tmp_path)
    for path in files_of(source):
        content = path.read_bytes()
        if path.suffix in (".gz", ".parquet"):
            path.write_bytes(content[:40])
        elif path.name in ("u.item", "movies.dat"):
            continue  # in latin-1 every byte is text
        else:
            path.write_bytes(b"\xff\xfe\xfd" + content)
        with pytest.raises(DataError, match=path.name):
            prepare(source, format=format_of(kind), **ASKED)
        path.write_bytes(content)


def test_a_missing_source_is_refused_by_name(tmp_path: Path, kind: str):
    for asked in (None, format_of(kind)):
        with pytest.raises(DataError, match="nowhere"):
            prepare(tmp_path / "nowhere", format=asked, **ASKED)


@pytest.mark.few(4)
def test_damaged_files_end_in_a_dataset_or_a_refusal(tmp_path: Path, kind: str):
    datasets = 0
    for seed in range(TIMES):
        chance = random.Random(f"{kind} {seed}")
        folder = tmp_path / str(seed)
        folder.mkdir()
        source = SOURCES[kind](folder)
        path = chance.choice(files_of(source))
        content = path.read_bytes()
        if path.suffix in (".gz", ".parquet"):
            at = chance.randrange(len(content) - (200 if path.suffix == ".parquet" else 0))
            path.write_bytes(content[:at] + chance.randbytes(1) + content[at + 1 :])
        else:
            path.write_bytes(spoilt(content.decode("latin-1"), chance))
        try:
            dataset = prepare(source, format=format_of(kind), missing="drop", **ASKED)
            save_dataset(dataset, folder / "made")
            assert load_dataset(folder / "made").fingerprint == dataset.fingerprint
            datasets += 1
        except AwrsrError as error:
            assert len(str(error).splitlines()) == 1, seed
            assert len(str(error)) < 1000, seed
        except Exception as error:
            raise AssertionError(f"{kind} {seed}") from error
        shutil.rmtree(folder)
    assert 0 < datasets < TIMES
