"""Overlap of two rankings: against sets counted depth by depth, and by its laws."""

import math

import numpy as np
import pytest

from awrsr.errors import ConfigError, DataError
from awrsr.ranking.overlap import DEPTH, PERSISTENCE, overlap_at, rank_biased_overlap


def slow_rbo(first, second, p):
    """The definition, with sets at every depth."""
    depth, total = len(first), 0.0
    for d in range(1, depth + 1):
        total += len(set(first[:d]) & set(second[:d])) / d * p**d
    return len(set(first) & set(second)) / depth * p**depth + (1 - p) / p * total


def rankings(depth, shared, seed):
    generator = np.random.default_rng(seed)
    first = generator.permutation(depth) + 1
    second = generator.permutation(depth) + 1 + depth - shared
    return first.tolist(), second.tolist()


@pytest.mark.parametrize("p", [0.5, 0.9, 0.98])
@pytest.mark.parametrize("shared", [0, 1, 7, 30])
@pytest.mark.parametrize("seed", range(3))
def test_rank_biased_overlap_is_its_definition(p, shared, seed):
    first, second = rankings(30, shared, seed)
    value = rank_biased_overlap(first, second, p)
    assert value == pytest.approx(slow_rbo(first, second, p), abs=1e-12)
    assert value == pytest.approx(rank_biased_overlap(second, first, p), abs=1e-15)
    assert 0 <= value <= 1


def test_by_hand():
    """A_1 = 0, A_2 = 1, A_3 = 2/3: 2/3 of 1/8, plus 1/2 (0 + 1/2 + 2/3 * 1/4)."""
    assert rank_biased_overlap([1, 2, 3], [2, 1, 4], 0.5) == pytest.approx(1 / 12 + 1 / 3)


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_identical_rankings_give_1_and_disjoint_ones_0(depth):
    items = list(range(1, depth + 1))
    assert rank_biased_overlap(items, items) == pytest.approx(1)
    assert rank_biased_overlap(items, [item + depth for item in items]) == 0


def test_the_top_weighs_more_than_the_tail():
    items = list(range(100))
    top = [1, 0, *items[2:]]
    tail = [*items[:-2], 99, 98]
    assert rank_biased_overlap(items, top) < rank_biased_overlap(items, tail) < 1


def test_complete_rankings_need_no_extrapolation():
    """Deeper ranks with full agreement change nothing."""
    first, second = rankings(20, 20, 0)
    longer = [list(ranking) + list(range(100, 400)) for ranking in (first, second)]
    assert rank_biased_overlap(*longer) == pytest.approx(rank_biased_overlap(first, second))


def test_the_first_ten_ranks_have_the_stated_share():
    p, k = PERSISTENCE, 10
    tail = math.log(1 / (1 - p)) - sum(p**i / i for i in range(1, k))
    assert round(1 - p ** (k - 1) + (1 - p) / p * k * tail, 2) == 0.86


@pytest.mark.parametrize("k", [1, 5, 10, 99])
def test_overlap_at_counts_the_common_items(k):
    first, second = rankings(10, 6, 1)
    assert overlap_at(first, second, k) == len(set(first[:k]) & set(second[:k]))
    assert overlap_at(first, second, k) == overlap_at(second, first, k)
    assert overlap_at([], second, k) == 0


@pytest.mark.parametrize("p", [0, 1, -0.1, 1.5])
def test_a_persistence_out_of_range_is_refused(p):
    with pytest.raises(ConfigError, match=f"p must be more than 0 and less than 1; received {p}"):
        rank_biased_overlap([1], [1], p)


def test_k_below_1_is_refused():
    with pytest.raises(ConfigError, match="k must be 1 or more; received 0"):
        overlap_at([1], [1], 0)


@pytest.mark.parametrize("pair", [([], []), ([1], [1, 2])])
def test_rankings_of_different_depth_are_refused(pair):
    with pytest.raises(DataError, match=f"received {len(pair[0])} and {len(pair[1])} items"):
        rank_biased_overlap(*pair)


@pytest.mark.parametrize("wrong", [[1, 1], [[1], [2]]])
def test_a_repeated_item_is_refused(wrong):
    with pytest.raises(DataError, match="the second ranking must be one row of items, each once"):
        rank_biased_overlap([1, 2], wrong)


@pytest.mark.parametrize("seed", range(5))
def test_ranks_below_the_depth_have_no_influence(seed):
    generator = np.random.default_rng(seed)
    first = generator.permutation(5_000)
    second = first[np.argsort(np.arange(5_000) + generator.normal(0, 10 ** (seed - 1), 5_000))]
    known = rank_biased_overlap(first, second)
    assert math.isclose(rank_biased_overlap(first[:DEPTH], second[:DEPTH]), known, abs_tol=1e-14)
