"""From one history to its trace and a ranked catalogue; refusals."""

import inspect

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import N_ITEMS, make_dataset, rank_of

from awrsr import attribute, recommend, trace
from awrsr.config import PADDING, Catalogue
from awrsr.errors import ConfigError, DataError
from awrsr.models import build_model
from awrsr.ranking.recommendation import Ranking, ranked_catalogue

HISTORY = [3, 1, 4, 1, 5]


@pytest.fixture
def model(make_model):
    return make_model("stosa", "additive")


def test_the_best_candidates_come_first_and_none_was_seen(model):
    scores = model.item_scores(model(torch.tensor([HISTORY])))[0, -1].tolist()
    candidates = [item for item in range(1, N_ITEMS + 1) if item not in HISTORY]
    expected = sorted(candidates, key=lambda item: -scores[item - 1])[:4]
    ranked = recommend(model, HISTORY, k=4)
    assert list(ranked.columns) == ["rank", "item", "score"]
    assert ranked["rank"].tolist() == [1, 2, 3, 4]
    assert ranked["item"].tolist() == expected
    assert ranked["score"].tolist() == pytest.approx([scores[item - 1] for item in expected])


def test_the_history_may_be_recommended_on_request(model):
    ranked = recommend(model, HISTORY, k=N_ITEMS, candidates="all")
    assert sorted(ranked["item"]) == list(range(1, N_ITEMS + 1))
    assert ranked["score"].is_monotonic_decreasing


def test_a_dataset_of_people_who_repeat_excludes_nothing_by_default(make_model):
    dataset = make_dataset(people_repeat=True)
    model = make_model("stosa", "additive")
    model.catalogue = model.catalogue.replace(fingerprint=dataset.fingerprint)
    assert dataset.default_candidates == "all"
    ranked = recommend(model, HISTORY, k=N_ITEMS, dataset=dataset)
    assert sorted(ranked["item"]) == list(range(1, N_ITEMS + 1))
    unseen = recommend(model, HISTORY, k=N_ITEMS, dataset=dataset, candidates="unseen")
    assert sorted(unseen["item"]) == sorted({*range(1, N_ITEMS + 1)} - {*HISTORY})
    with pytest.raises(ConfigError, match="unknown candidates 'new'; accepted: unseen, all"):
        inspect.unwrap(recommend)(model, HISTORY, candidates="new")


def test_items_beyond_the_newest_n_are_not_recommended_either(model):
    long = [7, *([2] * 8)]
    assert trace(model, long).items == [2] * 8
    assert set(recommend(model, long, k=N_ITEMS)["item"]) == set(range(1, 12)) - {2, 7}


@pytest.mark.parametrize("k", [7, N_ITEMS], ids=str)
def test_a_k_beyond_the_candidates_gives_all_of_them(model, k):
    ranked = recommend(model, HISTORY, k=k)
    assert ranked["rank"].tolist() == list(range(1, 8))
    assert set(ranked["item"]) == set(range(1, N_ITEMS + 1)) - set(HISTORY)


def test_a_history_of_the_whole_catalogue_leaves_nothing(model, tiny_dataset):
    everything = range(1, N_ITEMS + 1)
    ranked = recommend(model, everything, dataset=tiny_dataset)
    assert len(ranked) == 0
    assert list(ranked.columns) == ["rank", "item", "score", "item_id", "title"]


def test_a_known_dataset_adds_ids_and_titles(model, tiny_dataset):
    ranked = recommend(model, HISTORY, k=3, dataset=tiny_dataset)
    assert list(ranked.columns) == ["rank", "item", "score", "item_id", "title"]
    assert ranked["title"].tolist() == tiny_dataset.titles(ranked["item"])
    assert ranked["item_id"].tolist() == [str(100 + item) for item in ranked["item"]]


def test_equal_scores_are_in_item_order_and_nan_comes_last():
    scores = torch.tensor([1.0, 2.0, float("nan"), 2.0, 1.0])
    expected = pd.DataFrame(
        {"rank": [1, 2, 3, 4], "item": [2, 4, 5, 3], "score": [2.0, 2.0, 1.0, np.nan]}
    )
    actual = ranked_catalogue(scores, [1])
    pd.testing.assert_frame_equal(actual, expected, check_dtype=False)


def test_the_rank_of_an_item_is_its_place_in_the_list(model):
    scores = trace(model, HISTORY).item_scores
    before = scores.clone()
    for excluded in (HISTORY, []):
        ranked = ranked_catalogue(scores, excluded)
        ranks = [rank_of(scores, item, excluded) for item in ranked["item"]]
        assert ranks == ranked["rank"].tolist()
    assert torch.equal(scores, before)


@pytest.mark.parametrize(
    ("item", "excluded", "expected"),
    [(2, [], 3), (4, [], 3), (2, [3], 2), (4, [3, 4, 4], 2), (1, [2, 3, 4], 1), (5, [], 5)],
    ids=str,
)
def test_a_rank_counts_ties_against_the_item_and_keeps_it_a_candidate(item, excluded, expected):
    assert rank_of(torch.tensor([1.5, 2.0, 9.0, 2.0, 0.0]), item, excluded) == expected


