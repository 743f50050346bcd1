"""The evidence for a recommendation, and whether attention shows it, against manual counts."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers import OURS
from scipy.stats import spearmanr

import awrsr
from awrsr.explain import find_evidence, remove_each
from awrsr.explain.evidence import FEWEST, TOP, judged
from awrsr.explain.removal import RemovedOnce

HISTORY, TARGET = [3, 1, 4, 1, 5, 9, 2, 6], 7


def removed(rank: int, score: float, scores: list[float], ranks: list[int]) -> RemovedOnce:
    return RemovedOnce(score=score, rank=rank, scores=np.array(scores), ranks=np.array(ranks))


def trace_of(weights: list[float], dropped: int = 0):
    """A trace of one layer and head whose last row is this one."""
    import torch

    rows = torch.zeros(1, len(weights), len(weights))
    rows[0, -1] = torch.tensor(weights)
    layer = SimpleNamespace(first_order=rows, second_order=None, refined=rows)
    return SimpleNamespace(layers=[layer], dropped=dropped)


@pytest.mark.parametrize(("backbone", "refinement"), OURS)
def test_numbers_are_those_counted_by_hand(make_model, backbone: str, refinement: str):
    model = make_model(backbone, refinement)
    trace, once = awrsr.trace(model, HISTORY), remove_each(model, HISTORY, TARGET)
    found = find_evidence(trace, once)
    effects = [once.score - score for score in once.scores]
    assert found.rank == once.rank and found.moved == any(once.ranks != once.rank)
    among = [
        entry for entry in range(len(HISTORY)) if not found.moved or once.ranks[entry] != once.rank
    ]
    largest = max(among, key=lambda entry: (abs(effects[entry]), -entry))
    first = found.decisive[0]
    assert (first.entry, first.rank) == (largest, once.ranks[largest])
    assert first.effect == pytest.approx(effects[largest])
    for other in found.decisive[1:]:
        assert abs(other.effect) >= abs(first.effect) / 2
    kinds = [row.kind for row in found.rows]
    has_second = trace.layers[-1].second_order is not None
    assert kinds == (["first_order", "second_order", "refined"] if has_second else ["first_order"])
    for row in found.rows:
        weights = getattr(trace.layers[-1], row.kind)[:, -1].mean(0).numpy()
        seen = effects[trace.dropped :]
        for decisive, place, times in zip(found.decisive, row.places, row.times, strict=True):
            entry = decisive.entry - trace.dropped
            if entry < 0:
                assert (place, times) == (None, None)
                continue
            assert place == 1 + sum(weight > weights[entry] for weight in weights)
            assert times == pytest.approx(weights[entry] * len(weights), rel=1e-5)
        if row.rho is not None:
            assert row.rho == pytest.approx(spearmanr(weights, np.abs(seen)).statistic)
    recency = spearmanr(np.arange(len(seen)), np.abs(seen)).statistic
    assert found.recency_rho == pytest.approx(recency)


def test_a_history_of_one_entry_has_no_evidence():
    found = find_evidence(trace_of([1.0]), None)
    assert (found.decisive, found.rows, found.moved) == ([], [], False)


def test_two_entries_have_no_judgement():
    found = find_evidence(trace_of([0.9, 0.1]), removed(5, 1.0, [0.2, 0.9], [9, 5]))
    assert [(one.entry, one.rank) for one in found.decisive] == [(0, 9)]
    assert [row.judgement for row in found.rows] == ["unknown"]
    assert found.rows[0].rho is None


def test_the_older_of_equal_effects_is_first_and_half_the_effect_is_enough():
    once = removed(2, 1.0, [1.0, 0.0, 0.0, 0.6, 1.0, 1.0], [2, 7, 8, 3, 2, 2])
    found = find_evidence(trace_of([1 / 6] * 6), once)
    assert [one.entry for one in found.decisive] == [1, 2]
    assert found.rows[0].places == [1, 1]  # equal weights share the better place
    assert found.rows[0].rho is None and found.rows[0].judgement == "does not"
    alone = find_evidence(
        trace_of([1 / 6] * 6), removed(2, 1.0, [1.0, 0.0, 0.6, 1, 1, 1], [2, 7, 3, 2, 2, 2])
    )
    assert [one.entry for one in alone.decisive] == [1]


def test_without_a_change_of_rank_there_is_no_judgement():
    found = find_evidence(trace_of([0.5, *[0.1] * 5]), removed(1, 1.0, [0.1, *[0.9] * 5], [1] * 6))
    assert not found.moved and found.decisive[0].entry == 0
    assert found.rows[0].judgement == "unknown" and FEWEST == 6


def test_an_entry_that_the_model_does_not_see_has_no_place():
    once = removed(4, 1.0, [0.1, *[0.9] * 6], [9, *[4] * 6])
    found = find_evidence(trace_of([1 / 6] * 6, dropped=1), once)
    assert found.rows[0].places == [None] and found.rows[0].times == [None]
    assert found.rows[0].judgement == "does not"


EFFECTS = np.array([3.0, 0, 0, 0, 0, 0, 0, 0.1])


@pytest.mark.parametrize(
    ("weights", "entries", "judgement"),
    [
        ([0.6, 0.05, 0.05, 0.05, 0.05, 0.1, 0.05, 0.05], [0], "shows it"),
        ([0.6, 0.05, 0.05, 0.05, 0.05, 0.05, 0.1, 0.05], [0, 1], "shows it in part"),
        ([0.02, 0.04, 0.06, 0.08, 0.1, 0.2, 0.2, 0.3], [7], "no more than age"),
        ([0.02, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.08], [0], "does not"),
        ([0.125] * 8, [0], "does not"),
        ([0.125] * 8, [-1], "does not"),
    ],
)
def test_what_a_row_shows(weights: list[float], entries: list[int], judgement: str):
    assert judged(np.array(weights), EFFECTS, entries) == judgement
    assert TOP == 3


def test_a_row_that_follows_all_effects_shows_them_in_part():
    effects = np.array([8.0, 7, 6, 5, 4, 3, 2, 1])
    weights = np.array([1.0, 9, 10, 8, 7, 5, 3, 2])
    found = judged(weights / weights.sum(), effects, [0])
    assert found in ("shows it in part", "does not")
    low = np.tanh(np.arctanh(spearmanr(weights, effects).statistic) - 1.96 * 1.06 / np.sqrt(5))
    assert (found == "shows it in part") == (low > 0)
