"""Evaluation against a loop over users that ranks the catalogue for one user at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import N_ITEMS, make_dataset

from awrsr import evaluate
from awrsr.config import Catalogue
from awrsr.errors import ConfigError, DataError
from awrsr.ranking import evaluation
from awrsr.ranking.evaluation import evaluate_popularity, evaluate_scores, ranked_among
from awrsr.ranking.metrics import summarise

SPLITS = {"test": 1, "validation": 2}


@pytest.fixture(scope="module")
def dataset():
    """Short and long histories, some longer than n, some containing the target."""
    return make_dataset(n_users=20, seed=1, people_repeat=True)


def model_for(dataset, make_model, *pair):
    """A tiny model for the dataset."""
    model = make_model(*pair)
    model.catalogue = Catalogue(
        name=dataset.name, fingerprint=dataset.fingerprint, n_items=dataset.n_items
    )
    return model


def histories(dataset, split):
    """Each user's history and held-out item."""
    for user in range(dataset.n_users):
        items = [int(item) for item in dataset.sequence(user)]
        cut = len(items) - SPLITS[split]
        yield items[:cut], items[cut]


def counted(dataset, split, candidates):
    """The evaluated users."""
    return [
        user
        for user, (history, target) in enumerate(histories(dataset, split))
        if candidates == "all" or target not in history
    ]


def loop_ranks(dataset, split, candidates, score):
    ranks, cases = [], list(histories(dataset, split))
    for user in counted(dataset, split, candidates):
        history, target = cases[user]
        scores = score(history)
        excluded = set(history) if candidates == "unseen" else set()
        better = [
            item
            for item in range(1, dataset.n_items + 1)
            if item != target and item not in excluded and scores[item - 1] >= scores[target - 1]
        ]
        ranks.append(1 + len(better))
    return ranks


every_protocol = pytest.mark.parametrize(
    ("split", "candidates"),
    [(split, candidates) for split in SPLITS for candidates in ("unseen", "all")],
)


def test_the_data_have_all_cases_of_the_protocol(dataset):
    for split in SPLITS:
        cases = list(histories(dataset, split))
        assert any(target in history for history, target in cases)
        assert any(len(set(history)) < len(history) for history, _ in cases)
        assert any(len(history) > 8 for history, _ in cases)
        assert any(len(history) < 4 for history, _ in cases)


@every_protocol
@pytest.mark.parametrize("pair", [("sasrec", "additive"), ("stosa", "stochastic")], ids="-".join)
def test_ranks_equal_a_loop_over_users(dataset, make_model, pair, split, candidates):
    model = model_for(dataset, make_model, *pair)

    def score(history):
        return model.item_scores(model(torch.tensor([history[-8:]])))[0, -1].tolist()

    result = evaluate(model, dataset, split, candidates=candidates)
    assert result.ranks["rank"].tolist() == loop_ranks(dataset, split, candidates, score)
    users, cases = counted(dataset, split, candidates), list(histories(dataset, split))
    assert result.ranks["target"].tolist() == [cases[user][1] for user in users]
    assert result.ranks["user_id"].tolist() == [dataset.user_ids[user] for user in users]
    assert result.protocol["users"] == len(users)
    assert result.metrics == summarise(result.ranks["rank"])


@every_protocol
def test_popularity_equals_a_loop_over_users(dataset, split, candidates):
    """Popularity is counted only in the training parts; its many ties count against the target."""
    counts = [0] * dataset.n_items
    for user in range(dataset.n_users):
        for item in dataset.sequence(user)[:-2]:
            counts[item - 1] += 1
    result = evaluate_popularity(dataset, split, candidates=candidates)
    expected = loop_ranks(dataset, split, candidates, lambda history: counts)
    assert result.ranks["rank"].tolist() == expected


