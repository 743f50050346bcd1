"""Every value that an address accepts can be shown by its page."""

import dataclasses

import numpy as np
import pytest
from driving import add_dataset, found, messages, open_find, open_models, open_page, run, titled
from streamlit.testing.v1 import AppTest

from app import finding, state
from app.finding import COLUMNS, KINDS
from app.views.models import heads
from awrsr.attribution import METHODS
from awrsr.studies import write_scan

A, B = "sasrec-none", "sasrec-additive"


@pytest.fixture(params=["repeats", "no repeats"])
def repeats(request, tmp_path, monkeypatch, tiny_dataset) -> bool:
    """Whether histories of the offered dataset repeat items; it is scanned with all columns."""
    repeats = request.param == "repeats"
    dataset = tiny_dataset
    if not repeats:
        dataset = titled([f"Film {n}" for n in range(40)])
        rows = [np.arange(length) + user + 1 for user, length in enumerate(dataset.lengths())]
        dataset = dataclasses.replace(dataset, flat_items=np.concatenate(rows).astype(np.int32))
    monkeypatch.setenv("AWRSR_ASSETS", str(tmp_path))
    path = add_dataset(tmp_path, dataset, A, B)
    directories = {name: path / "models" / name for name in (A, B)}
    scan = write_scan(directories, dataset, path / "scan", attribution=True, device="cpu")
    assert scan is not None and scan.users["repeats"].any() == repeats
    return repeats


def names_of(page: str) -> set[str]:
    """The keys that are in the address of only one page."""
    return {key.name for key in state.Session.declared() if key.page == page}


def check_shown(page: AppTest, values: dict[str, list[str]]) -> None:
    """Every chosen value is kept, without any message."""
    for at in range(max(map(len, values.values()))):
        chosen = {name: listed[at % len(listed)] for name, listed in values.items()}
        for name, value in chosen.items():
            page.session_state[name] = value
        run(page)
        assert messages(page) == []
        assert {name: page.session_state[name] for name in chosen} == chosen


@pytest.mark.few(1)
def test_find_shows_what_its_address_accepts(repeats: bool):
    page = open_find(where=".".join(f"{column}~~" for column in COLUMNS))
    assert messages(page) == []
    assert [limit.column for limit in page.session_state["where"]] == list(COLUMNS)
    page.session_state["where"] = []
    names = list(COLUMNS)
    accepted = {
        "slice": [name for name in finding.SLICES if repeats or name != "repeats"],
        "map": list(KINDS),
        "x": names,
        "y": [*names[1:], names[0]],
        "sort": names[::-1],
        "order": list(finding.ORDERS),
    }
    assert accepted.keys() == names_of(state.FIND) - {"where"}
    check_shown(page, accepted)


def test_the_table_shows_weights_on_repeats_where_there_are_any(repeats: bool):
    page = open_find(map="first_order")
    assert ({"repeats", "repeats_a", "repeats_b"} <= set(found(page))) == repeats
    page = open_find(map="first_order", sort="repeats_b")
    assert "repeats_b" in found(page)


@pytest.mark.parametrize("repeats", ["repeats"], indirect=True)
def test_models_shows_what_its_address_accepts(repeats: bool):
    page = open_models()
    check_shown(page, {name: list(heads.SLICES) for name in names_of(state.MODELS)})


@pytest.mark.parametrize("repeats", ["repeats"], indirect=True)
def test_inspect_shows_what_its_address_accepts(repeats: bool):
    variants = ";".join(f"v{n}~1.{n}.2" for n in range(3, 9))
    page = open_page(source="own", items="1.2.3", variants=variants, methods=".".join(METHODS))
    items = list(range(1, 12))
    check_shown(
        page,
        {
            "a": [A, B],
            "b": [B, A],
            "compare": [None, *range(1, 7)],
            "target": [state.AUTOMATIC, *items],
            "rival": [None, *items[1:], 1],
            "k": [state.MIN_LISTED, state.MAX_LISTED],
        },
    )
