"""How a locked cell is computed: the page's numbers are the library's."""

import shutil

import numpy as np
import pytest
from checking import escaped, read_model
from driving import HOSTILE, add_dataset, add_model, messages, open_page, texts, titled
from locking import ITEMS, lock, opened, panel, said, why

import awrsr
from app.figures import maps as drawing
from app.views.inspect.provenance import LockedCell, Panel, locked_cell
from awrsr.config import ModelConfig
from awrsr.explain import Cell, DistanceSplit, refined_parts, second_order_provenance
from awrsr.refinement import REFINEMENTS

MODELS = ("sasrec-none", "sasrec-additive", "sasrec-value_weighted", "stosa-none")


OFFERED = (*MODELS, "sasrec-simple", "stosa-value_weighted", "stosa-stochastic")


def test_without_a_locked_cell_it_says_how_to_lock_one(directory):
    page = opened()
    for _ in range(2):
        assert sum("Click a cell of a large map" in text for text in texts(page)) == 1
        assert not why(page) and not any(
            "How this cell is computed" in text for text in texts(page)
        )
        lock(page, 3, None, panel())  # a row


@pytest.mark.parametrize("name", ["sasrec-additive", "sasrec-simple", "stosa-value_weighted"])
def test_pairs_of_a_second_order_cell(directory, name):
    page = lock(opened(a=name), 4, 2, panel(kind="second"))
    model = read_model(directory / "models" / name)
    found = second_order_provenance(
        model, awrsr.trace(model, ITEMS), Cell(layer=1, head=0, query=4, key=2)
    )
    ((drawn,),) = why(page).values()
    np.testing.assert_allclose(drawn["z"], found.pairs)
    assert (drawn["zmin"], drawn["zmax"]) == (-abs(found.pairs).max(), abs(found.pairs).max())
    assert drawn["y"] == [f"{n}. Film {'CADAE'[n - 1]} (199{ITEMS[n - 1]})" for n in range(1, 6)]
    assert drawn["x"] == drawn["y"][:3]
    text = said(page)
    assert f"S = **{found.weight:.4f}**, the softmax of the score **{found.score:+.4f}**" in text
    assert f"The pairs sum to **{found.pairs.sum():+.4f}**" in text
    top = found.table(1).iloc[0]
    assert (
        f"{drawn['y'][int(top.p)]}, which the query weighs ({top.of_query:+.3f}), with "
        f"{drawn['y'][int(top.q)]}, which the key weighs ({top.of_key:+.3f}): "
        f"**{top.term:+.4f}**"
    ) in text
    assert messages(page) == []


def test_halves_and_paths_of_a_refined_cell(directory, tiny_dataset):
    retrained(directory, tiny_dataset, "sasrec-additive", mix="halves")
    page = opened(a="sasrec-additive", b="sasrec-value_weighted")
    lock(page, 4, 1, panel("A"), panel("B"))
    cell = Cell(layer=1, head=0, query=4, key=1)
    models = (
        read_model(directory / "models" / name)
        for name in ("sasrec-additive", "sasrec-value_weighted")
    )
    halves, paths = (refined_parts(model, awrsr.trace(model, ITEMS), cell) for model in models)
    first, second = halves.terms
    text = said(page)
    assert (
        f"M = A/2 + S/2 = {first:.4f} + {second:.4f} = **{halves.weight:.4f}** "
        f"(recorded {halves.weight:.4f})"
    ) in text
    assert f"between = **{paths.weight:.4f}** (recorded {paths.weight:.4f})" in text
    assert "5. Film E (1995) \u2192 " in text and " \u2192 2. Film A (1991): " in text
    drawn = why(page)
    assert list(drawn) == ["why-0", "why-1-paths", "why-1"]
    *halves_of_paths, through, _, bars = drawn["why-1-paths"]
    np.testing.assert_allclose(bars["x"], paths.terms[1:])
    assert bars["text"] == [f"{n}. Film {'CADAE'[n - 1]} (199{ITEMS[n - 1]})" for n in range(2, 6)]
    np.testing.assert_allclose(
        through["customdata"],
        np.stack([paths.query_row, paths.key_column, paths.terms], axis=1)[1:],
    )
    assert len(halves_of_paths) == 2 * 4
    for weights, lines in (
        (paths.query_row[1:], halves_of_paths[:4]),
        (paths.key_column[1:], halves_of_paths[4:]),
    ):
        widths = [line["line"]["width"] for line in lines]
        np.testing.assert_allclose(widths, 0.5 + 7.5 * weights / weights.max())


