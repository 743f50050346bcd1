"""A dataset directory: what is written is read, and nothing else is."""

import dataclasses
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import SHARED_DATA, make_dataset

from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import FILES, load_dataset, save_dataset
from awrsr.data.prepare import prepare
from awrsr.data.titles import MAX_SOUGHT
from awrsr.errors import DataError, counted


def titled(*titles: str, item_ids: list[str] | None = None) -> Dataset:
    """Two users who saw a catalogue of these titles in order."""
    n = len(titles)
    ids = item_ids or [str(100 + item) for item in range(1, n + 1)]
    items = pd.DataFrame({"item": range(1, n + 1), "item_id": ids, "title": titles})
    return Dataset(
        name="films",
        about={"licence": "none", "filters": {"k_core": 1}},
        items=items,
        user_ids=["anna", "bo"],
        offsets=np.array([0, n, 2 * n]),
        flat_items=np.tile(np.arange(1, n + 1, dtype=np.int32), 2),
        flat_timestamps=None,
    )


@pytest.mark.parametrize("timed", [True, False], ids=["timestamps", "no-timestamps"])
def test_what_is_saved_is_loaded(tmp_path: Path, tiny_dataset: Dataset, timed: bool):
    dataset = dataclasses.replace(
        tiny_dataset, items=tiny_dataset.items.assign(genres=["Drama|<b>"] * tiny_dataset.n_items)
    )
    if not timed:
        dataset = dataclasses.replace(dataset, flat_timestamps=None)
    save_dataset(dataset, tmp_path / "made")
    loaded = load_dataset(tmp_path / "made")
    assert loaded.fingerprint == dataset.fingerprint
    assert (loaded.name, loaded.about, loaded.user_ids) == ("tiny", dataset.about, dataset.user_ids)
    assert loaded.directory == tmp_path / "made"
    pd.testing.assert_frame_equal(loaded.items, dataset.items)
    for name in ("offsets", "flat_items", "flat_timestamps"):
        was, now = getattr(dataset, name), getattr(loaded, name)
        assert (was is None and now is None) or (
            now.dtype == was.dtype and now.tolist() == was.tolist()
        )
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == sorted(FILES)


def test_saving_twice_gives_the_same_directory(tmp_path: Path, tiny_dataset: Dataset):
    save_dataset(tiny_dataset, tmp_path / "first")
    save_dataset(load_dataset(tmp_path / "first"), tmp_path / "second")
    about = [json.loads((tmp_path / d / "dataset.json").read_text()) for d in ("first", "second")]
    assert about[0] == about[1]
    assert about[0]["counts"] == {
        "users": 12,
        "items": 11,
        "interactions": len(tiny_dataset.flat_items),
    }


def test_an_existing_directory_is_not_overwritten(tiny_directory: Path, tiny_dataset: Dataset):
    before = {path.name: path.read_bytes() for path in tiny_directory.iterdir()}
    with pytest.raises(DataError, match="already exists and is not empty"):
        save_dataset(tiny_dataset, tiny_directory)
    assert before == {path.name: path.read_bytes() for path in tiny_directory.iterdir()}