@pytest.mark.parametrize("block", [1, 3, 7, 1000])
def test_blocks_change_no_rank_and_bound_the_memory(dataset, make_model, monkeypatch, block):
    model = model_for(dataset, make_model, "stosa", "additive")
    result = evaluate(model, dataset)
    monkeypatch.setattr(evaluation, "MIN_ROWS", 1)
    monkeypatch.setattr(evaluation, "BLOCK_SCORES", block * N_ITEMS + N_ITEMS - 1)
    assert evaluate(model, dataset).ranks.equals(result.ranks)

    asked: list[list[int]] = []

    def score(users):
        asked.append(users)
        return torch.zeros(len(users), N_ITEMS)

    evaluate_scores(score, dataset)
    assert max(len(users) for users in asked) == min(block, dataset.n_users)
    assert sorted(sum(asked, [])) == list(range(dataset.n_users))


def test_a_catalogue_larger_than_a_block_is_ranked_one_user_at_a_time(dataset, monkeypatch):
    monkeypatch.setattr(evaluation, "MIN_ROWS", 1)
    monkeypatch.setattr(evaluation, "BLOCK_SCORES", 1)
    asked = []
    evaluate_scores(lambda users: asked.append(len(users)) or torch.zeros(1, N_ITEMS), dataset)
    assert asked == [1] * dataset.n_users


def test_a_block_holds_users_of_similar_length(dataset, monkeypatch):
    monkeypatch.setattr(evaluation, "MIN_ROWS", 1)
    monkeypatch.setattr(evaluation, "BLOCK_SCORES", 5 * N_ITEMS)
    longest = []

    def score(users):
        longest.append([int(dataset.lengths()[user]) for user in users])
        return torch.zeros(len(users), N_ITEMS)

    evaluate_scores(score, dataset)
    assert all(max(a) <= min(b) for a, b in zip(longest, longest[1:], strict=False))


@pytest.mark.parametrize("value", [0.0, float("nan")], ids=["constant", "nan"])
def test_a_model_without_information_ranks_last(dataset, value):
    result = evaluate_scores(
        lambda users: torch.full((len(users), N_ITEMS), value), dataset, candidates="all"
    )
    assert set(result.ranks["rank"]) == {N_ITEMS}
    assert result.metrics["HR@10"] == 0


def test_the_protocol_in_words(dataset):
    def words(**options):
        return evaluate_popularity(dataset, **options).protocol

    assert words() == words(candidates="all")
    assert words() == {
        "split": "leave-one-out, test: the last item",
        "candidates": "all 11 items, those in the history included",
        "seen": "25.0% of test targets stand in the history before them",
        "ties": "count against the target",
        "users": 20,
    }
    assert words(split="validation")["split"] == "leave-one-out, validation: the last but one item"
    unseen = words(candidates="unseen")
    assert unseen["candidates"] == "all 11 items, those in the history excluded unless the target"
    assert unseen["seen"] == f"{words()['seen']}; those users are left out"
    assert unseen["users"] == 15


def of_sequences(sequences):
    """A dataset with these sequences of the items 1 to 5."""
    return replace(
        make_dataset(n_items=5),
        user_ids=[f"u{number}" for number in range(len(sequences))],
        offsets=np.cumsum([0, *map(len, sequences)]),
        flat_items=np.concatenate(sequences).astype(np.int32),
        flat_timestamps=None,
    )


REPEATS = [[1, 2, 3, 1], [1, 2, 3, 4], [2, 2, 2], [5, 1, 5, 2]]
"""Test targets 1 and 2, seen before, then 4 and 2, new; in validation 2 and 5 of users 2 and 3."""


