"""Replaced weights: the result equals a model without them, and the model is not changed."""

from functools import partial

import numpy as np
import pytest
import torch
from helpers import N_ITEMS, PAIRS, rank_of

from awrsr import trace
from awrsr.errors import ConfigError, DataError
from awrsr.explain import Ablation, ablate, contributions
from awrsr.models import build_model
from awrsr.ranking import scoring
from awrsr.ranking.recommendation import ranked_catalogue
from awrsr.refinement import REFINEMENTS

N = 8
ITEMS = [3, 1, 4, 1, 5, 9, 2, 6]
TARGET = 7
close = partial(np.testing.assert_allclose, rtol=0, atol=1e-11)


@pytest.fixture(params=PAIRS, ids="-".join)
def model(request, make_model):
    return make_model(*request.param, max_length=N)


def one(model, changes, items=ITEMS, **settings):
    return ablate(model, items, TARGET, [changes], **settings)[0]


def check(outcome, item_scores, items=ITEMS, k=10):
    """Check the outcome against these scores of the catalogue."""
    close(outcome.score, float(item_scores[TARGET - 1]))
    assert outcome.rank == rank_of(item_scores, TARGET, items)
    best = ranked_catalogue(item_scores, items).head(k)
    assert outcome.best == best["item"].tolist()
    close(outcome.best_scores, best["score"])


def vanilla(model):
    """The same weights without the refinement, with some queries and keys if the model compares
    nothing."""
    plain = build_model(
        type(model.config)(**model.config.to_json() | {"refinement": "none"}), model.catalogue
    )
    kept = {k: v for k, v in model.state_dict().items() if ".refinement." not in k}
    added = plain.double().load_state_dict(kept, strict=False).missing_keys
    assert all("query" in name or "key" in name for name in added)
    assert bool(added) != REFINEMENTS[model.config.refinement].learns_attention
    return plain.eval()


@pytest.mark.parametrize("length", [1, 3, N, N + 3])
def test_without_a_replacement_scores_are_the_models(model, length):
    items = (ITEMS + [8, 10, 11])[:length]
    check(one(model, [], items), trace(model, items).item_scores, items)


def test_first_order_everywhere_is_the_vanilla_model(model):
    """A floor, whose first-order weights are not learned, is unchanged instead."""
    learns = REFINEMENTS[model.config.refinement].learns_attention
    expected = trace(vanilla(model) if learns else model, ITEMS).item_scores
    check(one(model, [Ablation(change="first_order")]), expected)


def test_a_models_maps_in_vanilla_give_the_models_scores(model):
    """Only the refinement differs, so its maps in the vanilla model give the refined scores."""
    found = trace(model, ITEMS)
    swapped = one(vanilla(model), [Ablation(change="other")], other=found)
    check(swapped, found.item_scores)
    replaced = one(model, [Ablation(change="other", layer=1, head=1)], other=found)
    check(replaced, found.item_scores)


def by_hand(model, items, replaced):
    """Item scores with given refined weights of (layer, head), in one forward pass of a batch of
    one; hooks are allowed here, because the model belongs to the test."""
    handles = []
    for layer, head, make in replaced:
        module = model.attention[layer].refinement

        def put(module, given, refined, head=head, make=make):
            weights = refined.weights.clone()
            first = given[0]
            m = weights.shape[-1]
            for i in range(m):
                for j in range(i + 1):
                    weights[0, head, i, j] = make(first[0, head], i, j)
            return refined._replace(weights=weights)

        handles.append(module.register_forward_hook(put))
    scores = model.item_scores(model(torch.tensor([items]))[:, -1])[0]
    for handle in handles:
        handle.remove()
    return scores


def equal_weights(first, i, j):
    return 1 / (i + 1)


def undone(first, i, j):
    return first[i, j]


def test_replacements_one_at_a_time_and_together(model):
    plain = trace(model, ITEMS).item_scores
    variants, expected = [], []
    for layer in range(2):
        for head in range(2):
            for change, make in (("uniform", equal_weights), ("first_order", undone)):
                variants.append([Ablation(change=change, layer=layer, head=head)])
                expected.append(by_hand(model, ITEMS, [(layer, head, make)]))
    variants.append([variants[0][0], variants[7][0]])
    expected.append(by_hand(model, ITEMS, [(0, 0, equal_weights), (1, 1, undone)]))
    variants.append([])
    expected.append(plain)
    for outcome, scores in zip(ablate(model, ITEMS, TARGET, variants), expected, strict=True):
        check(outcome, scores)
    moved = [bool((scores - plain).abs().max() > 1e-6) for scores in expected[:8:2]]
    assert moved == 4 * [model.config.refinement != "uniform"]