def retrained(directory, dataset, name, **settings):
    """Replace a model by one with these settings; the parts of cell (4, 1) of its head 2."""
    shutil.rmtree(directory / "models" / name)
    model = read_model(add_model(directory, dataset, name, **settings))
    at = model, awrsr.trace(model, ITEMS), Cell(layer=1, head=1, query=4, key=1)
    return refined_parts(*at), second_order_provenance(*at)


def test_a_gate_and_standardised_rows_in_words(directory, tiny_dataset):
    settings = {"mix": "gate", "rows": "standardised", "gain": True}
    found, pairs = retrained(directory, tiny_dataset, "sasrec-additive", **settings)
    page = lock(opened(a="sasrec-additive"), 4, 1, panel(head=1))
    first, second = found.terms
    text = said(page)
    assert f"M = (1 \u2212 g) A + g S = {first:.4f} + {second:.4f} = **{found.weight:.4f}**" in text
    assert f"a share of g = **{found.share:.3f}**" in text
    assert "Rows are standardised" in text
    top = pairs.table(1).iloc[0]
    assert f"which the query weighs ({top.of_query:+.3f})" in text
    assert messages(page) == []


def test_added_scores_in_words(directory, tiny_dataset):
    found, _ = retrained(directory, tiny_dataset, "sasrec-additive", mix="scores")
    page = lock(opened(a="sasrec-additive"), 4, 1, panel(head=1))
    first = found.weight / found.factor
    change = "raises" if found.factor > 1 else "lowers"
    assert (
        f"M = A times a factor = {first:.4f} \u00d7 {found.factor:.3f} = **{found.weight:.4f}** "
        f"(recorded {found.weight:.4f}): the second order {change} the first-order weight"
    ) in said(page)
    assert messages(page) == []


def test_paths_through_a_value_matrix(directory, tiny_dataset):
    name = "stosa-value_weighted"
    found, _ = retrained(directory, tiny_dataset, name, value_matrix=True)
    page = lock(opened(a=name), 4, 1, panel(head=1))
    text = said(page)
    assert "(A V)\u2096\u2c7c over the items k between" in text
    assert f"**{found.terms.sum():.4f}** (recorded {found.weight:.4f})" in text
    assert "through a newer slot that V maps to it" in text
    *_, bars = why(page)["why-0-paths"]
    np.testing.assert_allclose(bars["x"], found.terms[1:])


def test_a_distance_with_its_gain(directory, tiny_dataset):
    name = "stosa-stochastic"
    _, split = retrained(directory, tiny_dataset, name, gain=True, matrices="head")
    page = lock(opened(a=name), 4, 1, panel(head=1, kind="second"))
    assert f", times the gain {split.gain:.3f}: means " in said(page)


def test_a_vanilla_cell_has_nothing_to_decompose_and_stosa_a_distance(directory):
    page = lock(opened(a="sasrec-none", b="stosa-none"), 5, 0, panel("A", 0, 1, "first"))
    assert "the softmax, over the items up to the query, of one dot product" in said(page)
    assert "There is nothing to decompose" in said(page) and not why(page)
    trace = awrsr.trace(read_model(directory / "models" / "stosa-none"), ITEMS)
    lock(page, 5, 0, panel("B", 0, 1, "first"))
    ((means, spreads),) = why(page).values()
    score = float(trace.layers[0].first_order_scores[1, 5, 0])
    assert sum(means["y"]) + sum(spreads["y"]) == pytest.approx(score, abs=1e-4)
    assert f"means {sum(means['y']):+.4f}, standard deviations {sum(spreads['y']):+.4f}" in said(
        page
    )
    assert "the covariances with its square" in said(page)


