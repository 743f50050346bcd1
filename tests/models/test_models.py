"""The laws of both backbones under every refinement, and a second implementation in loops."""

from collections.abc import Callable
from dataclasses import fields
from functools import partial

import numpy as np
import pytest
import torch
from helpers import LAYOUTS, N_ITEMS, OUR_READINGS, OURS
from second_backbones import reference_sasrec, reference_stosa
from second_implementation import Parameters

from awrsr import trace
from awrsr.data.batching import left_pad
from awrsr.models import LayerTrace, SequentialModel
from awrsr.refinement import REFINEMENTS

N = 8
ITEMS = [3, 1, 4, 1, 5, 9, 2, 6]
close = partial(torch.testing.assert_close, rtol=0, atol=1e-11)

VARIANTS = [
    *(pytest.param((*pair, {}), id="-".join(pair)) for pair in OURS),
    *(
        pytest.param((*pair, {"mean_stream": "published"}), id="-".join([*pair, "published"]))
        for pair in [("stosa", "none"), ("stosa", "stochastic")]
    ),
    *(
        pytest.param(("sasrec", refinement, layout), id=f"sasrec-{refinement}-{name}")
        for name, layout in LAYOUTS.items()
        for refinement in ("none", "additive")
    ),
]


@pytest.fixture(params=VARIANTS)
def build(request, make_model) -> Callable[..., SequentialModel]:
    backbone, refinement, settings = request.param
    return partial(make_model, backbone, refinement, max_length=N, **settings)


@pytest.fixture
def model(build) -> SequentialModel:
    return build()


def hears_of_others(model) -> bool:
    """Whether states depend on other items; in identity each depends only on its own item."""
    return model.config.refinement != "identity"


@pytest.mark.parametrize(("length", "rank"), [(1, None), (5, 3), (N, None)])
def test_all_results_equal_the_second_implementation(build, length, rank):
    """With refinement none this is the plain backbone; a short sequence uses the last rows of W."""
    equals_the_reference(build(correlation_rank=rank), ITEMS[:length])


@pytest.mark.few(20)
@pytest.mark.parametrize(("backbone", "refinement", "settings"), OUR_READINGS)
def test_every_setting_equals_the_second_implementation(make_model, backbone, refinement, settings):
    model = make_model(backbone, refinement, max_length=N, correlation_rank=3, **settings)
    for length in (2, 5, N):
        equals_the_reference(model, ITEMS[:length])


def equals_the_reference(model, items):
    reference = {"sasrec": reference_sasrec, "stosa": reference_stosa}[model.config.backbone]
    expected, actual = reference(Parameters(model), items), trace(model, items)
    assert len(actual.layers) == len(expected.layers) == 2
    for layer, expected_layer in zip(actual.layers, expected.layers, strict=True):
        for field in fields(LayerTrace):
            value, wanted = getattr(layer, field.name), getattr(expected_layer, field.name)
            assert (value is None) == (wanted is None), field.name
            if value is not None:
                close(value, torch.tensor(wanted), msg=lambda m, name=field.name: f"{name}: {m}")
    close(model(torch.tensor([items]))[0], torch.tensor(expected.states))
    close(actual.item_scores, torch.tensor(expected.item_scores))


def test_a_later_item_changes_no_earlier_state(model):
    sequence = torch.tensor([ITEMS])
    changed = sequence.repeat(N, 1)
    for slot in range(N):
        changed[slot, slot:] = changed[slot, slot:] % N_ITEMS + 1
    states = model(sequence)[0]
    for slot, others in enumerate(model(changed)):
        close(others[:slot], states[:slot])
        assert ((others - states)[slot:].abs().amax(-1) > 1e-3).all()


def test_a_state_has_no_slope_at_a_later_item(model):
    embeddings = model.embed(torch.tensor([ITEMS])).requires_grad_()
    states = model.encode(embeddings, torch.ones(1, N, dtype=torch.bool))
    for slot in range(N):
        (slope,) = torch.autograd.grad(states[0, slot].sum(), embeddings, retain_graph=True)
        assert (slope[0, slot + 1 :] == 0).all()
        assert (slope[0, slot] != 0).any()


