"""Item scores as a module of embeddings: methods of Captum give the values that ours give."""

import pytest
import torch
from attributed import HISTORY, TARGET, attribute, score_of
from captum.attr import FeatureAblation, IntegratedGradients, ShapleyValueSampling

import awrsr

PER_ITEM = torch.arange(len(HISTORY))[None, :, None]


@pytest.fixture(params=["sasrec", "stosa"])
def model(request, make_model):
    return make_model(request.param)


def embedded(model):
    return model.embed(torch.tensor([HISTORY]))


def test_the_scores_are_those_of_the_model(model):
    scores = awrsr.to_captum(model)(embedded(model).repeat(3, 1, 1))
    assert scores.shape == (3, model.catalogue.n_items)
    for row in scores:
        torch.testing.assert_close(row, awrsr.trace(model, HISTORY).item_scores)
    assert float(scores[0, TARGET - 1]) == pytest.approx(score_of(model, HISTORY))


def test_integrated_gradients_are_ours(model):
    method = IntegratedGradients(awrsr.to_captum(model))
    found = method.attribute(embedded(model), target=TARGET - 1, n_steps=64)
    ours = attribute(model, HISTORY, TARGET, "integrated_gradients", n_steps=64, max_steps=64)
    torch.testing.assert_close(found[0].sum(-1), ours.values, rtol=0, atol=1e-6)


def test_one_feature_per_item(model):
    scores = awrsr.to_captum(model)
    found = FeatureAblation(scores).attribute(
        embedded(model), target=TARGET - 1, feature_mask=PER_ITEM
    )
    ours = attribute(model, HISTORY, TARGET, "feature_ablation")
    torch.testing.assert_close(found[0, :, 0], ours.values, rtol=0, atol=1e-5)
    torch.manual_seed(0)
    drawn = ShapleyValueSampling(scores).attribute(
        embedded(model), target=TARGET - 1, feature_mask=PER_ITEM, n_samples=20
    )[0, :, 0]
    with torch.no_grad():
        nothing = scores(torch.zeros_like(embedded(model)))[0, TARGET - 1]
    whole = score_of(model, HISTORY) - float(nothing)
    assert float(drawn.sum()) == pytest.approx(whole, abs=1e-4)  # as Shapley values do


def test_nothing_is_left_on_the_model(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    IntegratedGradients(awrsr.to_captum(model)).attribute(embedded(model), target=0)
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
