"""What every refinement promises, and one example of each worked by hand."""

import re
from typing import get_args

import numpy as np
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
from helpers import OUR_READINGS, OURS, PAIRS, VALUES, is_ours, plain

from awrsr.attention import allowed_keys, masked_softmax
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
    """A sequence of m items meets the last m rows of the learnt matrices, padded or not."""
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
def test_only_dropout_of_the_rows_draws_anything(backbone, name, settings):
    """In training too; of M the backbone drops. What is dropped leaves rows summing to one."""
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
    # Close, not equal: a matrix product may round by where in memory its factors lie.
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
    """The message says who reads it; one that is read is accepted."""
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
def test_where_no_attention_is_learned_nothing_is(make_model, backbone, name):
    """What is left out are the matrices of queries and keys; all else is as in vanilla."""
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
    """Even over the keys that it attends to, padded or not; refined are first-order ones."""
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
def test_without_a_second_order_the_first_order_weights_are_given_back(backbone, name):
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


def test_no_two_are_told_by_one_color_or_title():
    for fact in ("color", "title"):
        assert len({getattr(kind, fact) for kind in REFINEMENTS.values()}) == len(REFINEMENTS)


# Three positions by hand. A is the same everywhere; the matrices are those that make the rows of
# A W_Q and A W_K what is wanted: with r = 4 and q = (2, 2, 4), k = (0, ln 3, ln 2) in the first
# column, the scores q_i k_j / sqrt(4) give the rows of S the proportions 1; 1 : 3; 1 : 9 : 4.
# Of a floor A is its own, whatever the items are.

FIRST = [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 4, 1 / 4, 1 / 2]]
SECOND = [[1, 0, 0], [1 / 4, 3 / 4, 0], [1 / 14, 9 / 14, 4 / 14]]
BY_HAND = {
    "none": FIRST,
    "uniform": [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]],
    "identity": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "simple": SECOND,
    "value_weighted": [[1, 0, 0], [5 / 8, 3 / 8, 0], [13 / 28, 11 / 28, 4 / 28]],
    "additive": [[1, 0, 0], [3 / 8, 5 / 8, 0], [9 / 56, 25 / 56, 22 / 56]],
    # From distances 2 ln 3 between rows 1 and 2, 2 ln 8 between 1 and 3, 2 ln 3 between 2 and 3.
    "stochastic": [[1, 0, 0], [1 / 4, 3 / 4, 0], [3 / 35, 8 / 35, 24 / 35]],
}


def matrix_with(*columns: list[float]) -> torch.Tensor:
    """W (3, 4) such that A W has these as its first columns and zeros as the others."""
    rows = np.zeros((3, 4))
    rows[:, : len(columns)] = np.transpose(columns)
    return torch.tensor(np.linalg.solve(FIRST, rows))


@of_pairs(OURS)
def test_three_positions_by_hand(backbone, name):
    refinement = build(backbone, name, max_length=3, correlation_rank=4, **plain(name))
    ln2, ln3 = np.log([2, 3])
    if name == "stochastic":
        # Deviations 1, 2, 3, so covariances 1, 4, 9 and A W_Sigma = 0, 3, 8; means in the plane.
        second = np.sqrt(2 * ln3 - 1)  # (x_2 - x_1)^2 + (2 - 1)^2 = 2 ln 3
        # x^2 + y^2 + 4 = 2 ln 8 and (x - x_2)^2 + y^2 + 1 = 2 ln 3, one taken off the other:
        third = ((6 * ln2 - 4) - (2 * ln3 - 1) + second**2) / (2 * second)
        height = np.sqrt(6 * ln2 - 4 - third**2)
        matrices = {
            "mean.weight": matrix_with([0, second, third], [0, 0, height]),
            "covariance.weight": matrix_with([0, 3, 8]),
        }
    elif not REFINEMENTS[name].has_second_order():
        matrices = {}
    else:
        matrices = {
            "second_order.query.weight": matrix_with([2, 2, 4]),
            "second_order.key.weight": matrix_with([0, ln3, ln2]),
        }
    refinement.load_state_dict(matrices)
    first = torch.tensor(FIRST, dtype=torch.float64)[None, None]
    allowed = allowed_keys(torch.ones(1, 3, dtype=torch.bool))
    if not refinement.learns_attention:
        first = masked_softmax(torch.zeros_like(first), refinement.attended(allowed))
    refined = refinement(first, allowed)
    close(refined.weights[0, 0], torch.tensor(BY_HAND[name], dtype=torch.float64))
    if REFINEMENTS[name].has_second_order() and name != "stochastic":
        close(refined.second_order[0, 0], torch.tensor(SECOND, dtype=torch.float64))
