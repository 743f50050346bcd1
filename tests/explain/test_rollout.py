"""Attention rollout against a walk over all paths, and its laws."""

import itertools

import pytest
import torch
from helpers import PAIRS

from awrsr.explain import rollout
from awrsr.ranking.recommendation import trace
from awrsr.refinement import REFINEMENTS


def all_paths(maps, query, key):
    """The sum over all paths from a query to a key, one step per layer, each step halved."""
    m, depth = maps[0].shape[-1], len(maps)
    total = 0.0
    for between in itertools.product(range(m), repeat=depth - 1):
        path, share = (query, *between, key), 1.0
        for layer, (row, column) in zip(reversed(maps), itertools.pairwise(path), strict=True):
            mean = sum(float(head[row, column]) for head in layer) / len(layer)
            share *= (mean + (row == column)) / 2
        total += share
    return total


@pytest.mark.parametrize("kind", ["first_order", "second_order", "refined"])
@pytest.mark.parametrize("backbone, refinement", PAIRS)
def test_rollout_is_the_sum_over_paths(make_model, backbone, refinement, kind):
    result = trace(make_model(backbone, refinement).double(), [3, 1, 4, 1])
    maps = [weights for weights in result.maps(kind) if weights is not None]
    if not maps:
        assert not REFINEMENTS[refinement].has_second_order()
        return
    for depth, rolled in enumerate(rollout(maps), start=1):
        for query, key in itertools.product(range(4), repeat=2):
            wanted = all_paths(maps[:depth], query, key)
            assert float(rolled[query, key]) == pytest.approx(wanted, abs=1e-12)
        torch.testing.assert_close(rolled.sum(-1), torch.ones(4, dtype=torch.float64))
        assert (rolled.triu(1) == 0).all()


def test_without_a_layer_there_is_no_rollout():
    assert rollout([]) == []
