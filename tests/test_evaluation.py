"""Evaluation against a loop over users that ranks one catalogue at a time."""

import pytest
import torch
from conftest import N_ITEMS, make_dataset

from awrsr import evaluate, evaluation
from awrsr.config import Catalogue
from awrsr.errors import ConfigError, DataError
from awrsr.evaluation import evaluate_popularity, evaluate_scores
from awrsr.metrics import summarise

SPLITS = {"test": 1, "validation": 2}


@pytest.fixture(scope="module")
def dataset():
    """Short and long histories, some longer than n, some with the target among them."""
    return make_dataset(n_users=20, seed=1)


def model_for(dataset, make_model, *pair):
    """A tiny model that says it belongs to the dataset."""
    model = make_model(*pair)
    model.catalogue = Catalogue(
        name=dataset.name, fingerprint=dataset.fingerprint, n_items=dataset.n_items
    )
    return model


def histories(dataset, split):
    """What each user had seen, and the item to be ranked."""
    for user in range(dataset.n_users):
        items = [int(item) for item in dataset.sequence(user)]
        cut = len(items) - SPLITS[split]
        yield items[:cut], items[cut]


def loop_ranks(dataset, split, candidates, score):
    ranks = []
    for history, target in histories(dataset, split):
        scores = score(history)
        excluded = set(history) - {target} if candidates == "unseen" else set()
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


def test_the_data_put_the_protocol_to_the_test(dataset):
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
    assert result.ranks["target"].tolist() == [target for _, target in histories(dataset, split)]
    assert result.ranks["user_id"].tolist() == dataset.user_ids
    assert result.metrics == summarise(result.ranks["rank"])


@every_protocol
def test_popularity_equals_a_loop_over_users(dataset, split, candidates):
    """Counted in the training parts alone, with its many ties against the target."""
    counts = [0] * dataset.n_items
    for user in range(dataset.n_users):
        for item in dataset.sequence(user)[:-2]:
            counts[item - 1] += 1
    result = evaluate_popularity(dataset, split, candidates=candidates)
    expected = loop_ranks(dataset, split, candidates, lambda history: counts)
    assert result.ranks["rank"].tolist() == expected


@pytest.mark.parametrize("block", [1, 3, 7, 1000])
def test_blocks_change_no_rank_and_bound_what_is_held(dataset, make_model, monkeypatch, block):
    model = model_for(dataset, make_model, "stosa", "additive")
    whole = evaluate(model, dataset)
    monkeypatch.setattr(evaluation, "BLOCK_SCORES", block * N_ITEMS + N_ITEMS - 1)
    assert evaluate(model, dataset).ranks.equals(whole.ranks)

    asked: list[list[int]] = []

    def score(users):
        asked.append(users)
        return torch.zeros(len(users), N_ITEMS)

    evaluate_scores(score, dataset)
    assert max(len(users) for users in asked) == min(block, dataset.n_users)
    assert sorted(sum(asked, [])) == list(range(dataset.n_users))


def test_a_catalogue_larger_than_a_block_is_ranked_one_user_at_a_time(dataset, monkeypatch):
    monkeypatch.setattr(evaluation, "BLOCK_SCORES", 1)
    asked = []
    evaluate_scores(lambda users: asked.append(len(users)) or torch.zeros(1, N_ITEMS), dataset)
    assert asked == [1] * dataset.n_users


def test_a_block_holds_users_of_similar_length(dataset, monkeypatch):
    monkeypatch.setattr(evaluation, "BLOCK_SCORES", 5 * N_ITEMS)
    longest = []

    def score(users):
        longest.append([int(dataset.lengths()[user]) for user in users])
        return torch.zeros(len(users), N_ITEMS)

    evaluate_scores(score, dataset)
    assert all(max(a) <= min(b) for a, b in zip(longest, longest[1:], strict=False))


@pytest.mark.parametrize("value", [0.0, float("nan")], ids=["constant", "nan"])
def test_a_model_that_says_nothing_ranks_last(dataset, value):
    result = evaluate_scores(
        lambda users: torch.full((len(users), N_ITEMS), value), dataset, candidates="all"
    )
    assert set(result.ranks["rank"]) == {N_ITEMS}
    assert result.metrics["HR@10"] == 0


def test_the_protocol_is_said_in_words(dataset):
    def words(**options):
        return evaluate_popularity(dataset, **options).protocol

    assert words() == {
        "split": "leave-one-out, test: the last item",
        "candidates": "all 11 items, those in the history excluded unless the target",
        "ties": "count against the target",
        "users": 20,
    }
    assert words(split="validation")["split"] == "leave-one-out, validation: the last but one item"
    assert words(candidates="all")["candidates"] == "all 11 items, those in the history included"


def test_the_model_is_left_as_it_was(dataset, make_model):
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
