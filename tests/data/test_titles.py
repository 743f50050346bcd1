"""Items by title, id and number: found, distinguished, or refused with suggestions."""

import re
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import SHARED_DATA

from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import load_dataset
from awrsr.data.prepare import prepare
from awrsr.data.titles import MAX_SOUGHT
from awrsr.errors import DataError


def titled(*titles: str, item_ids: list[str] | None = None) -> Dataset:
    """Two users with all items of a catalogue of these titles, in order."""
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
        "give a name or id that belongs to one of them only"
    )
    assert dataset.encode(["102 [101]", "101", "Heat", 102, "103", 103]) == [1, 1, 2, 2, 3, 3]


def test_titles_that_are_the_ids_of_others():
    """The title of item n is 11 - n: every text that is an id is also a title."""
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
def test_names_distinguish_items_and_can_be_entered(seed: int, odd: list[str]):
    generator = np.random.default_rng(seed)
    titles = ["Same", " Same ", "A B", "A  B", "", " ", "4", "7", "Heat", "heat", *odd]
    ids = generator.permutation(np.arange(1, 13)).tolist()
    dataset = titled(*generator.choice(titles, size=12), item_ids=[str(number) for number in ids])
    names = dataset.titles(range(1, 13))
    assert len({" ".join(name.split()) for name in names}) == 12
    for item, name in enumerate(names, start=1):
        title, item_id = dataset.items["title"][item - 1], dataset.item_ids[item - 1]
        assert name in (title, f"{title} [{item_id}]".strip())
        if odd:  # "Same [1]" may be one item's title and another's shown name: then it is refused
            with suppress(DataError):
                assert dataset.lookup(name) == item
        else:
            assert dataset.lookup(name) == item
    others = Counter(" ".join(title.split()) for title in dataset.items["title"])
    for title, name in zip(dataset.items["title"], names, strict=True):
        plain = others[" ".join(title.split())] == 1 and title.strip() and "[" not in title
        if plain and title not in dataset.item_ids:
            assert name == title  # no id is added without need


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


def test_a_text_without_letters_has_no_suggestions():
    dataset = titled("???", "(1999)", "Heat (1995)")
    assert [dataset.nearest_titles(text) for text in ("!!", "", " (1995)")] == [[], [], []]


def test_a_long_text_has_no_suggestions_and_takes_no_time():
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


def test_a_long_text_is_named_in_part(tiny_dataset: Dataset):
    with pytest.raises(DataError) as caught:
        tiny_dataset.lookup("x" * 1_000_000)
    assert len(str(caught.value)) < 400


def test_a_text_in_place_of_a_list_is_refused(tiny_dataset: Dataset):
    with pytest.raises(DataError, match="entries must be a list of titles and ids; received the"):
        tiny_dataset.encode("101")
