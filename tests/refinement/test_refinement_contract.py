"""The contract of every refinement."""

import re
from typing import get_args

import pytest
import torch
from built import (
    PRESENT,
    N,
    build,
    close,
    every_pair,
    every_reading,
    floors,
    of_pairs,
    spread,
    weights_and_allowed,
)
from helpers import OUR_READINGS, PAIRS, VALUES, is_ours

from awrsr.attention import allowed_keys
from awrsr.config import ModelConfig, TrainConfig
from awrsr.errors import ConfigError
from awrsr.models import BACKBONES, build_model
from awrsr.refinement import REFINEMENTS, USUAL, Terms, read_by
from awrsr.training.checkpoint import load_model, save_config, save_weights

pytestmark = pytest.mark.shapes


@every_reading
def test_shapes_rows_and_masks(backbone, name, settings):
    first, allowed = weights_and_allowed(PRESENT)
    refined = spread(build(backbone, name, **settings))(first, allowed)
    assert (refined.second_order is None) == (refined.second_order_scores is None)
    assert (refined.second_order is None) != REFINEMENTS[name].has_second_order()
    for values in refined:
        assert values is None or (values.shape == first.shape and values.isfinite().all())
    for weights in (refined.weights, refined.second_order):
        if weights is not None:
            close(weights.sum(-1), PRESENT[:, None].expand(-1, 2, -1).double())
            assert (weights.masked_select(~allowed) == 0).all()
            assert (weights >= 0).all()


@every_reading
def test_a_row_depends_on_no_later_row(backbone, name, settings):
    refinement, present = (
        spread(build(backbone, name, **settings)),
        torch.ones(1, N, dtype=torch.bool),
    )
    first, allowed = weights_and_allowed(present)
    other, _ = weights_and_allowed(present, seed=1)
    for slot in range(1, N):
        changed = torch.cat([first[:, :, :slot], other[:, :, slot:]], dim=2)
        before, after = (refinement(a, allowed).weights for a in (first, changed))
        assert torch.equal(before[:, :, :slot], after[:, :, :slot])
        assert not torch.allclose(before[:, :, slot:], after[:, :, slot:])


@every_reading
def test_padding_changes_nothing(backbone, name, settings):
    """A sequence of m items uses the last m rows of the learned matrices, padded or not."""
    refinement, m = spread(build(backbone, name, **settings)), 3
    alone, allowed_alone = weights_and_allowed(torch.ones(1, m, dtype=torch.bool))
    allowed = allowed_keys(PRESENT[1:2])
    padded = torch.zeros(1, 2, N, N, dtype=torch.float64)
    padded[..., -m:, -m:] = alone
    for short, long in zip(
        refinement(alone, allowed_alone), refinement(padded, allowed), strict=True
    ):
        assert (short is None) == (long is None)
        if short is not None:
            close(long[..., -m:, -m:], short)


@every_reading
def test_gradients_reach_every_parameter_and_the_first_order_weights(backbone, name, settings):
    refinement = spread(build(backbone, name, **settings))
    first, allowed = weights_and_allowed(PRESENT)
    first.requires_grad_()
    (refinement(first, allowed).weights * torch.rand_like(first)).sum().backward()
    for parameter, value in [("first", first), *refinement.named_parameters()]:
        assert value.grad is not None and value.grad.isfinite().all(), parameter
        assert value.grad.abs().max() > 1e-6, parameter
    assert bool(list(refinement.parameters())) == REFINEMENTS[name].has_second_order()


@every_reading
def test_only_dropout_of_the_rows_uses_randomness(backbone, name, settings):
    """Also in training; the backbone drops M. Rows still sum to one after dropout."""
    refinement = spread(build(backbone, name, **settings))
    first, allowed = weights_and_allowed(PRESENT)
    once, again = refinement.eval()(first, allowed), refinement.train()(first, allowed)
    dropped = settings.get("refinement_dropout", 0) > 0
    assert torch.equal(once.weights, again.weights) != dropped
    for weights in (again.weights, again.second_order):
        if weights is not None:
            close(weights.sum(-1), PRESENT[:, None].expand(-1, 2, -1).double())
            assert (weights.masked_select(~allowed) == 0).all()


@every_reading
def test_a_saved_model_keeps_its_settings(make_model, tmp_path, backbone, name, settings):
    model = make_model(backbone, name, **settings)
    save_config(tmp_path, model.config, model.catalogue, TrainConfig())
    save_weights(tmp_path, model)
    loaded = load_model(tmp_path, "cpu")
    assert loaded.config == model.config
    sequence = torch.tensor([[3, 1, 4, 1, 5]])
    torch.testing.assert_close(loaded(sequence), model(sequence))


