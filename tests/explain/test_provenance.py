"""Every decomposition of a score sums to it and equals a reference written with loops."""

import math
import re
from functools import partial

import pytest
import torch
from decomposed import ITEMS, OF_EVERY_SETTING, N, at, cells, close, of_all, parameter, weights_of
from helpers import PAIRS, READINGS

from awrsr import trace
from awrsr.errors import AwrsrError, ConfigError, DataError
from awrsr.explain import (
    Cell,
    DistanceSplit,
    PairMap,
    first_order_split,
    refined_parts,
    second_order_provenance,
)
from awrsr.models import BACKBONES
from awrsr.refinement import REFINEMENTS

NOTHING_COMPARED = [pair for pair in PAIRS if not REFINEMENTS[pair[1]].learns_attention]
ITEMS_AS_GAUSSIANS = [
    (*pair, {}) for pair in PAIRS if BACKBONES[pair[0]].gaussian and pair not in NOTHING_COMPARED
]
ROWS_AS_GAUSSIANS = [case for case in OF_EVERY_SETTING if case[1] == "stochastic"]
ROWS_BY_DOT_PRODUCT = [
    case
    for case in OF_EVERY_SETTING
    if REFINEMENTS[case[1]].has_second_order() and case[1] != "stochastic"
]


def gain_of(model, cell):
    return math.exp(parameter(model, cell, "log_gain")[cell.head]) if model.config.gain else 1


def compared(model, maps, cell, query):
    """The compared row of a query, over all items of the trace."""
    row = maps.first_order[cell.head, query].tolist()
    if model.config.rows == "plain":
        return row
    departures = [(query + 1) * weight - 1 for weight in row[: query + 1]]
    deviation = math.sqrt(sum(x**2 for x in departures) / (query + 1) + 0.01)
    return [x / deviation for x in departures] + [0.0] * (len(row) - query - 1)


# --- second order ---------------------------------------------------------------------------------


@pytest.mark.few(12)
@of_all(ROWS_BY_DOT_PRODUCT)
def test_pairs_sum_to_the_second_order_score(traced):
    model, found = traced
    m, r = len(found.items), model.config.rank
    for maps, cell in cells(found):
        of_query, of_key = (compared(model, maps, cell, at) for at in (cell.query, cell.key))
        parts = second_order_provenance(model, found, cell)
        assert isinstance(parts, PairMap)
        assert parts.score == at(maps.second_order_scores, cell)
        assert parts.weight == at(maps.second_order, cell)
        assert parts.pairs.shape == (cell.query + 1, cell.key + 1)
        close(parts.pairs.sum(), parts.score)
        w_q = weights_of(model, cell, "second_order.query")[N - m :]
        w_k = weights_of(model, cell, "second_order.key")[N - m :]
        for p in range(cell.query + 1):
            for q in range(cell.key + 1):
                g = sum(a * b for a, b in zip(w_q[p], w_k[q], strict=True)) / math.sqrt(r)
                g *= gain_of(model, cell)
                close(parts.coupling[p, q], g)
                close(parts.pairs[p, q], of_query[p] * g * of_key[q])
        assert parts.rows == model.config.rows
        close(parts.query_row.sum(), parts.rows == "plain")
        close(parts.key_row.sum(), parts.rows == "plain")


def test_top_pairs_are_sorted_by_magnitude(make_model):
    model = make_model("sasrec", "additive")
    found = trace(model, ITEMS)
    parts = second_order_provenance(model, found, Cell(layer=1, head=0, query=7, key=4))
    table = parts.table()
    assert len(table) == parts.pairs.size == 8 * 5
    assert (table["term"].abs().diff().dropna() <= 0).all()
    assert (table["term"] < 0).any() and (table["term"] > 0).any()
    close(table["term"].sum(), parts.score)
    close(table["term"], table["of_query"] * table["coupling"] * table["of_key"])
    for row in table.head(3).itertuples():
        assert parts.pairs[row.p, row.q] == row.term
    assert parts.table(3).equals(table.head(3))


@pytest.mark.few(3)
@of_all(ROWS_AS_GAUSSIANS)
def test_mean_and_covariance_sum_to_the_stochastic_score(traced):
    model, found = traced
    m, r = len(found.items), model.config.rank
    for maps, cell in cells(found):
        rows = {side: compared(model, maps, cell, getattr(cell, side)) for side in ("query", "key")}
        parts = second_order_provenance(model, found, cell)
        assert isinstance(parts, DistanceSplit)
        close(parts.gain, gain_of(model, cell))
        assert parts.score == at(maps.second_order_scores, cell)
        assert parts.mean_terms.shape == parts.covariance_terms.shape == (r,)
        close(parts.mean_terms.sum() + parts.covariance_terms.sum(), parts.score)
        matrices = {
            (name, side): weights_of(model, cell, name if model.config.tied else f"{name}.{side}")
            for name in ("mean", "covariance")
            for side in rows
        }
        for dimension in range(r):
            means, deviations = [], []
            for side, row in rows.items():
                made = {
                    name: sum(
                        a * w[dimension]
                        for a, w in zip(row, matrices[name, side][N - m :], strict=True)
                    )
                    for name in ("mean", "covariance")
                }
                means.append(made["mean"])
                raw = made["covariance"]
                deviations.append(math.sqrt((raw if raw > 0 else math.expm1(raw)) + 1))
            scale = gain_of(model, cell) / math.sqrt(r)
            close(parts.mean_terms[dimension], -scale * (means[0] - means[1]) ** 2)
            term = -scale * (deviations[0] - deviations[1]) ** 2
            close(parts.covariance_terms[dimension], term)


