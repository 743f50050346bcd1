"""Removals: equal to scoring each shorter history alone, and as small as those of brute force."""

from itertools import combinations

import numpy as np
import pytest
from helpers import PAIRS, rank_of

from awrsr.errors import ConfigError, DataError
from awrsr.explain.removal import (
    remove_each,
    smallest_removal,
    without,
)
from awrsr.ranking import scoring
from awrsr.ranking.recommendation import ranked_catalogue, trace
from awrsr.ranking.scoring import score_histories, target_standings

HISTORY = [3, 1, 4, 1, 5, 9]


class Reference:
    """One trace per shorter history; candidates exclude the whole history."""

    def __init__(self, model, history):
        self.model, self.history = model, history
        self.scores = {}

    def rank_without(self, entries, target):
        left = tuple(without(self.history, entries))
        if left not in self.scores:
            self.scores[left] = trace(self.model, list(left)).item_scores
        return rank_of(self.scores[left], target, self.history)

    def smallest_sets(self, target, k):
        """All sets of entries of minimum size that push the target out, by enumeration."""
        for size in range(len(self.history)):
            found = [
                list(entries)
                for entries in combinations(range(len(self.history)), size)
                if self.rank_without(entries, target) > k
            ]
            if found:
                return found
        return []


@pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
def test_histories_of_many_lengths_score_as_each_alone(make_model, backbone, refinement):
    model = make_model(backbone, refinement)
    histories = [[2], HISTORY, [7, 7], list(range(1, 12)), [5, 4, 3]]
    together = np.concatenate([block.numpy() for block in score_histories(model, histories)])
    alone = np.stack([trace(model, history).item_scores.numpy() for history in histories])
    np.testing.assert_allclose(together, alone, atol=1e-12)


def test_blocks_change_nothing(make_model, monkeypatch):
    model = make_model("stosa", "stochastic")
    histories = [HISTORY[:length] for length in range(1, 7)]
    full = target_standings(model, histories, 8, [HISTORY] * 6, k=3)
    monkeypatch.setattr(scoring, "MIN_ROWS", 1)
    monkeypatch.setattr(scoring, "BLOCK_SCORES", 22)
    assert len(list(score_histories(model, histories))) == 3
    parts = target_standings(model, histories, 8, [HISTORY] * 6, k=3)
    np.testing.assert_allclose(parts.scores, full.scores, atol=1e-12)
    np.testing.assert_allclose(parts.margins, full.margins, atol=1e-12)
    assert parts.ranks.tolist() == full.ranks.tolist()


@pytest.mark.parametrize("k", [1, 3, 6, 11, 50])
def test_a_margin_is_above_zero_exactly_in_the_top_k(make_model, k):
    model = make_model("sasrec", "additive")
    for target in range(1, 12):
        standings = target_standings(model, [HISTORY, HISTORY[:2], [7]], target, [HISTORY] * 3, k=k)
        assert ((standings.margins > 0) == (standings.ranks <= k)).all()


@pytest.mark.parametrize("length", [2, 6, 11])
def test_each_entry_is_really_removed_and_stays_excluded(make_model, length):
    """There are eleven items, and the model sees eight: an older item enters."""
    model = make_model("sasrec", "value_weighted")
    history = [1 + i * 7 % 11 for i in range(length)]
    reference = Reference(model, history)
    for target in (history[0], 6):
        result = remove_each(model, history, target)
        assert result.rank == reference.rank_without([], target)
        assert result.ranks.tolist() == [
            reference.rank_without([place], target) for place in range(length)
        ]
        scores = [
            trace(model, without(history, [place])).item_scores[target - 1].item()
            for place in range(length)
        ]
        np.testing.assert_allclose(result.scores, scores, atol=1e-12)
    if length == 11:
        np.testing.assert_allclose(result.scores[:3], result.score, atol=1e-12)  # out of view
        assert abs(result.scores[3:] - result.score).min() > 1e-6