def test_a_ranking_gives_every_item_its_own_rank():
    """With ties, and for any set of excluded items, including all."""
    generator = torch.Generator().manual_seed(0)
    for excluded in ([], [3], [1, 2, 2, 9], list(range(1, 13))):
        scores = torch.randint(0, 5, (12,), generator=generator).float()
        ranking = Ranking(scores, excluded)
        pd.testing.assert_frame_equal(ranking.table, ranked_catalogue(scores, excluded))
        for k in (1, 2, 5, 12):
            pd.testing.assert_frame_equal(ranking.best(k), ranking.table.head(k))
        for item in range(1, 13):
            assert ranking.rank_of(item) == rank_of(scores, item, excluded)
            assert ranking.candidates_with(item) == len({*range(1, 13)} - {*excluded} | {item})


def test_another_dataset_is_refused(model):
    with pytest.raises(DataError, match="the model belongs to 'tiny' .11 items.*dataset is 'tiny'"):
        recommend(model, HISTORY, dataset=make_dataset(seed=5))


@pytest.mark.parametrize("k", [0, -1, 2.5, 3.0, "3"], ids=repr)
def test_a_wrong_k_is_refused(model, k):
    with pytest.raises(ConfigError) as caught:
        recommend(model, HISTORY, k=k)
    assert str(caught.value) == f"k must be a whole number, 1 or more; received {k!r}"


def test_without_a_k_there_are_at_most_ten(model):
    assert len(recommend(model, [3, 3], candidates="all")) == 10
    small = build_model(model.config, Catalogue(name="small", fingerprint="", n_items=4)).eval()
    assert len(recommend(small, [3])) == 3
    with pytest.raises(ConfigError, match="k is 10, the catalogue of 'small' has 4 items"):
        recommend(small, [3], k=10)


def test_a_k_beyond_the_catalogue_is_refused(model):
    with pytest.raises(ConfigError, match="k is 12, the catalogue of 'tiny' has 11 items"):
        recommend(model, HISTORY, k=N_ITEMS + 1)


def attribution_of(model, items):
    unchecked = inspect.unwrap(attribute)  # without the type checks of the test run
    return unchecked(model, items, 1, "input_x_gradient")


ENTRIES = pytest.mark.parametrize("entry", [trace, recommend, attribution_of])


@ENTRIES
@pytest.mark.parametrize(
    "nothing", [[], (), np.array([], dtype=int)], ids=["list", "tuple", "array"]
)
def test_an_empty_history_is_refused(model, entry, nothing):
    with pytest.raises(DataError, match="^the history is empty; give one item or more, oldest fir"):
        entry(model, nothing)


@ENTRIES
@pytest.mark.parametrize(
    "wrong", [PADDING, -1, N_ITEMS + 1, 10**30, 2.5, float("nan"), "x", "5", None, [1]], ids=repr
)
def test_what_is_not_an_item_is_refused(model, entry, wrong):
    with pytest.raises(DataError) as caught:
        entry(model, [1, wrong, 2])
    assert str(caught.value) == f"{wrong!r} is not an item of tiny; items are 1 to {N_ITEMS}"


@pytest.mark.parametrize(
    "make", [list, tuple, np.array, torch.tensor, pd.Series], ids=lambda make: make.__name__
)
def test_any_sequence_of_integers_is_accepted(model, make):
    items = trace(model, make(HISTORY)).items
    assert items == HISTORY and {type(item) for item in items} == {int}


@pytest.mark.parametrize(("length", "dropped"), [(1, 0), (8, 0), (9, 1), (30, 22)], ids=str)
def test_the_newest_n_items_are_kept_and_the_rest_counted(model, length, dropped):
    items = [position % N_ITEMS + 1 for position in range(length)]
    result = trace(model, items)
    assert result.items == items[-8:]
    assert result.dropped == dropped
    assert torch.equal(result.item_scores, trace(model, items[-8:]).item_scores)


@pytest.mark.parametrize("refinement", ["none", "additive"])
def test_a_trace_holds_one_record_per_layer(make_model, refinement):
    result = trace(make_model("sasrec", refinement), HISTORY)
    assert result.item_scores.shape == (N_ITEMS,)
    assert [heads.shape for heads in result.maps("first_order")] == [(2, 5, 5)] * 2
    for kind in ("first_order", "second_order", "refined"):
        maps = result.maps(kind)
        assert maps == [getattr(layer, kind) for layer in result.layers]
        assert [m is None for m in maps] == 2 * [kind == "second_order" and refinement == "none"]


def test_a_trace_needs_no_gradient(make_model):
    result = trace(make_model().requires_grad_(), HISTORY)
    assert not result.item_scores.requires_grad
    assert not result.layers[0].refined.requires_grad
