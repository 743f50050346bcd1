"""Faithfulness: laws of the curves, a slow reference, a model with a known cause."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import PAIRS, rank_of
from torch import nn

from awrsr.errors import DataError
from awrsr.explain import (
    at_shares,
    cause_measures,
    explanation_orders,
    faithfulness_curves,
    faithfulness_measures,
    ranked,
)
from awrsr.explain.removal import remove_each
from awrsr.ranking.recommendation import trace

HISTORY = [3, 1, 4, 1, 5, 9]
TARGET = 7


class OneCause(nn.Module):
    """Scores item TARGET by whether item 5 is in the history; all others have fixed scores."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(max_length=8)
        self.catalogue = SimpleNamespace(n_items=11, name="hand-made")
        self.device = torch.device("cpu")
        self.others = torch.linspace(-1, 1, 11, dtype=torch.float64)

    def forward(self, sequences):
        return sequences[..., None]

    def item_scores(self, states):
        raise NotImplementedError

    def of(self, sequences):
        found = self.others.repeat(len(sequences), 1)
        found[:, TARGET - 1] = (sequences == 5).any(dim=1) * 4.0 - 2.0
        return found


class HandMade(OneCause):
    """The prediction state contains the whole sequence, so that scores can depend on all of it."""

    def forward(self, sequences):
        return self.of(sequences)[:, None, :]

    def item_scores(self, states):
        return states


def by_loop(model, history, target, order):
    """Reference: one trace per step, without sharing or padding."""
    seen = history[-model.config.max_length :]
    found = {"deletion": [], "insertion": []}
    for kind, kept_places in (
        ("deletion", [order[gone:] for gone in range(len(seen))]),
        ("insertion", [order[:kept] for kept in range(1, len(seen) + 1)]),
    ):
        for places in kept_places:
            shorter = [item for place, item in enumerate(seen) if place in places]
            scores = trace(model, shorter).item_scores
            score = float(scores[target - 1])
            found[kind].append(
                (
                    score,
                    (score - float(scores.mean())) / float(scores.std(correction=0)),
                    rank_of(scores, target, history),
                )
            )
    return {kind: np.array(steps) for kind, steps in found.items()}


@pytest.mark.few(6)
@pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
@pytest.mark.parametrize("length", [2, 6, 11])
def test_curves_equal_one_trace_a_step(make_model, backbone, refinement, length):
    """There are eleven items, and the model sees eight: the oldest three never enter."""
    model = make_model(backbone, refinement)
    history = [1 + i * 7 % 11 for i in range(length)]
    m = min(length, 8)
    orders = {
        "some": [np.random.default_rng(length).permutation(m).tolist()],
        "recency": [list(range(m))[::-1]],
    }
    found = faithfulness_curves(model, history, TARGET, orders)
    for name, (order,) in orders.items():
        expected = by_loop(model, history, TARGET, order)
        for kind in ("deletion", "insertion"):
            curve = getattr(found[name], kind)
            assert curve.kept.tolist() == sorted(range(1, m + 1), reverse=kind == "deletion")
            np.testing.assert_allclose(curve.scores, expected[kind][:, 0], atol=1e-10)
            np.testing.assert_allclose(curve.standard_scores, expected[kind][:, 1], atol=1e-10)
            assert curve.ranks.tolist() == expected[kind][:, 2].tolist()
            np.testing.assert_allclose(curve.ndcg, 1 / np.log2(curve.ranks + 1))


def test_all_orders_share_the_whole_history_and_the_curves_of_one_mirror_those_of_the_reverse(
    make_model,
):
    model = make_model("sasrec", "additive")
    order = [2, 0, 5, 1, 4, 3]
    found = faithfulness_curves(
        model, HISTORY, TARGET, {"order": [order], "reverse": [order[::-1]]}
    )
    score = trace(model, HISTORY).item_scores[TARGET - 1]
    for each in found.values():
        assert each.deletion.scores[0] == each.insertion.scores[-1] == pytest.approx(float(score))
    for name in ("scores", "standard_scores", "ranks", "ndcg"):
        deleted = getattr(found["order"].deletion, name)
        # without the first k items equals with only the last m - k
        np.testing.assert_array_equal(deleted, getattr(found["reverse"].insertion, name)[::-1])


def test_several_orders_are_averaged(make_model):
    model = make_model("stosa", "stochastic")
    several = [[0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4]]
    together = faithfulness_curves(model, HISTORY, TARGET, {"both": several})["both"]
    alone = [
        faithfulness_curves(model, HISTORY, TARGET, {"one": [order]})["one"] for order in several
    ]
    for name in ("scores", "ranks", "ndcg"):
        mean = np.mean([getattr(each.insertion, name) for each in alone], axis=0)
        np.testing.assert_allclose(getattr(together.insertion, name), mean)


