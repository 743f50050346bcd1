"""Explanations: the values of items, and the order that follows from them."""

import numpy as np

from awrsr.data.batching import history_and_target, training_popularity
from awrsr.explain import EXPLANATIONS, Explained, explanation_orders, ranked, rollout
from awrsr.ranking.recommendation import trace

HISTORY = [3, 1, 4, 1, 5, 9]
TARGET = 7


def test_attention_values_are_those_of_the_last_rows(make_model):
    model = make_model("sasrec", "additive")
    traced = trace(model, HISTORY)
    last = traced.layers[-1]
    asked = Explained(model=model, trace=traced, target=TARGET, popularity=None, seed=0, n_random=0)
    found = {
        name: each.values(asked) for name, each in EXPLANATIONS.items() if each.kind == "attention"
    }
    expected = {
        "first_order": sum(head[-1] for head in last.first_order) / 2,
        "second_order": sum(head[-1] for head in last.second_order) / 2,
        "refined": sum(head[-1] for head in last.refined) / 2,
        "rollout": rollout([layer.refined for layer in traced.layers])[-1][-1],
        "weight_x_value_norm": sum(
            head[-1] * norm
            for head, norm in zip(last.refined, last.transformed_value_norm, strict=True)
        )
        / 2,
    }
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values.numpy(), atol=1e-12)


def test_every_explanation_orders_the_items_the_model_saw(make_model, tiny_dataset):
    popularity = training_popularity(tiny_dataset)
    history = [1 + i * 7 % 11 for i in range(11)]
    for refinement, lacking in (("none", {"second_order", "refined"}), ("additive", set())):
        model = make_model("sasrec", refinement)
        traced = trace(model, history)
        found = explanation_orders(model, traced, TARGET, popularity, n_random=3)
        assert list(found) == [name for name in EXPLANATIONS if name not in lacking]
        assert all(sorted(order) == list(range(8)) for each in found.values() for order in each)
        assert found["recency"] == [list(range(7, -1, -1))]
        counts = [popularity[item - 1] for item in traced.items]
        assert [counts[p] for p in found["popularity"][0]] == sorted(counts, reverse=True)
        assert len(found["random"]) == len(found["random_newest_first"]) == 3
        assert all(order[0] == 7 for order in found["random_newest_first"])
        again = explanation_orders(model, traced, TARGET, popularity, n_random=3)
        assert again == found
        other = explanation_orders(model, traced, TARGET, popularity, n_random=3, seed=1)
        assert other["random"] != found["random"]
        assert other["first_order"] == found["first_order"]
    assert "popularity" not in explanation_orders(model, traced, TARGET)


def test_random_orders_are_the_same_for_every_model(make_model):
    found = [
        explanation_orders(model, trace(model, HISTORY), TARGET)["random"]
        for model in (make_model(), make_model("stosa", "stochastic"))
    ]
    assert found[0] == found[1]


def test_the_newer_of_equal_values_comes_first():
    assert ranked([1, 3, 1, 3]) == [3, 1, 2, 0]


def test_popularity_counts_training_parts_only(tiny_dataset):
    counts = np.zeros(tiny_dataset.n_items, dtype=int)
    for user in range(tiny_dataset.n_users):
        for item in history_and_target(tiny_dataset, user, "validation")[0]:
            counts[item - 1] += 1
    assert training_popularity(tiny_dataset).tolist() == counts.tolist()