def test_about_cannot_say_what_is_recorded(tmp_path: Path, tiny_dataset: Dataset):
    dataset = dataclasses.replace(tiny_dataset, about={"schema_version": "9"})
    with pytest.raises(DataError, match="about cannot say 'schema_version'"):
        save_dataset(dataset, tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


def test_the_fingerprint_changes_with_any_item_or_order(tiny_dataset: Dataset):
    seen = {tiny_dataset.fingerprint}

    def differs(**changes: object) -> None:
        fingerprint = dataclasses.replace(tiny_dataset, **changes).fingerprint
        assert re.fullmatch("[0-9a-f]{16}", fingerprint)
        assert fingerprint not in seen
        seen.add(fingerprint)

    flat = tiny_dataset.flat_items
    for place in range(len(flat)):
        items = flat.copy()
        items[place] = flat[place] % tiny_dataset.n_items + 1
        differs(flat_items=items)
        if place and flat[place] != flat[place - 1]:
            items = flat.copy()
            items[[place - 1, place]] = flat[[place, place - 1]]
            differs(flat_items=items)
    for border in range(1, tiny_dataset.n_users):
        offsets = tiny_dataset.offsets.copy()
        offsets[border] += 1
        differs(offsets=offsets)
    differs(items=tiny_dataset.items.assign(item_id=tiny_dataset.item_ids[::-1]))
    differs(user_ids=[*tiny_dataset.user_ids[1:], tiny_dataset.user_ids[0]])


def test_the_fingerprint_is_of_items_and_sequences_alone(tiny_dataset: Dataset):
    other = dataclasses.replace(
        tiny_dataset,
        name="other",
        about={},
        flat_timestamps=None,
        items=tiny_dataset.items.assign(title="Film"),
    )
    assert other.fingerprint == tiny_dataset.fingerprint


def edited(name: str, **columns: Callable[[pd.DataFrame], object]) -> Callable[[Path], None]:
    """Rewrites columns of a parquet file of a directory."""

    def edit(directory: Path) -> None:
        frame = pd.read_parquet(directory / name)
        frame.assign(**columns).to_parquet(directory / name)

    return edit


def truncated(name: str) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        content = (directory / name).read_bytes()
        (directory / name).write_bytes(content[: len(content) // 2])

    return edit


def about(**values: object) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        path = directory / "dataset.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return edit


def without(name: str, column: str) -> Callable[[Path], None]:
    def edit(directory: Path) -> None:
        pd.read_parquet(directory / name).drop(columns=column).to_parquet(directory / name)

    return edit


def first_row(column: str, value: object) -> dict[str, Callable[[pd.DataFrame], object]]:
    return {column: lambda frame: [value, *frame[column].tolist()[1:]]}


ITEMS, SEQUENCES = "items.parquet", "sequences.parquet"
DAMAGE = {
    **{f"no-{name}": (lambda d, n=name: (d / n).unlink(), f"lacks {name}") for name in FILES},
    "truncated-json": (truncated("dataset.json"), "dataset.json is not readable JSON"),
    "truncated-items": (truncated(ITEMS), "items.parquet is not readable parquet"),
    "truncated-sequences": (truncated(SEQUENCES), "sequences.parquet is not readable parquet"),
    "other-schema": (about(schema_version=2), "dataset.json: schema_version must be 1; received 2"),
    "no-schema": (about(schema_version=None), "schema_version must be 1; received None"),
    "true-schema": (about(schema_version=True), "schema_version must be 1; received True"),
    "counts-as-text": (about(counts={"users": "6"}), "counts: missing field 'items', 'interac"),
    "name-not-text": (about(name=5), "dataset.json: name must be text; received 5"),
    "other-fingerprint": (about(fingerprint="0" * 16), "dataset.json says '0000000000000000'"),
    "other-item-ids": (
        edited(ITEMS, item_id=lambda frame: frame["item_id"].tolist()[::-1]),
        "the files have fingerprint .* they were not written together",
    ),
    "other-sequence": (
        edited(SEQUENCES, items=lambda frame: [list(items)[::-1] for items in frame["items"]]),
        "the files have fingerprint .* they were not written together",
    ),
    "no-title-column": (without(ITEMS, "title"), "missing column title; it has item, item_id"),
    "no-items-column": (without(SEQUENCES, "items"), "missing column items; it has user_id"),
    "empty-title": (edited(ITEMS, **first_row("title", None)), "row 1: 'title' is empty"),
    "items-not-counted": (
        edited(ITEMS, item=lambda frame: frame["item"] - 1),
        "column 'item' must count 1 to 11",
    ),
    "item-beyond-catalogue": (
        edited(SEQUENCES, **first_row("items", [1, 2, 12])),
        "items run from 1 to 12; the catalogue has items 1 to 11",
    ),
    "item-beyond-32-bits": (
        edited(SEQUENCES, **first_row("items", [1, 2, 2**32 + 1])),
        "items run from 1 to 4294967297; the catalogue has items 1 to 11",
    ),
    "padding-as-item": (
        edited(SEQUENCES, **first_row("items", [0, 1, 2])),
        "items run from 0 to 11; the catalogue has items 1 to 11",
    ),
    "sequence-missing": (edited(SEQUENCES, **first_row("items", None)), "row 1: 'items' is empty"),
    "item-missing": (
        edited(SEQUENCES, **first_row("items", [1, None, 3])),
        "column 'items' must hold lists of whole numbers, it is list<element: int64>",
    ),
    "sequences-of-text": (
        edited(SEQUENCES, items=lambda frame: [["a"]] * len(frame)),
        "column 'items' must hold lists of whole numbers, it is list<element: string>",
    ),
    "no-sequences-at-all": (
        edited(SEQUENCES, items=1),
        "column 'items' must hold lists of whole numbers, it is int64",
    ),
    "timestamps-too-few": (
        edited(SEQUENCES, **first_row("timestamps", [1])),
        "'timestamps' and 'items' differ in length",
    ),
    "timestamps-missing": (
        edited(SEQUENCES, **first_row("timestamps", None)),
        "column 'timestamps' must hold lists of whole numbers",
    ),
}


@pytest.mark.parametrize("damage, message", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_directory_is_refused(tiny_directory: Path, damage, message: str):
    load_dataset(tiny_directory)
    damage(tiny_directory)
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(tiny_directory)
    assert str(tiny_directory) in str(caught.value)


def test_no_directory_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="missing is not a dataset directory: no such directory"):
        load_dataset(tmp_path / "missing")


def test_a_text_is_a_title_or_an_id_or_a_title_in_any_case():
    dataset = titled("Alien", "Heat", "HEAT", "Solaris", item_ids=["101", "102", "103", "heat"])
    assert dataset.lookup("101") == 1
    assert dataset.lookup("Heat") == 2
    assert dataset.lookup("HEAT") == 3
    assert dataset.lookup("heat") == 4
    assert dataset.lookup("  sOLARIS ") == 4
    assert dataset.encode(["Solaris", 102, "103"]) == [4, 2, 3]


@pytest.mark.parametrize("number", [int, np.int64, np.uint8])
def test_a_number_is_an_id_and_never_a_title(number: type):
    dataset = titled("102", "103", "2", item_ids=["101", "102", "103"])
    assert dataset.encode([number(101), number(102), number(103)]) == [1, 2, 3]
    message = "unknown id 2 in films; a number is an id, a title is text. Did you mean '2'?"
    with pytest.raises(DataError, match=re.escape(message)):
        dataset.lookup(number(2))
    with pytest.raises(
        DataError, match="unknown id 7 in films; a number is an id, a title is text.$"
    ):
        dataset.lookup(number(7))


def test_a_text_that_is_a_title_and_another_items_id_is_refused_with_both_named():
    dataset = titled("102", "Heat", "103", item_ids=["101", "102", "103"])
    assert dataset.titles([1, 2, 3]) == ["102 [101]", "Heat", "103"]
    with pytest.raises(DataError) as caught:
        dataset.lookup("102")
    assert str(caught.value) == (
        "'102' names 2 items of films: '102 [101]' (id 101) and 'Heat' (id 102); "
        "give another name or id of the one meant"
    )
    assert dataset.encode(["102 [101]", "101", "Heat", 102, "103", 103]) == [1, 1, 2, 2, 3, 3]


def test_titles_that_are_the_ids_of_others():
    """Item n is called 11 - n: every text that is an id is a title too."""
    folder = SHARED_DATA.parent / "cases"
    source, titles = folder / "interactions-of-ids.csv", folder / "titles-that-are-ids.csv"
    if not source.is_file():
        pytest.skip(f"{source} does not exist: it is not part of the repository")
    dataset = prepare(source, format="table", name="ids", k_core=1, titles=titles)
    for item, item_id in enumerate(dataset.item_ids, start=1):
        assert dataset.lookup(int(item_id)) == item
        with pytest.raises(DataError, match="names 2 items of ids"):
            dataset.lookup(item_id)
    shown = dataset.titles(range(1, dataset.n_items + 1))
    assert shown == [f"{11 - int(item_id)} [{item_id}]" for item_id in dataset.item_ids]
    assert dataset.encode(shown) == list(range(1, dataset.n_items + 1))


@pytest.mark.parametrize(
    "odd", [[], ["Same [1]", "[2]", "4 [3]"]], ids=["", "titles with brackets"]
)
@pytest.mark.parametrize("seed", range(8))
def test_names_tell_items_apart_and_can_be_given_back(seed: int, odd: list[str]):
    generator = np.random.default_rng(seed)
    titles = ["Same", " Same ", "A B", "A  B", "", " ", "4", "7", "Heat", "heat", *odd]
    ids = generator.permutation(np.arange(1, 13)).tolist()
    dataset = titled(*generator.choice(titles, size=12), item_ids=[str(number) for number in ids])
    names = dataset.titles(range(1, 13))
    assert len({" ".join(name.split()) for name in names}) == 12
    for item, name in enumerate(names, start=1):
        title, item_id = dataset.items["title"][item - 1], dataset.item_ids[item - 1]
        assert name in (title, f"{title} [{item_id}]".strip())
        if odd:  # "Same [1]" may be one's title and what another is called: then it is refused
            with suppress(DataError):
                assert dataset.lookup(name) == item
        else:
            assert dataset.lookup(name) == item
    others = Counter(" ".join(title.split()) for title in dataset.items["title"])
    for title, name in zip(dataset.items["title"], names, strict=True):
        plain = others[" ".join(title.split())] == 1 and title.strip() and "[" not in title
        if plain and title not in dataset.item_ids:
            assert name == title  # nothing is added without need


def test_many_items_of_one_title_are_refused_in_one_short_sentence():
    dataset = titled(*["Same"] * 100_000)
    with pytest.raises(
        DataError, match=r"^'Same' names 100,000 items of films: .* and 99,995 more"
    ):
        dataset.lookup("Same")
    assert dataset.lookup("Same [200]") == 100


def test_every_title_finds_its_item():
    dataset = titled(
        "Postman, The", ' "Great" ', "Amélie", "<b>Bold</b>", "STRASSE", "千と千尋", "101"
    )
    assert dataset.encode(dataset.titles(range(1, 8))) == list(range(1, 8))
    assert dataset.lookup("straße") == 5
    assert dataset.lookup("AMÉLIE") == 3


@pytest.mark.parametrize("entry", ["Solaris", "solaris"])
def test_a_title_of_several_items_needs_an_id(entry: str):
    dataset = titled("Solaris", "Heat", "Solaris")
    message = f"'{entry}' names 2 items of films: 'Solaris [101]' (id 101) and 'Solaris [103]'"
    with pytest.raises(DataError, match=re.escape(message)):
        dataset.lookup(entry)
    assert dataset.lookup("103") == dataset.lookup("Solaris [103]") == 3
    assert dataset.titles([1, 2, 3]) == ["Solaris [101]", "Heat", "Solaris [103]"]


def test_an_unknown_title_names_the_nearest():
    dataset = titled("Solaris (1972)", "Solaris (2002)", "Heat (1995)")
    with pytest.raises(DataError, match="unknown title or id 'Solarris' in films") as caught:
        dataset.lookup("Solarris")
    assert "Did you mean 'Solaris (1972)', 'Solaris (2002)'" in str(caught.value)
    with pytest.raises(DataError, match="unknown title or id 'zzz' in films.$"):
        dataset.lookup("zzz")


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("The Matrix", "Matrix, The (1999)"),
        ("the matrix (1999)", "Matrix, The (1999)"),
        ("MATRIX", "Matrix, The (1999)"),
        ("The Godfather (1972)", "Godfather, The (1972)"),
        ("Godfather Part II", "Godfather: Part II, The (1974)"),
        ("An American President", "American President, The (1995)"),
        ("Solaris", "Solaris (1972)"),
        ("Solaris: (2002)", "Solaris (2002)"),
        (
            "Cite des enfants perdus",
            "City of Lost Children, The (Cit\u00e9 des enfants perdus, La) (1995)",
        ),
        (
            "The City of Lost Children",
            "City of Lost Children, The (Cit\u00e9 des enfants perdus, La) (1995)",
        ),
        ("Se7en (1995)", "Seven (a.k.a. Se7en) (1995)"),
        ("Heat and Dust", "Heat & Dust (1983)"),
        ("Wizard of Oz", "Wizard of Oz, The (1939)"),
    ],
)
def test_a_title_written_otherwise_is_named_first_and_still_refused(asked: str, first: str):
    dataset = titled(
        *("American President, The (1995)", "Matrix Reloaded, The (2003)", "Matrix, The (1999)"),
        *("Godfather: Part II, The (1974)", "Godfather, The (1972)", "Solaris (1972)"),
        *("Solaris (2002)", "Heat (1995)", "Heat & Dust (1983)", "Seven (a.k.a. Se7en) (1995)"),
        "City of Lost Children, The (Cit\u00e9 des enfants perdus, La) (1995)",
        *("Wizard, The (1989)", "Wizard of Oz, The (1939)", "Oz (1997)", "(1999)", "???"),
    )
    assert dataset.nearest_titles(asked)[0] == first
    with pytest.raises(DataError, match="Did you mean") as caught:
        dataset.lookup(asked)
    assert f"Did you mean {first!r}" in str(caught.value)


def test_what_has_no_letters_has_nothing_near_it():
    dataset = titled("???", "(1999)", "Heat (1995)")
    assert [dataset.nearest_titles(text) for text in ("!!", "", " (1995)")] == [[], [], []]


def test_a_long_text_is_near_nothing_and_costs_nothing():
    dataset = titled("Heat (1995)", "The" + "\t " * 20_000 + ", a", "Solaris " * 40)
    near = dataset.titles([3])
    assert dataset.nearest_titles(("Solaris " * 40)[:MAX_SOUGHT]) == near
    start = time.process_time()
    assert dataset.nearest_titles("Solaris " * 120_000) == []
    with pytest.raises(DataError, match="in films.$"):
        dataset.lookup("Solaris " * 120_000)
    assert time.process_time() - start < 0.5


def test_near_titles_are_those_of_the_near_items():
    dataset = titled("Solaris (1972)", "Heat (1995)", "Solaris (1972)", "Solaris (2002)")
    assert dataset.nearest_items("Solarris (2002)") == [4, 1, 3]
    assert dataset.nearest_titles("Solarris (2002)") == dataset.titles([4, 1, 3])
    assert dataset.nearest_items("Solarris (2002)", limit=1) == [4]


@pytest.mark.parametrize("item", [0, -1, 12])
def test_a_number_that_is_no_item_is_refused(tiny_dataset: Dataset, item: int):
    with pytest.raises(DataError, match=f"^{item} is not an item of tiny; items are 1 to 11$"):
        tiny_dataset.titles([1, item])


def test_users_are_found_by_id(tiny_dataset: Dataset):
    for index, user in enumerate(tiny_dataset.user_ids):
        assert tiny_dataset.user_index(user) == index
    message = "unknown user 'nobody' in tiny; it has 12 users, from '1000' to '1011'"
    with pytest.raises(DataError, match=message):
        tiny_dataset.user_index("nobody")


def test_the_summary_counts(tiny_dataset: Dataset):
    lengths = [len(tiny_dataset.sequence(user)) for user in range(tiny_dataset.n_users)]
    assert tiny_dataset.lengths().tolist() == lengths
    assert tiny_dataset.summary().to_dict() == {
        "users": 12,
        "items": 11,
        "interactions": sum(lengths),
        "density": pytest.approx(sum(lengths) / 12 / 11),
        "shortest sequence": min(lengths),
        "median sequence": float(np.median(lengths)),
        "mean sequence": pytest.approx(sum(lengths) / 12),
        "longest sequence": max(lengths),
    }


def test_counts_are_written_with_a_separator_and_their_number():
    counts = [counted(number, "item") for number in (0, 1, 2, 3496)]
    assert counts == ["0 items", "1 item", "2 items", "3,496 items"]
    data = make_dataset()
    assert repr(data).startswith(f"Dataset('tiny': 12 users, 11 items, {data.n_interactions} inter")


def test_a_long_text_is_named_in_part(tiny_dataset: Dataset):
    with pytest.raises(DataError) as caught:
        tiny_dataset.lookup("x" * 1_000_000)
    assert len(str(caught.value)) < 400


def test_a_text_in_place_of_a_list_is_refused(tiny_dataset: Dataset):
    with pytest.raises(DataError, match="entries must be a list of titles and ids; received the"):
        tiny_dataset.encode("101")