@pytest.mark.few(5)
@pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
@pytest.mark.parametrize("max_length", [3, 8])
def test_exhaustive_search_equals_brute_force(make_model, backbone, refinement, max_length):
    model = make_model(backbone, refinement, max_length=max_length, hidden_size=16)
    ranked = ranked_catalogue(trace(model, HISTORY).item_scores, HISTORY)["item"].tolist()
    reference, outcomes = Reference(model, HISTORY), set()
    for k in (1, 3):
        for target in (3, *ranked[:3], ranked[-1]):
            result = smallest_removal(model, HISTORY, target, k)
            expected = reference.smallest_sets(target, k)
            outcomes.add(result.outcome)
            assert (result.search, result.proven) == ("exhaustive", True)
            assert result.rank == reference.rank_without([], target)
            assert result.rank_after == reference.rank_without(result.entries, target)
            if not expected:
                assert (result.outcome, result.entries) == ("none", [])
            elif expected == [[]]:
                assert (result.outcome, result.entries, result.scored) == ("already out", [], 1)
            else:
                assert result.outcome == "found"
                assert result.entries in expected
                assert result.at_least == len(result.entries)
                if max_length == 8:
                    assert result.alternatives == len(expected) - 1
    assert "already out" in outcomes
    assert "found" in outcomes or refinement == "identity"  # identity uses only the newest item


@pytest.mark.few(3)
@pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
def test_greedy_search_is_an_upper_bound_and_needs_all_it_removes(make_model, backbone, refinement):
    model = make_model(backbone, refinement)
    history = [3, 1, 4, 1, 5, 9, 2, 10]
    reference = Reference(model, history)
    for k in (1, 2, 3):
        for target in (6, 7, 8, 11):
            exact = smallest_removal(model, history, target, k)
            result = smallest_removal(model, history, target, k, budget=1)
            if exact.outcome == "already out":
                assert result == exact
                continue
            assert (result.search, result.at_least) == ("greedy", 1)
            assert result.scored <= 1 + 8 * 9 // 2 + 8 * 9 // 2
            if result.outcome == "found":
                assert len(result.entries) >= len(exact.entries) >= 1
                assert result.proven == (len(result.entries) == 1)
                assert reference.rank_without(result.entries, target) == result.rank_after > k
                for place in result.entries:
                    fewer = [other for other in result.entries if other != place]
                    assert not fewer or reference.rank_without(fewer, target) <= k


def test_the_budget_bounds_the_scored_histories(make_model):
    model = make_model("sasrec", "simple")
    hardest = max(
        (smallest_removal(model, HISTORY, target, k) for target in (2, 6, 7) for k in (2, 4, 5)),
        key=lambda result: len(result.entries),
    )
    assert len(hardest.entries) > 1 or hardest.outcome == "none"
    for budget, at_least in ((6, 1), (7, 2), (21, 2), (22, 3)):
        results = [
            smallest_removal(model, HISTORY, target, k, budget=budget)
            for target in (2, 6, 7)
            for k in (2, 4, 5)
        ]
        greedy = [result for result in results if result.search == "greedy"]
        assert all(result.at_least == at_least for result in greedy)
        assert all(result.scored <= budget for result in results if result not in greedy)


def test_a_single_item_cannot_be_removed(make_model):
    model = make_model()
    best = int(trace(model, [4]).item_scores.argmax()) + 1
    result = smallest_removal(model, [4], best)
    assert (result.outcome, result.search, result.proven) == ("none", "exhaustive", True)
    with pytest.raises(DataError, match="the history has 1 item; without it nothing is left"):
        remove_each(model, [4], best)


def test_refusals(make_model):
    model = make_model()
    with pytest.raises(DataError, match="the history is empty"):
        smallest_removal(model, [], 1)
    with pytest.raises(DataError, match="target 12 is not an item"):
        remove_each(model, [1, 2], 12)
    with pytest.raises(ConfigError, match="k and budget must be 1 or more; received 0 and 5"):
        smallest_removal(model, [1, 2], 1, 0, budget=5)
