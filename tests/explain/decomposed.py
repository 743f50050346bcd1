"""Models of every setting, their traces cell by cell, and learned matrices as lists."""

from functools import partial

import numpy as np
import pytest
from helpers import OUR_READINGS, reading_id

from awrsr.explain import Cell

N = 8
ITEMS = [3, 1, 4, 1, 5, 9, 2, 6]
close = partial(np.testing.assert_allclose, rtol=0, atol=1e-11)


OF_EVERY_SETTING = [case.values for case in OUR_READINGS]


def of_all(cases):
    """Models of these backbones and refinements with traces of 1, 3 and n items; with non-default
    settings, of 4 items."""
    usual = {"1 item": (1, None), "3 items": (3, 5), "n items": (N, None)}
    other = {"4 items": (4, 3)}
    return pytest.mark.parametrize(
        "traced",
        [
            pytest.param((*case, *size), id=f"{reading_id(*case)}, {name}")
            for case in cases
            for name, size in (other if case[2] else usual).items()
        ],
        indirect=True,
    )


def cells(found, queries=None):
    """Every cell with its layer's maps, optionally only of these queries."""
    for layer, maps in enumerate(found.layers):
        heads, m = maps.first_order.shape[:2]
        for head in range(heads):
            for query in queries or range(m):
                for key in range(query + 1):
                    yield maps, Cell(layer=layer, head=head, query=query, key=key)


def at(maps, cell):
    return float(maps[cell.head, cell.query, cell.key])


def parameter(model, cell, name):
    return dict(model.named_parameters())[f"attention.{cell.layer}.refinement.{name}"]


def weights_of(model, cell, name):
    """A learned matrix of the cell's head."""
    weight = parameter(model, cell, f"{name}.weight")
    return (weight[cell.head] if model.config.matrices == "head" else weight).tolist()