# --- first order ----------------------------------------------------------------------------------


@of_all(ITEMS_AS_GAUSSIANS)
def test_mean_and_covariance_sum_to_the_first_order_score(traced):
    model, found = traced
    width = model.config.hidden_size // model.config.n_heads
    for maps, cell in cells(found):
        parts = first_order_split(found, cell)
        assert parts.score == at(maps.first_order_scores, cell)
        assert parts.weight == at(maps.first_order, cell)
        assert parts.mean_terms.shape == parts.covariance_terms.shape == (width,)
        close(parts.mean_terms.sum() + parts.covariance_terms.sum(), parts.score)
        query = maps.query[cell.head, cell.query].tolist()
        key = maps.key[cell.head, cell.key].tolist()
        terms = [-((a - b) ** 2) / math.sqrt(width) for a, b in zip(query, key, strict=True)]
        close(parts.mean_terms, terms[:width])
        close(parts.covariance_terms, terms[width:])


@pytest.mark.parametrize("pair", NOTHING_COMPARED, ids="-".join)
def test_models_that_compare_nothing_have_no_split_scores(make_model, pair):
    model = make_model(*pair)
    found, cell = trace(model, ITEMS), Cell(layer=0, head=0, query=3, key=3)
    formula = REFINEMENTS[pair[1]].formula_of(model.config)
    said = f"{pair[1]} compares no items; its weights are fixed: {formula}"
    with pytest.raises(DataError, match=re.escape(said)):
        first_order_split(found, cell)
    with pytest.raises(DataError, match=f"{pair[1]} has no second order"):
        second_order_provenance(model, found, cell)


@pytest.mark.few(8)
@pytest.mark.parametrize(("backbone", "refinement", "settings"), READINGS)
def test_in_single_precision_a_sum_differs_by_its_rounding_only(
    make_model, backbone, refinement, settings
):
    model = make_model(backbone, refinement, max_length=N, **settings).float()
    found = trace(model, ITEMS)
    for maps, cell in cells(found, queries=[N - 1]):  # with the longest sums
        if maps.second_order is not None:
            parts = second_order_provenance(model, found, cell)
            terms = (
                parts.pairs.sum()
                if isinstance(parts, PairMap)
                else parts.mean_terms.sum() + parts.covariance_terms.sum()
            )
            assert terms == pytest.approx(parts.score, abs=2e-5)
        assert refined_parts(model, found, cell).terms.sum() == pytest.approx(
            at(maps.refined, cell), abs=1e-6
        )


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"layer": 2}, "asked for layer 2; the trace has 2 layers, the first is 0"),
        ({"layer": -1}, "asked for layer -1; the trace has 2 layers, the first is 0"),
        ({"head": 2}, "asked for head 2; the layer has 2 heads, the first is 0"),
        ({"query": 3}, "asked for query 3; the trace has 3 items, the oldest is 0"),
        ({"query": -1}, "asked for query -1; the trace has 3 items, the oldest is 0"),
        ({"key": 2}, "asked for key 2; query 1 attends to keys 0 to 1"),
        ({"key": -1}, "asked for key -1; query 1 attends to keys 0 to 1"),
    ],
)
def test_a_missing_cell_is_refused(make_model, place, said):
    model = make_model("stosa", "stochastic")
    found = trace(model, ITEMS[:3])
    cell = Cell(**{"layer": 0, "head": 0, "query": 1, "key": 1} | place)
    for ask in (
        partial(first_order_split, found),
        partial(second_order_provenance, model, found),
        partial(refined_parts, model, found),
    ):
        with pytest.raises(DataError, match=said):
            ask(cell)


def test_a_map_that_a_model_lacks_is_refused(make_model):
    cell = Cell(layer=0, head=0, query=1, key=0)
    vanilla, other = make_model(), make_model("sasrec", "simple")
    with pytest.raises(AwrsrError, match="vanilla has no second order"):
        second_order_provenance(vanilla, trace(vanilla, ITEMS), cell)
    with pytest.raises(AwrsrError, match="compares items by a dot product; only stosa"):
        first_order_split(trace(other, ITEMS), cell)
    for ask in (second_order_provenance, refined_parts):
        with pytest.raises(
            AwrsrError, match="the model is .*vanilla, the trace comes from .*simple"
        ):
            ask(vanilla, trace(other, ITEMS), cell)


def test_an_unknown_refinement_is_refused(make_model, monkeypatch):
    model = make_model("sasrec", "simple")
    found, cell = trace(model, ITEMS), Cell(layer=0, head=0, query=1, key=0)
    monkeypatch.setattr(model, "refinement", lambda layer: torch.nn.Linear(2, 2))
    with pytest.raises(ConfigError, match="refinement 'simple' does not say how it compares rows"):
        second_order_provenance(model, found, cell)
