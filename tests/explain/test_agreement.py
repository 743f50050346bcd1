"""Rank correlations against counted pairs, and their attention rows."""

import numpy as np
import pytest
import torch

import awrsr
from awrsr.errors import DataError
from awrsr.explain import prediction_rows
from awrsr.ranking.statistics import STATISTICS, kendall_tau_b, spearman

HISTORY = [3, 1, 4, 1, 5]
KINDS = ("first_order", "second_order", "refined")
both = pytest.mark.parametrize("statistic", STATISTICS.values(), ids=STATISTICS)


def slow_spearman(a, b):
    """Pearson correlation of ranks: 1 + number below + half of the number of ties."""

    def ranks(values):
        return [
            1 + sum(o < v for o in values) + (sum(o == v for o in values) - 1) / 2 for v in values
        ]

    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def slow_tau_b(a, b):
    concordant = discordant = tied_a = tied_b = 0
    for i in range(len(a)):
        for j in range(i):
            x, y = a[i] - a[j], b[i] - b[j]
            concordant += x * y > 0
            discordant += x * y < 0
            tied_a += x == 0
            tied_b += y == 0
    pairs = len(a) * (len(a) - 1) / 2
    return (concordant - discordant) / ((pairs - tied_a) * (pairs - tied_b)) ** 0.5


def examples():
    generator = np.random.default_rng(0)
    for n in (3, 4, 10, 50):
        a, b = generator.normal(size=(2, n))
        yield a, b
        yield np.r_[generator.integers(0, 3, n - 1), 9], np.r_[b[1:], -9]  # ties
    yield np.array([1, 1, 2]), np.array([2, 1, 1])


@pytest.mark.parametrize("pair", list(examples()))
def test_equals_the_slow_references(pair):
    a, b = (values.tolist() for values in pair)
    assert spearman(a, b) == pytest.approx(slow_spearman(a, b), abs=1e-12)
    assert kendall_tau_b(a, b) == pytest.approx(slow_tau_b(a, b), abs=1e-12)


def test_worked_by_hand():
    """Ranks 1 2 3 4 and 1 3 2 4: one pair of six is discordant."""
    a, b = [1, 2, 3, 4], [0.1, 0.3, 0.2, 0.4]
    assert spearman(a, b) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert kendall_tau_b(a, b) == pytest.approx((5 - 1) / 6)


@both
def test_only_the_order_counts(statistic):
    a, b = np.random.default_rng(1).normal(size=(2, 20))
    value = statistic(a, b)
    assert statistic(b, a) == pytest.approx(value)
    assert statistic(np.exp(a), 3 * b + 7) == pytest.approx(value)
    assert statistic(-a, b) == pytest.approx(-value)
    assert (statistic(a, a), statistic(a, -a)) == (1, -1)


@both
@pytest.mark.parametrize(
    "pair", [([], []), ([1], [2]), ([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0, 0, 0])]
)
def test_an_undefined_correlation_is_neither_nan_nor_0(statistic, pair):
    assert statistic(*pair) is None


@both
def test_rows_that_do_not_fit_or_are_not_finite_are_refused(statistic):
    with pytest.raises(DataError, match=r"received shapes \(3,\) and \(4,\)"):
        statistic([1, 2, 3], [1, 2, 3, 4])
    with pytest.raises(DataError, match="needs finite values"):
        statistic([1, 2, np.nan], [1, 2, 3])


@pytest.mark.parametrize("refinement", ["none", "additive"])
def test_the_last_row_of_every_map_and_the_mean_of_its_heads(make_model, refinement):
    trace = awrsr.trace(make_model("sasrec", refinement), HISTORY)
    rows = list(prediction_rows(trace))
    kinds = [kind for kind in KINDS if refinement != "none" or kind != "second_order"]
    expected = [
        (layer, head, kind) for layer in range(2) for head in (0, 1, None) for kind in kinds
    ]
    assert [(row.layer, row.head, row.kind) for row in rows] == expected
    for row in rows:
        maps = getattr(trace.layers[row.layer], row.kind)
        chosen = maps.mean(dim=0) if row.head is None else maps[row.head]
        torch.testing.assert_close(torch.tensor(row.weights), chosen[-1])
        assert row.weights.sum() == pytest.approx(1)
