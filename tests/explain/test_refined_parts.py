"""Parts of a refined weight sum to it and equal references written with loops."""

import math

import pytest
from decomposed import OF_EVERY_SETTING, N, at, cells, close, of_all, parameter, weights_of
from helpers import OUR_READINGS, READINGS

from awrsr.explain import refined_parts
from awrsr.refinement import REFINEMENTS

FROM_OUTSIDE = [case.values for case in READINGS if case not in OUR_READINGS]


def values_of(model, cell, first):
    """The matrix that S mixes, A or A V, for a head."""
    m = len(first)
    if not model.config.value_matrix:
        return first
    moved = []
    for place, row in enumerate(weights_of(model, cell, "value")[N - m :]):
        raised = [math.exp(logit) for logit in row[N - m :][: place + 1]]
        moved.append([x / sum(raised) for x in raised] + [0.0] * (m - place - 1))
    return [
        [sum(a * v[j] for a, v in zip(row, moved, strict=True)) for j in range(m)] for row in first
    ]


def terms_of(model, cell, first, second):
    """The terms of the mechanism, from both orders of the cell's head."""
    i, j, config = cell.query, cell.key, model.config
    if config.refinement == "value_weighted":
        values = values_of(model, cell, first)
        return [second[i][k] * values[k][j] for k in range(i + 1)]
    if config.refinement == "additive" and config.mix == "scores":
        products = [a * b for a, b in zip(first[i], second[i], strict=True)]
        return [products[j] / sum(products)]
    if config.refinement == "additive":
        share = 1 / 2
        if config.mix == "gate":
            share = 1 / (1 + math.exp(-parameter(model, cell, "gate")[cell.head]))
        return [(1 - share) * first[i][j], share * second[i][j]]
    return {
        "none": [first[i][j]],
        "uniform": [1 / (i + 1)],
        "identity": [float(i == j)],
        "simple": [second[i][j]],
        "stochastic": [second[i][j]],
    }[config.refinement]


@pytest.mark.skipif(not FROM_OUTSIDE, reason="no other installed package brings any")
@of_all(FROM_OUTSIDE)
def test_parts_of_a_member_from_outside_sum_to_the_refined_weight(traced):
    model, found = traced
    for maps, cell in cells(found):
        parts = refined_parts(model, found, cell)
        assert parts.weight == at(maps.refined, cell)
        close(parts.terms.sum(), parts.weight)


@of_all(OF_EVERY_SETTING)
def test_parts_sum_to_the_refined_weight(traced):
    model, found = traced
    kind = model.config.refinement
    for maps, cell in cells(found):
        first = maps.first_order[cell.head].tolist()
        second = first if maps.second_order is None else maps.second_order[cell.head].tolist()
        parts = refined_parts(model, found, cell)
        assert parts.weight == at(maps.refined, cell)
        assert parts.kind == REFINEMENTS[kind].terms_of(model.config)
        close(parts.terms.sum(), parts.weight)
        close(parts.terms, terms_of(model, cell, first, second))
        assert (parts.share is None) == (parts.kind != "shares")
        assert (parts.factor is None) == (parts.kind != "product")
        if parts.factor is not None:
            close(parts.factor * at(maps.first_order, cell), parts.weight)
        assert (parts.query_row is None) == (kind != "value_weighted")
        if parts.query_row is not None:
            close(parts.query_row * parts.key_column, parts.terms)
            assert (parts.terms[: cell.key] == 0).all()
        if model.config.backbone == "sasrec":
            assert parts.squared_weight is None and parts.squared_sum is None
        else:
            close(parts.squared_weight, parts.weight**2)
            row = maps.refined[cell.head, cell.query].tolist()
            close(parts.squared_sum, sum(weight**2 for weight in row))