@every_pair
@pytest.mark.parametrize("mean_stream", ["correct", "published"])
def test_a_saved_model_gives_the_same_scores(make_model, tmp_path, backbone, name, mean_stream):
    if mean_stream == "published" and backbone != "stosa":
        with pytest.raises(ConfigError, match="mean_stream 'published' needs backbone 'stosa'"):
            make_model(backbone, name, mean_stream=mean_stream)
        return
    model = make_model(backbone, name, mean_stream=mean_stream, correlation_rank=5)
    save_config(tmp_path, model.config, model.catalogue, TrainConfig())
    save_weights(tmp_path, model)
    loaded = load_model(tmp_path, "cpu")
    assert (loaded.config, loaded.catalogue) == (model.config, model.catalogue)
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    sequence = torch.tensor([[3, 1, 4, 1, 5]])
    # Close, not equal: the rounding of a matrix product may depend on memory addresses.
    torch.testing.assert_close(
        loaded.item_scores(loaded(sequence)), model.item_scores(model(sequence))
    )


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize(("backbone", "name", "settings"), OUR_READINGS)
def test_the_learnt_matrices_are_n_by_r(backbone, name, rank, settings):
    refinement = build(backbone, name, correlation_rank=rank, **settings)
    asked = {one: (USUAL | settings)[one] for one in REFINEMENTS[name].settings}
    heads = (2,) if asked.get("matrices") == "head" else ()
    pairs = 2 if name == "stochastic" and not asked["tied"] else 1
    expected = 2 * pairs * [(*heads, N, rank or N)] if asked else []
    expected += [(2,)] * (asked.get("gain", False) + (asked.get("mix") == "gate"))
    expected += [(*heads, N, N)] * asked.get("value_matrix", False)
    shapes = [tuple(parameter.shape) for parameter in refinement.parameters()]
    assert sorted(shapes) == sorted(expected)


@pytest.mark.parametrize("setting", USUAL)
@pytest.mark.parametrize("name", REFINEMENTS)
def test_a_setting_that_a_refinement_does_not_read_is_refused(name, setting):
    """The message names the refinements that read it; a setting that is read is accepted."""
    kind = REFINEMENTS[name]
    assert (name in read_by(setting)) == (setting in kind.settings)
    if setting in kind.settings:
        return
    value = next(value for value in VALUES[setting] if value != USUAL[setting])
    said = (
        f"{setting} is for refinement {', '.join(read_by(setting))}; received {setting} {value!r}"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(said)} with refinement '{name}'$"):
        build("stosa", name, **{setting: value})


@floors
def test_floors_learn_no_attention(make_model, backbone, name):
    """The matrices of queries and keys are left out; everything else is as in vanilla."""
    model, vanilla = make_model(backbone, name), make_model(backbone, "none")
    shapes, of_vanilla = (
        {key: value.shape for key, value in m.state_dict().items()} for m in (model, vanilla)
    )
    compared = {key for key in of_vanilla if "query" in key or "key" in key}
    assert compared and shapes == {k: of_vanilla[k] for k in of_vanilla.keys() - compared}
    assert not list(model.refinement(0).parameters())


@floors
@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
def test_a_floors_weights_are_the_same_for_any_items(make_model, backbone, name, training):
    """Even over the attended keys, padded or not; refined weights equal first-order weights."""
    model = make_model(backbone, name, max_length=N).train(training)
    for items in ([3, 1, 4, 1, 5, 9], [0, 0, 0, 2, 6, 5]):
        recording = []
        model(torch.tensor([items]), recording=recording)
        padded = items.count(0)
        for layer in recording:
            assert torch.equal(layer.first_order, layer.refined)
            assert layer.second_order is None and layer.second_order_scores is None
            assert layer.query.shape[-1] == layer.key.shape[-1] == 0
            assert (layer.first_order_scores == 0).all()
            for head in layer.refined[0].tolist():
                for i, row in enumerate(head):
                    even = REFINEMENTS[name].even
                    keys = range(padded if even else max(i, padded), i + 1)
                    close(row, [(j in keys) / max(1, len(keys)) for j in range(N)])


@of_pairs([pair for pair in PAIRS if not REFINEMENTS[pair[1]].has_second_order()])
def test_without_a_second_order_the_first_order_weights_are_returned(backbone, name):
    first, allowed = weights_and_allowed(PRESENT)
    refined = build(backbone, name)(first, allowed)
    assert refined.weights is first and refined[1:] == (None, None)


@pytest.mark.parametrize("name", REFINEMENTS)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_refinement_is_refused_on_a_backbone_it_is_not_for(
    tiny_dataset, make_model, backbone, name
):
    if (backbone, name) in PAIRS:
        assert make_model(backbone, name).config.refinement == name
        return
    message = f"refinement '{name}' is for stosa; received backbone '{backbone}'"
    with pytest.raises(ConfigError, match=message):
        make_model(backbone, name)


def test_an_unknown_refinement_is_refused_with_the_nearest_name(make_model):
    with pytest.raises(ConfigError, match="unknown refinement 'adition'.*Did you mean 'additive'"):
        make_model("sasrec", "adition")
    model = make_model("sasrec", "additive")
    with pytest.raises(ConfigError, match="accepted: none, simple, value_weighted, additive, sto"):
        build_model(ModelConfig(refinement=""), model.catalogue)


@every_reading
def test_the_facts_are_stated(backbone, name, settings):
    refinement = REFINEMENTS[name]
    config = ModelConfig(backbone=backbone, refinement=name, **settings)
    assert refinement.name == name
    assert refinement.formula_of(config).startswith("M = ")
    assert refinement.fits(backbone)
    assert refinement.backbones is None or set(refinement.backbones) <= set(BACKBONES)
    assert refinement.terms_of(config) in get_args(Terms)
    assert (refinement.terms_of(config) == "first order") != refinement.has_second_order()
    assert re.fullmatch("#[0-9a-f]{6}", refinement.color)
    assert bool(refinement.no_second_order) != refinement.has_second_order()
    if refinement.has_second_order():
        assert refinement.learns_attention
    if refinement.has_second_order() and is_ours(refinement):
        assert "Source: our reading of AWRSR" in (refinement.__doc__ or "")


def test_colors_and_titles_are_unique():
    for fact in ("color", "title"):
        assert len({getattr(kind, fact) for kind in REFINEMENTS.values()}) == len(REFINEMENTS)