def test_metrics_of_people_who_repeat_by_hand():
    """Scores fall from item 1 to item 5: an item's rank among all is its number."""
    dataset = of_sequences(REPEATS)
    assert dataset.target_seen("test").tolist() == [True, False, True, False]
    assert dataset.target_seen("validation").tolist() == [False, False, True, True]
    assert dataset.seen_share() == dataset.seen_share("validation") == 0.5
    assert dataset.default_candidates == "all"

    def score(users):
        return torch.arange(5.0, 0, -1).repeat(len(users), 1)

    everyone = evaluate_scores(score, dataset)
    assert everyone.ranks["user_id"].tolist() == dataset.user_ids
    assert everyone.ranks["rank"].tolist() == [1, 4, 2, 2]
    assert everyone.metrics["HR@1"] == 0.25
    assert everyone.protocol["users"] == 4
    new = evaluate_scores(score, dataset, candidates="unseen")
    assert new.ranks.to_dict("list") == {"user_id": ["u1", "u3"], "target": [4, 2], "rank": [1, 1]}
    assert new.metrics["HR@1"] == new.metrics["MRR"] == 1
    assert new.protocol["users"] == 2
    validation = evaluate_scores(score, dataset, "validation", candidates="unseen")
    assert validation.ranks["user_id"].tolist() == ["u0", "u1"]

    none_new = of_sequences([[1, 2, 1], [3, 3, 3]])
    with pytest.raises(DataError, match="every test target is also in .* 'all' ranks them"):
        evaluate_scores(score, none_new, candidates="unseen")


@pytest.mark.parametrize(("repeating", "candidates"), [(0, "unseen"), (3, "unseen"), (4, "all")])
def test_the_default_is_all_items_above_the_threshold(repeating, candidates):
    dataset = of_sequences([[1, 2, 1]] * repeating + [[1, 2, 3]] * (100 - repeating))
    assert dataset.default_candidates == candidates
    found = evaluate_popularity(dataset)
    assert found.protocol == evaluate_popularity(dataset, candidates=candidates).protocol
    assert found.protocol["users"] == (100 if candidates == "all" else 100 - repeating)
    share = f"{repeating}.0% of test targets stand in the history before them"
    assert found.protocol["seen"].startswith(share)
    assert found.protocol["seen"].endswith("left out") == (repeating == 3)


def test_the_share_seen_before_equals_a_loop_over_users(dataset):
    for split in SPLITS:
        expected = [target in history for history, target in histories(dataset, split)]
        assert dataset.target_seen(split).tolist() == expected
        assert dataset.seen_share(split) == sum(expected) / len(expected)


def test_a_protocol_recorded_without_a_share_is_read():
    assert ranked_among({"candidates": "all 5 items"}) == "all 5 items"
    assert ranked_among({"candidates": "all 5 items", "seen": "1%"}) == "all 5 items; 1%"


def test_the_model_is_not_changed(dataset, make_model):
    model = model_for(dataset, make_model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    evaluate(model, dataset)
    assert not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_another_dataset_is_refused(make_model):
    model, other = make_model(), make_dataset(n_users=3, n_items=9)
    with pytest.raises(DataError) as caught:
        evaluate(model, other)
    assert str(caught.value) == (
        f"the model belongs to 'tiny' (11 items, fingerprint {model.catalogue.fingerprint}), "
        f"the dataset is 'tiny' (9 items, fingerprint {other.fingerprint})"
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"split": "train"}, "unknown split 'train'; accepted: test, validation"),
        ({"candidates": "seen"}, "unknown candidates 'seen'; accepted: unseen, all.*'unseen'"),
    ],
    ids=["split", "candidates"],
)
def test_an_unknown_protocol_is_refused(dataset, make_model, options, text):
    with pytest.raises(ConfigError, match=text):
        evaluate(model_for(dataset, make_model), dataset, **options)


@pytest.mark.parametrize("backbone", ["sasrec", "stosa"])
def test_the_items_are_made_into_states_once_for_all_blocks(
    dataset, make_model, monkeypatch, backbone
):
    """A block of a large catalogue has few users: what depends on items alone is not repeated."""
    model = model_for(dataset, make_model, backbone)
    expected = evaluate(model, dataset).ranks["rank"].tolist()
    calls, as_states = [], type(model).as_states

    def noted(self, embeddings):
        calls.append(embeddings.shape[0])
        return as_states(self, embeddings)

    monkeypatch.setattr(type(model), "as_states", noted)
    monkeypatch.setattr(evaluation, "MIN_ROWS", 1)
    monkeypatch.setattr(evaluation, "BLOCK_SCORES", 2 * dataset.n_items)
    assert evaluate(model, dataset).ranks["rank"].tolist() == expected
    assert calls == [dataset.n_items]