def test_neither_padding_nor_neighbours_change_a_score(model):
    """Sequences of all lengths 1..n, alone, together, and with every amount of padding."""
    sequences = [ITEMS[-length:] for length in range(1, N + 1)]
    alone = [model.item_scores(model(torch.tensor([s]))[:, -1]) for s in sequences]
    for count in (2, 5, N):
        together = model.item_scores(model(left_pad(sequences[:count]))[:, -1])
        close(together, torch.cat(alone[:count]))
    moved = torch.cat(alone).diff(dim=0).abs().amax(-1) > 1e-3
    assert moved.all() if hears_of_others(model) else not moved.any()


def test_the_embedding_of_padding_does_not_matter(model):
    batch = left_pad([ITEMS[:2], ITEMS])
    embeddings, present = model.embed(batch), batch != 0
    disturbed = embeddings.masked_fill(~present[..., None], 7.0)
    states, others = model.encode(embeddings, present), model.encode(disturbed, present)
    assert torch.equal(states[present], others[present])
    assert states.isfinite().all() and others.isfinite().all()


@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
def test_rows_sum_to_one_and_weigh_no_later_item_and_no_padding(build, training):
    """Also in training: weights are recorded before dropout."""
    model, batch = build().train(training), left_pad([ITEMS[:2], ITEMS[:5], ITEMS])
    recording: list[LayerTrace] = []
    assert model(batch, recording=recording).isfinite().all()
    assert len(recording) == 2
    for layer in recording:
        refinement = REFINEMENTS[model.config.refinement]
        assert (layer.second_order is None) != refinement.has_second_order()
        for weights in (layer.first_order, layer.second_order, layer.refined):
            if weights is None:
                continue
            for row, length in enumerate([2, 5, N]):
                first = N - length
                real = weights[row, :, first:, first:]
                close(real.sum(-1), torch.ones_like(real.sum(-1)))
                assert (real.triu(1) == 0).all() and (real >= 0).all()
                assert (weights[row, :, :first] == 0).all()
                assert (weights[row, :, :, :first] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_recording_changes_no_bit(build, dtype):
    model, batch = build().to(dtype), left_pad([ITEMS[:3], ITEMS])

    def scores(training, **recording):
        torch.manual_seed(1)
        return model.train(training).item_scores(model(batch, **recording))

    for training in (False, True):
        assert torch.equal(scores(training), scores(training, recording=[]))
    traced = trace(model.eval(), ITEMS).item_scores
    assert torch.equal(traced, model.item_scores(model(torch.tensor([ITEMS]))[:, -1])[0])


def test_weights_times_values_give_the_mixed_values_and_the_scores(model):
    """The recorded values are used: from the last layer's maps and values to the scores."""
    layers, inputs = trace(model, ITEMS).layers, {}
    for layer in layers:
        rebuilt = torch.einsum("hij,hjd->hid", layer.refined, layer.value)
        close(rebuilt, layer.mixed)

    last = model.attention[-1]
    handle = last.register_forward_pre_hook(
        lambda module, given: inputs.setdefault("given", given) and None
    )
    states = model(torch.tensor([ITEMS]))[0]
    handle.remove()
    merged = torch.cat(list(layers[-1].mixed), dim=-1)
    if model.config.backbone == "sasrec":
        hidden, output = inputs["given"][0][0], last.output(merged)
        attended = {
            "after": lambda: last.norm(hidden + output),
            "query": lambda: last.norm(hidden) + output,
            "before": lambda: hidden + output,
        }[model.config.norms]()
        rebuilt = model.feed_forward[-1](attended)
        close(model.norm(rebuilt) if model.config.outer_norm == "states" else rebuilt, states)
        return
    mean, covariance = (stream[0] for stream in inputs["given"][:2])
    spread = torch.einsum(
        "hij,hij,hjd->hid", layers[-1].refined, layers[-1].refined, layers[-1].value_covariance
    )
    spread = torch.cat(list(spread), dim=-1)
    covariance = last.norm(covariance + last.covariance_output(spread))
    covariance = 1 + torch.nn.functional.elu(model.covariance_feed_forward[-1](covariance))
    if model.config.mean_stream == "correct":
        mean = model.mean_feed_forward[-1](last.norm(mean + last.mean_output(merged)))
    close(torch.cat([mean, covariance.sqrt()], dim=-1), states)


def test_evaluation_is_deterministic_and_training_is_not(model):
    sequence = torch.tensor([ITEMS])
    assert torch.equal(model(sequence), model(sequence))
    model.train()
    assert not torch.equal(model(sequence), model(sequence))


def test_scores_at_chosen_items_are_those_of_the_whole_catalogue(model):
    states = model(left_pad([ITEMS[:3], ITEMS]))
    items = torch.randint(1, N_ITEMS + 1, (*states.shape[:2], 4))
    close(model.item_scores_at(states, items), model.item_scores(states).gather(-1, items - 1))


def test_every_parameter_is_used(model):
    model.requires_grad_()
    model.item_scores(model(torch.tensor([ITEMS]))[:, -1]).logsumexp(-1).sum().backward()
    unused = {
        name.split(".")[0] if "mean_feed" in name else name.split(".")[2]
        for name, parameter in model.named_parameters()
        if parameter.grad is None or parameter.grad.abs().max() < 1e-12
    }
    # A key's bias adds one number to a whole row of dot products, and the softmax removes it.
    compares = REFINEMENTS[model.config.refinement].learns_attention
    without = {"key"} if compares and model.config.backbone == "sasrec" else set()
    if model.config.mean_stream == "published":
        without = {"mean_value", "mean_output", "mean_feed_forward"}
    assert unused == without


@pytest.mark.parametrize("refinement", [name for kind, name in OURS if kind == "stosa"])
@pytest.mark.parametrize("mean_stream", ["correct", "published"])
def test_only_the_published_mean_stream_does_not_depend_on_other_items(
    make_model, refinement, mean_stream
):
    model = make_model("stosa", refinement, mean_stream=mean_stream)
    one, other = model(torch.tensor([ITEMS, [*range(7, 0, -1), ITEMS[-1]]]))[:, -1]
    mean, deviation = (
        (a - b).abs().max() for a, b in zip(one.chunk(2), other.chunk(2), strict=True)
    )
    assert (mean > 1e-3) == (mean_stream == "correct" and hears_of_others(model))
    assert mean == 0 or mean_stream == "correct"
    assert (deviation > 1e-3) == hears_of_others(model)


def test_no_intervention_changes_no_bit(build):
    for dtype in (torch.float32, torch.float64):
        model, batch = build().to(dtype), left_pad([ITEMS[:3], ITEMS])
        plain = model(batch)
        assert torch.equal(plain, model(batch, interventions=None))
        assert torch.equal(plain, model(batch, interventions={}))
        same = {layer: lambda first_order, refined, allowed: refined for layer in range(2)}
        assert torch.equal(plain, model(batch, interventions=same))


def test_an_intervention_mixes_the_values_and_is_recorded(model):
    """Weights and allowed keys are those of the layer; earlier layers are unchanged."""
    batch, seen, recording = left_pad([ITEMS[:3], ITEMS]), [], []

    def oldest(first_order, refined, allowed):
        seen.append((first_order, refined))
        return (allowed & (allowed.cumsum(-1) == 1)).to(refined.dtype).expand_as(refined)

    plain: list[LayerTrace] = []
    states = model(batch, recording=plain)
    changed = model(batch, recording=recording, interventions={1: oldest})
    assert (states - changed)[:, -1].abs().amax() > 1e-3
    ((first_order, refined),) = seen
    assert torch.equal(first_order, plain[1].first_order)
    assert torch.equal(refined, plain[1].refined)
    assert torch.equal(recording[0].refined, plain[0].refined)
    assert (recording[1].refined[1, :, :, 0] == 1).all()
    close(recording[1].mixed, recording[1].refined @ recording[1].value)


@pytest.mark.parametrize("layer", [0, 1])
def test_a_uniform_head_equals_the_second_implementation(build, layer, monkeypatch):
    """The loops again, with equal weights in one head of one layer."""
    model, items = build(), ITEMS[:5]
    refine = Parameters.refine

    def replaced(self, where, head, first):
        refined, *rest = refine(self, where, head, first)
        if (where, head) == (f"attention.{layer}.refinement", 1):
            refined = np.array([[(j <= i) / (i + 1) for j in range(5)] for i in range(5)])
        return refined, *rest

    monkeypatch.setattr(Parameters, "refine", replaced)
    reference = {"sasrec": reference_sasrec, "stosa": reference_stosa}[model.config.backbone]
    expected = reference(Parameters(model), items)

    def uniform(first_order, refined, allowed):
        refined, keys = refined.clone(), allowed.to(refined.dtype)
        refined[:, 1] = (keys / keys.sum(-1, keepdim=True))[:, 0]
        return refined

    states = model(torch.tensor([items]), interventions={layer: uniform})
    close(states[0], torch.tensor(expected.states))
    close(model.item_scores(states[:, -1])[0], torch.tensor(expected.item_scores))