def test_no_layer_or_head_means_all_and_the_later_replacement_wins(model):
    each = [
        Ablation(change="uniform", layer=layer, head=head) for layer in (0, 1) for head in (0, 1)
    ]
    everywhere = one(model, [Ablation(change="uniform")])
    assert one(model, each) == everywhere
    assert one(model, [Ablation(change="uniform", layer=layer) for layer in (0, 1)]) == everywhere
    assert one(model, [Ablation(change="uniform", head=head) for head in (0, 1)]) == everywhere
    both = [Ablation(change="uniform"), Ablation(change="first_order")]
    assert one(model, both) == one(model, both[1:])
    assert one(model, both[::-1]) == one(model, both[:1])


def test_batches_change_nothing(model, monkeypatch):
    variants = [[Ablation(change="uniform", layer=n % 2, head=n // 2)] for n in range(4)]
    together = ablate(model, ITEMS, TARGET, variants, k=3)
    monkeypatch.setattr(scoring, "MIN_ROWS", 1)
    monkeypatch.setattr(scoring, "BLOCK_SCORES", N_ITEMS)
    for first, second in zip(together, ablate(model, ITEMS, TARGET, variants, k=3), strict=True):
        close(first.score, second.score)
        assert (first.rank, first.best) == (second.rank, second.best)
    assert [len(outcome.best) for outcome in together] == [3] * 4
    assert one(model, [], k=0).best == []


def test_contributions_are_differences_of_scores(model):
    found = contributions(model, ITEMS, TARGET)
    scores = trace(model, ITEMS).item_scores
    close(found.score, float(scores[TARGET - 1]))
    assert found.rank == rank_of(scores, TARGET, ITEMS)
    assert found.uniform.shape == found.uniform_ranks.shape == (2, 3)
    for layer in range(2):
        for column, head in enumerate([0, 1, None]):
            less = one(model, [Ablation(change="uniform", layer=layer, head=head)])
            close(found.uniform[layer, column], found.score - less.score)
            assert found.uniform_ranks[layer, column] == less.rank
            if found.refinement is not None:
                less = one(model, [Ablation(change="first_order", layer=layer, head=head)])
                close(found.refinement[layer, column], found.score - less.score)
                assert found.refinement_ranks[layer, column] == less.rank
    contribution = (found.second_order, found.second_order_rank)
    if not REFINEMENTS[model.config.refinement].has_second_order():
        assert contribution == (None, None) == (found.refinement, found.refinement_ranks)
    else:
        less = one(model, [Ablation(change="first_order")])
        close(contribution[0], found.score - less.score)
        assert contribution[1] == less.rank


def test_with_one_item_nothing_depends_on_the_weights(model):
    found = contributions(model, ITEMS[:1], TARGET)
    close(found.uniform, np.zeros((2, 3)))


def test_the_model_is_not_changed(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    contributions(model, ITEMS, TARGET)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_missing_layers_and_heads_are_refused(make_model):
    model = make_model("sasrec", "simple")
    refuse = partial(one, model)
    with pytest.raises(ConfigError, match="unknown change 'unifrom'.*Did you mean 'uniform'"):
        refuse([Ablation(change="unifrom")])
    with pytest.raises(ConfigError, match="asked for layer 2; the model has 2 layers, the first"):
        refuse([Ablation(change="uniform", layer=2)])
    with pytest.raises(ConfigError, match="asked for head -1; the model has 2 heads, the first"):
        refuse([Ablation(change="uniform", head=-1)])
    with pytest.raises(ConfigError, match="k must be 0 or more; received -1"):
        refuse([], k=-1)
    with pytest.raises(DataError, match="needs the trace of another model; received none"):
        refuse([Ablation(change="other")])
    with pytest.raises(DataError, match="has 2 items, the model sees 8 items; they must be the"):
        refuse([Ablation(change="other")], other=trace(model, [1, 2]))
    narrow = trace(make_model(n_heads=1, n_layers=1), ITEMS)
    said = "the other model has 1 layer of 1 head, this model 2 layers of 2 heads; asked for layer "
    for place, asked in (({}, "all, head all"), ({"layer": 1, "head": 0}, "1, head 0")):
        with pytest.raises(DataError, match=said + asked):
            refuse([Ablation(change="other", **place)], other=narrow)
    assert refuse([Ablation(change="other", layer=0, head=0)], other=narrow).rank > 0
    with pytest.raises(DataError, match="target 12 is not an item"):
        contributions(model, ITEMS, 12)