@pytest.mark.few(1)
@pytest.mark.parametrize("backbone", ["sasrec", "stosa"])
def test_a_cell_of_a_floor_says_that_nothing_is_compared(directory, tiny_dataset, backbone):
    for kind, weights in (("uniform", (1 / 6, 1 / 6)), ("identity", (0, 1))):
        name = f"{backbone}-{kind}"
        add_model(directory, tiny_dataset, name)
        page = opened(a=name)
        for map_ in ("first", "refined"):
            for key, weight in zip((2, 5), weights, strict=True):
                lock(page, 5, key, panel(kind=map_))
                assert f"A = **{weight:.4f}**: this model does not compare items" in said(page)
                assert REFINEMENTS[kind].formula_of(ModelConfig()) in said(page)
                assert ("the covariances with its square" in said(page)) == (backbone == "stosa")
        assert not why(page) and messages(page) == []
        lock(page, 5, 2, panel(kind="second"))
        assert any("has no second order" in info.value.replace("\\", "") for info in page.info)


def test_dimensions_of_a_stochastic_cell(directory):
    page = lock(opened(a="stosa-stochastic"), 3, 3, panel(kind="second"))
    lock(page, 5, 2, panel())
    model = read_model(directory / "models" / "stosa-stochastic")
    found = second_order_provenance(
        model, awrsr.trace(model, ITEMS), Cell(layer=1, head=0, query=5, key=2)
    )
    assert isinstance(found, DistanceSplit)
    ((means, spreads),) = why(page).values()
    np.testing.assert_allclose(means["y"], found.mean_terms)
    np.testing.assert_allclose(spreads["y"], found.covariance_terms)
    assert f"M = S = **{found.weight:.4f}**" in said(page)


def test_what_has_no_such_cell_says_so(directory):
    page = lock(opened(a="sasrec-none"), 4, 2, panel(kind="second"))
    assert any("has no second order" in info.value.replace("\\", "") for info in page.info)
    lock(page, 4, 2, panel(head="mean"))
    assert "choose a single head above the map" in said(page)
    lock(page, 4, 2, panel(layer=7))
    assert any("asked for layer 7; the trace has 2 layers" in info.value for info in page.info)
    lock(page, 4, 2, panel("Z"))
    assert not why(page) and messages(page) == []


@pytest.mark.parametrize(
    "given",
    [
        None,
        "x",
        {},
        {"query": 3},
        {"query": 3, "key": None, "panels": []},
        {"query": 3, "key": 4, "panels": []},
        {"query": 6, "key": 0, "panels": []},
        {"query": 3, "key": -1, "panels": []},
        {"query": True, "key": 0, "panels": []},
        {"query": 3.0, "key": 0.5, "panels": []},
    ],
)
def test_invalid_cells_are_ignored(given):
    assert locked_cell(given, 6) is None


def test_invalid_panels_are_left_out_and_repeats_shown_once():
    bad = [None, {}, panel(source=1), panel(layer="x"), panel(head=None), panel(kind="third")]
    given = {"query": 3, "key": 0, "panels": [*bad, panel(), panel(), panel("B")]}
    assert locked_cell(given, 6) == LockedCell(
        3, 0, (Panel("A", 1, 0, "refined"), Panel("B", 1, 0, "refined"))
    )
    assert locked_cell(given | {"panels": 5}, 6) == LockedCell(3, 0, ())


def test_titles_stay_text(directory, tmp_path):
    add_dataset(tmp_path, titled(HOSTILE), "sasrec-additive", "sasrec-value_weighted")
    page = open_page(
        dataset="titled", source="own", items="1.2.3.4.5.6.7.8", a="sasrec-value_weighted"
    )
    lock(page, 7, 0, panel("A"))
    written = [element.value for element in [*page.markdown, *page.caption]]
    assert not any(title in text for title in HOSTILE for text in written)
    labels = [escaped(f"{n}. {title}") for n, title in enumerate(HOSTILE, start=1)]
    drawn = why(page)
    assert drawn["why-0-paths"][-1]["text"] == labels
    assert drawn["why-0"][0]["y"] == labels


def test_many_items_leave_out_titles_but_not_cells():
    labels = [f"{n}. <b>" for n in range(150)]
    figure = drawing.pair_map(np.random.default_rng(0).normal(size=(150, 150)), labels, labels)
    axis = figure.layout.yaxis
    assert len(axis.categoryarray) == 150 and len(axis.ticktext) < 60
    assert not any("<" in text for text in [*axis.ticktext, *axis.categoryarray])
    assert figure.layout.height < 800


def test_a_map_of_zeros_has_a_scale():
    figure = drawing.pair_map(np.zeros((1, 1)), ["a"], ["a"])
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-1, 1)
