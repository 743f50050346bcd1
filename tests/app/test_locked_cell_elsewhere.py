"""A locked cell in a compared variant, a shorter history, another model: found, or missing."""

import numpy as np
import pytest
from checking import read_model
from driving import add_model, choose, run, sent, texts
from locking import ITEMS, lock, opened, panel, said, why

import awrsr
from awrsr.explain import Cell, second_order_provenance

OFFERED = ("sasrec-none", "sasrec-additive")


def test_a_compared_variant_has_its_own_cells_and_lacks_others(directory):
    page = opened(a="sasrec-additive", variants="short~1.4", compare=1)
    primed = panel("A\u2032", kind="second")
    lock(page, 2, 1, panel(kind="second"), primed)
    found = second_order_provenance(
        model := read_model(directory / "models" / "sasrec-additive"),
        awrsr.trace(model, [1, 4]),
        Cell(layer=1, head=0, query=1, key=0),
    )
    full, short = why(page).values()
    assert np.shape(full[0]["z"]) == (3, 2)
    np.testing.assert_allclose(short[0]["z"], found.pairs)
    lock(page, 5, 4, primed)
    text = "does not see 6. Film I (1999) or 5. Film E (1995), so it has no such cell"
    assert text in said(page)
    lock(page, 5, 2, primed)
    assert "does not see 6. Film I (1999), so it has no such cell" in said(page)


REORDERED = [9, 4, 1, 3, 5, 1]
"""The items of ITEMS in another order; on the axis 4, 1 and 5 have common places."""
STANDS = "In A\u2032 the query is at {}, the key at {}"
THERE = STANDS + "; that cell is shown."
NEWER = STANDS + (
    ". The key is newer there, and an item attends only to itself and to older items, so there is "
    "no such cell."
)
TWICE = " Film A (1991) is there at 4 and 6\u2032; the one at {} is used, {}."


@pytest.mark.parametrize(
    ("query", "key", "match", "words"),
    [
        (4, 0, (4, 3), THERE.format("5", "4\u2032")),
        (5, 0, None, NEWER.format("1\u2032", "4\u2032")),
        (
            1,
            0,
            (5, 3),
            THERE.format("6\u2032", "4\u2032") + TWICE.format("6\u2032", "matched from the newest"),
        ),
        (3, 1, None, NEWER.format("4", "6\u2032")),
    ],
)
def test_a_cell_is_followed_to_where_a_reordered_variant_has_its_items(
    directory, query, key, match, words
):
    page = opened(a="sasrec-additive", variants=f"other~{'.'.join(map(str, REORDERED))}", compare=1)
    board = sent(page, "board")
    base, other = board["sources"][0], board["sources"][2]
    assert other["name"] == "A\u2032"
    places = base["places"][query], base["places"][key]
    lock(page, *places, panel("A\u2032", kind="second"))
    text = said(page)
    assert words in text and "does not see" not in text
    if match is None:
        assert not why(page)
        return
    model = read_model(directory / "models" / "sasrec-additive")
    assert [REORDERED[place] for place in match] == [ITEMS[query], ITEMS[key]]
    cell = Cell(layer=1, head=0, query=match[0], key=match[1])
    found = second_order_provenance(model, awrsr.trace(model, REORDERED), cell)
    ((drawn,),) = why(page).values()
    np.testing.assert_allclose(drawn["z"], found.pairs)
    assert f"S = **{found.weight:.4f}**" in text
    back = other["places"][match[0]], other["places"][match[1]]
    lock(page, *back, panel("A", kind="second"))  # and from the variant's own cell to this history
    cell = Cell(layer=1, head=0, query=query, key=key)
    found = second_order_provenance(model, awrsr.trace(model, ITEMS), cell)
    assert f"S = **{found.weight:.4f}**" in said(page)


def test_a_shorter_history_or_other_models_raise_no_error(directory):
    add_model(directory, awrsr.load_dataset(directory), "stosa-additive", n_layers=1, n_heads=1)
    page = lock(opened(a="sasrec-additive"), 5, 4, panel())
    choose(page, a="stosa-additive")
    assert any("asked for layer 1" in info.value for info in page.info)
    page.session_state["items"] = [1, 2]
    run(page)
    assert sum("Click a cell of a large map" in text for text in texts(page)) == 1
