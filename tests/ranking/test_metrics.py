"""Ranks and metrics, computed by hand."""

import math

import numpy as np
import pytest
import torch

from awrsr.ranking.metrics import CUTOFFS, best_places, summarise, target_ranks

pytestmark = pytest.mark.shapes

NAN = math.nan


def rank(scores: list[float], target: int, excluded: list[int] | None = None) -> int:
    pairs = None
    if excluded is not None:
        pairs = (torch.zeros(len(excluded), dtype=torch.long), torch.tensor(excluded).long())
    ranks = target_ranks(torch.tensor([scores]), torch.tensor([target]), pairs)
    assert ranks.shape == (1,)
    return int(ranks)


@pytest.mark.parametrize(
    ("scores", "target", "excluded", "expected"),
    [
        pytest.param([5, 4, 3, 2], 1, None, 1, id="best"),
        pytest.param([5, 4, 3, 2], 3, None, 3, id="third"),
        pytest.param([5, 4, 3, 2], 4, None, 4, id="last"),
        pytest.param([5, 4, 4, 2], 2, None, 3, id="a tie counts against the target"),
        pytest.param([5, 4, 4, 2], 3, None, 3, id="a tie with the other item, too"),
        pytest.param([7, 7, 7, 7], 1, None, 4, id="a constant model ranks last"),
        pytest.param([NAN] * 4, 1, None, 4, id="a model without numbers ranks last"),
        pytest.param([5, NAN, 3, 2], 2, None, 4, id="a target without a number ranks last"),
        pytest.param([5, NAN, 3, NAN], 1, None, 3, id="others without a number count against"),
        pytest.param([5, 4, 3, 2], 4, [1, 2], 2, id="excluded items are not candidates"),
        pytest.param([5, NAN, 3, 2], 3, [1, 2], 1, id="excluded items without a number, neither"),
        pytest.param([5, 4, 3, 2], 4, [1, 4], 3, id="the target is always a candidate"),
        pytest.param([5, 4, 3, 2], 4, [1, 1, 4, 4, 1], 3, id="repeats make no difference"),
        pytest.param([5, 4, 3, 2], 3, [], 3, id="nothing excluded"),
        pytest.param([-9e30, -9e30, -1e38, 0], 1, [2], 2, id="very low scores"),
        pytest.param([1], 1, [1], 1, id="a catalogue of one"),
    ],
)
def test_ranks_by_hand(scores, target, excluded, expected):
    assert rank([float(score) for score in scores], target, excluded) == expected


def test_each_user_has_exclusions_of_their_own():
    scores = torch.tensor([[5.0, 4, 3, 2], [5, 4, 3, 2], [2, 3, 4, 5]])
    excluded = (torch.tensor([0, 0, 2]), torch.tensor([1, 2, 4]))
    assert target_ranks(scores, torch.tensor([4, 4, 1]), excluded).tolist() == [2, 4, 3]


def test_ranks_equal_a_loop():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 6, (40, 15), generator=generator).double()  # with many ties
    targets = torch.randint(1, 16, (40,), generator=generator)
    rows = torch.randint(0, 40, (99,), generator=generator)
    items = torch.randint(1, 16, (99,), generator=generator)
    expected = []
    for user, target in enumerate(targets.tolist()):
        seen = {
            item for row, item in zip(rows.tolist(), items.tolist(), strict=True) if row == user
        }
        others = set(range(1, 16)) - seen - {target}
        score = scores[user, target - 1]
        expected.append(1 + sum(bool(scores[user, item - 1] >= score) for item in others))
    assert target_ranks(scores, targets, (rows, items)).tolist() == expected


def test_metrics_by_hand():
    """Ranks 1, 2, 7, 15, 30: gains 1, 1 / log2(3), 1 / log2(8), 1 / log2(16) and 1 / log2(31)."""
    second = 1 / math.log2(3)
    reciprocals = [1, 1 / 2, 1 / 7, 1 / 15, 1 / 30]
    assert summarise([1, 2, 7, 15, 30]) == pytest.approx(
        {
            "HR@1": 1 / 5,
            "HR@5": 2 / 5,
            "HR@10": 3 / 5,
            "HR@20": 4 / 5,
            "NDCG@1": 1 / 5,
            "NDCG@5": (1 + second) / 5,
            "NDCG@10": (1 + second + 1 / 3) / 5,
            "NDCG@20": (1 + second + 1 / 3 + 1 / 4) / 5,
            "MRR": sum(reciprocals) / 5,
            "MRR@40": sum(reciprocals) / 5,
        }
    )


@pytest.mark.parametrize(
    ("only", "hits"), [(1, 4), (5, 3), (6, 2), (10, 2), (11, 1), (20, 1), (21, 0)], ids=str
)
def test_a_rank_equal_to_the_cutoff_is_a_hit(only, hits):
    metrics = summarise([only])
    assert sum(metrics[f"HR@{k}"] for k in CUTOFFS) == hits
    assert sum(metrics[f"NDCG@{k}"] > 0 for k in CUTOFFS) == hits


@pytest.mark.parametrize(("only", "expected"), [(40, 1 / 40), (41, 0.0)], ids=str)
def test_mrr_at_40_ignores_lower_ranks(only, expected):
    metrics = summarise([only])
    assert metrics["MRR@40"] == expected
    assert metrics["MRR"] == 1 / only


def test_cutoffs_beyond_the_catalogue_are_hits_for_every_user():
    """A constant model on three items: all ranks 3."""
    ranks = target_ranks(torch.zeros(4, 3), torch.tensor([1, 2, 3, 1]))
    metrics = summarise(ranks)
    assert metrics["HR@1"] == 0
    assert metrics["HR@5"] == metrics["HR@20"] == 1
    assert metrics["NDCG@20"] == 1 / 2
    assert np.isclose(metrics["MRR"], 1 / 3)


@pytest.mark.parametrize("values", [2, 5, 1000, 10**9], ids="{} values".format)
def test_best_places_are_those_of_a_stable_sort(values):
    generator = torch.Generator().manual_seed(values)
    scores = torch.randint(0, values, (6, 300), generator=generator).float()
    scores[0, 7] = scores[1, :299] = -math.inf
    scores[2, 5] = scores[3, :200] = scores[4] = NAN
    before = scores.clone()
    ordered = scores.sort(dim=1, descending=True, stable=True).indices
    for k in (0, 1, 2, 10, 299, 300, 301):
        assert torch.equal(best_places(scores, k), ordered[:, :k])
    assert torch.equal(scores.nan_to_num(), before.nan_to_num())