def test_the_order_of_a_known_cause_is_best_and_its_reverse_worst():
    model = HandMade()
    place = HISTORY.index(5)
    others = [p for p in range(6) if p != place]
    shuffled = np.random.default_rng(0)
    orders = {
        "right": [[place, *others]],
        "wrong": [[*others, place]],
        "random": [shuffled.permutation(6).tolist() for _ in range(50)],
    }
    found = {
        name: faithfulness_measures(each)
        for name, each in faithfulness_curves(model, HISTORY, TARGET, orders).items()
    }
    for name in ("deletion", "deletion_ndcg", "sufficiency"):
        assert found["right"][name] < found["random"][name] < found["wrong"][name]
    for name in ("insertion", "insertion_ndcg", "comprehensiveness"):
        assert found["right"][name] > found["random"][name] > found["wrong"][name]
    assert found["right"]["sufficiency"] == pytest.approx(0)
    curve = faithfulness_curves(model, HISTORY, TARGET, orders)["right"].deletion
    assert curve.scores.tolist() == [2.0] + [-2.0] * 5
    # heights 2, -2, -2, -2, -2, -2 in equal steps: (0 - 2 - 2 - 2 - 2) / 5
    scored = faithfulness_measures(
        type(curve_pair := faithfulness_curves(model, HISTORY, TARGET, orders)["right"])(
            deletion=with_scores(curve_pair.deletion), insertion=with_scores(curve_pair.insertion)
        )
    )
    assert scored["deletion"] == pytest.approx(-8 / 5)
    assert scored["insertion"] == pytest.approx(2)
    assert scored["comprehensiveness"] == pytest.approx(4)


def with_scores(curve):
    """The curve with plain scores in place of standard scores."""
    return type(curve)(**{**vars(curve), "standard_scores": curve.scores})


@pytest.mark.parametrize(("backbone", "refinement"), PAIRS)
def test_no_first_removal_costs_more_than_the_largest_effect(make_model, backbone, refinement):
    model = make_model(backbone, refinement)
    removed = remove_each(model, HISTORY, TARGET)
    orders = {"truth": [ranked(removed.score - removed.scores)]}
    orders |= {str(p): [[p, *(q for q in range(6) if q != p)]] for p in range(6)}
    found = faithfulness_curves(model, HISTORY, TARGET, orders)
    after = {name: each.deletion.scores[1] for name, each in found.items()}
    assert after["truth"] == min(after.values())
    # leave one out, the attribution, gives the same for histories that fit
    of_model = explanation_orders(model, trace(model, HISTORY), TARGET)
    assert of_model["leave_one_out"][0][0] == orders["truth"][0][0]


# --- numbers --------------------------------------------------------------------------------------


def test_cause_measures_by_hand():
    order = [4, 2, 0, 1, 3]
    assert cause_measures([order], [4]) == {"average_precision": 1, "hits": 1}
    assert cause_measures([order], [3]) == {"average_precision": 1 / 5, "hits": 0}
    # second and fourth: (1/2 + 2/4) / 2; one of the two is among the first two
    assert cause_measures([order], [1, 2]) == {"average_precision": 0.5, "hits": 0.5}
    assert cause_measures([order, order[::-1]], [4])["average_precision"] == pytest.approx(0.6)
    for wrong in ([], [5]):
        with pytest.raises(DataError, match="causes must be places"):
            cause_measures([order], wrong)


def test_average_precision_equals_a_loop():
    generator = np.random.default_rng(0)
    for _ in range(50):
        order = generator.permutation(9).tolist()
        causes = generator.choice(9, size=generator.integers(1, 4), replace=False).tolist()
        precisions = [
            len(set(order[: k + 1]) & set(causes)) / (k + 1) for k in range(9) if order[k] in causes
        ]
        found = cause_measures([order], causes)["average_precision"]
        assert found == pytest.approx(np.mean(precisions))


def test_a_curve_at_shares_goes_through_its_steps(make_model):
    curve = faithfulness_curves(make_model(), HISTORY[:4], TARGET, {"o": [[2, 0, 3, 1]]})["o"]
    for each in (curve.deletion, curve.insertion):
        found = at_shares(each, np.array([0.1, 0.25, 0.5, 0.625, 1]))
        heights = dict(zip(each.kept.tolist(), each.scores.tolist(), strict=True))
        assert np.isnan(found.scores[0])
        expected = [heights[1], heights[2], (heights[2] + heights[3]) / 2, heights[4]]
        np.testing.assert_allclose(found.scores[1:], expected)


@pytest.mark.parametrize(
    ("history", "orders", "words"),
    [
        ([3], {"o": [[0]]}, "the history has 1 item"),
        ([3, 4], {"o": [[0, 0]]}, "o must order the places 0 to 1"),
        ([3, 4], {"o": []}, "o must order"),
        ([3, 99], {"o": [[0, 1]]}, "99 is not an item"),
    ],
)
def test_histories_without_a_curve_are_refused(make_model, history, orders, words):
    with pytest.raises(DataError, match=words):
        faithfulness_curves(make_model(), history, TARGET, orders)
