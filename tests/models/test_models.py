"""The laws of both backbones under every refinement, and a second implementation in loops."""

import math
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import N_ITEMS, OUR_READINGS, OURS

from awrsr import trace
from awrsr.data.batching import left_pad
from awrsr.models import LayerTrace, SequentialModel
from awrsr.refinement import REFINEMENTS

pytestmark = pytest.mark.shapes

N = 8
ITEMS = [3, 1, 4, 1, 5, 9, 2, 6]
close = partial(torch.testing.assert_close, rtol=0, atol=1e-11)

VARIANTS = [pytest.param((*pair, {}), id="-".join(pair)) for pair in OURS] + [
    pytest.param((*pair, {"mean_stream": "published"}), id="-".join([*pair, "published"]))
    for pair in [("stosa", "none"), ("stosa", "stochastic")]
]


@pytest.fixture(params=VARIANTS)
def build(request, make_model) -> Callable[..., SequentialModel]:
    backbone, refinement, settings = request.param
    return partial(make_model, backbone, refinement, max_length=N, **settings)


@pytest.fixture
def model(build) -> SequentialModel:
    return build()


def hears_of_others(model) -> bool:
    """Of identity, what stands at a slot depends on the slot's item alone."""
    return model.config.refinement != "identity"


# The second implementation: one sequence, from a model's parameters, DESIGN.md section 2 in loops.


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


@np.vectorize
def gelu(x):
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


def dot_product(query, key):
    return sum(query * key) / math.sqrt(len(query))


def distance(left, right):
    """Of two Gaussians, each a pair of mean and covariance."""
    means = sum((a - b) ** 2 for a, b in zip(left[0], right[0], strict=True))
    roots = zip(np.sqrt(left[1]), np.sqrt(right[1]), strict=True)
    return means + sum((a - b) ** 2 for a, b in roots)


def nearness(query, key):
    return -distance(query, key) / math.sqrt(len(query[0]))


def gaussians(mean, covariance):
    return list(zip(mean, covariance, strict=True))


def table(rows, columns, entry):
    return np.array([[entry(row, column) for column in columns] for row in rows])


def causal_softmax(scores):
    weights = np.zeros_like(scores)
    for i, row in enumerate(scores):
        total = sum(math.exp(row[k]) for k in range(i + 1))
        for j in range(i + 1):
            weights[i, j] = math.exp(row[j]) / total
    return weights


class Parameters:
    """A model's parameters by name, and the layers they stand for."""

    def __init__(self, model):
        self.config = model.config
        self.values = {name: value.numpy() for name, value in model.state_dict().items()}

    def __getitem__(self, name):
        return self.values[f"{name}.weight"]

    def linear(self, name, x):
        return x @ self[name].T + self.values[f"{name}.bias"]

    def norm(self, name, x):
        centred = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return centred / deviation * self[name] + self.values[f"{name}.bias"]

    def feed_forward(self, name, x, activation):
        inner = activation(self.linear(f"{name}.expand", x))
        return self.norm(f"{name}.norm", x + self.linear(f"{name}.contract", inner))

    def heads(self, x):
        """One array (m, head_dim) per head."""
        return np.split(x, self.config.n_heads, axis=1)

    def slots(self, name, head, m):
        """The last m rows of a head's learned matrix over slots."""
        matrix = self[name]
        of_head = matrix[head] if self.config.matrices == "head" else matrix
        return of_head[self.config.max_length - m :]

    def refine(self, where, head, first):
        """Refined weights, second-order weights and their scores from the first-order weights."""
        config, m = self.config, len(first)
        if not REFINEMENTS[config.refinement].has_second_order():
            return first, None, None
        rows = [standardised(a, i) for i, a in enumerate(first)]
        if config.rows == "plain":
            rows = first
        gain = math.exp(self.values[f"{where}.log_gain"][head]) if config.gain else 1

        def side(name, of):
            matrix = self.slots(f"{where}.{name}{'' if config.tied else f'.{of}'}", head, m)
            return [sum(row[p] * matrix[p] for p in range(m)) for row in rows]

        def pairs(i, j):
            w_q, w_k = (
                self.slots(f"{where}.second_order.{of}", head, m) for of in ("query", "key")
            )
            return gain * sum(
                rows[i][p] * sum(w_q[p] * w_k[q]) / math.sqrt(config.rank) * rows[j][q]
                for p in range(i + 1)
                for q in range(j + 1)
            )

        if config.refinement == "stochastic":
            queries, keys = (
                [
                    (mean, elu(spread) + 1)
                    for mean, spread in zip(side("mean", of), side("covariance", of), strict=True)
                ]
                for of in ("query", "key")
            )
            scores = gain * table(queries, keys, nearness)
        else:
            scores = table(range(m), range(m), pairs)
        second = causal_softmax(scores)
        return self.mixed(where, head, first, second, scores), second, scores

    def mixed(self, where, head, first, second, scores):
        """Refined weights, an entry at a time."""
        config, m = self.config, len(first)
        if config.refinement in ("simple", "stochastic"):
            return second
        if config.refinement == "value_weighted":
            value = first
            if config.value_matrix:
                logits = self.slots(f"{where}.value", head, m)[:, config.max_length - m :]
                moved = causal_softmax(logits)
                value = table(
                    range(m),
                    range(m),
                    lambda k, j: sum(first[k, x] * moved[x, j] for x in range(m)),
                )
            return table(
                range(m), range(m), lambda i, j: sum(second[i, k] * value[k, j] for k in range(m))
            )
        if config.mix == "scores":
            raised = np.tril(first * np.exp(np.tril(scores)))
            return np.array([row / sum(row) for row in raised])
        share = 1 / 2
        if config.mix == "gate":
            share = 1 / (1 + math.exp(-self.values[f"{where}.gate"][head]))
        return (1 - share) * first + share * second


def standardised(row, last):
    """A row of weights over the keys up to `last`, centred and scaled."""
    count = last + 1
    departure = [count * row[j] - 1 for j in range(count)]
    deviation = math.sqrt(sum(x * x for x in departure) / count + 0.01)
    return np.array([x / deviation for x in departure] + [0.0] * (len(row) - count))


def mix(weights, value):
    """(head, query, head_dim)."""
    return np.array(
        [
            [sum(a * v for a, v in zip(row, value[head], strict=True)) for row in weights[head]]
            for head in range(len(weights))
        ]
    )


def alone(value, project):
    """How far each head's value moves the hidden state when alone: (head, key)."""
    width = len(value) * value[0].shape[1]

    def moved(head, row):
        wide = np.zeros(width)
        wide[head * len(row) : (head + 1) * len(row)] = row
        return math.sqrt(sum((project(wide) - project(np.zeros(width))) ** 2))

    return np.array([[moved(head, row) for row in rows] for head, rows in enumerate(value)])


def even(m):
    return [[(j <= i) / (i + 1) for j in range(m)] for i in range(m)]


def itself(m):
    return [[float(j == i) for j in range(m)] for i in range(m)]


FLOORS = {"uniform": even, "identity": itself}
"""First-order weights that nobody learned, of m items."""


def reference_attention(p, here, output, compared, scores, value, value_covariance=None):
    """The record of one layer; what is compared, scores and values are given per head, or, of a
    model that compares nothing, None and None."""
    where = f"{here}.refinement"
    if p.config.refinement in FLOORS:
        n_heads, m = len(value), len(value[0])
        compared, scores = np.zeros((2, n_heads, m, 0)), np.zeros((n_heads, m, m))
        first = n_heads * [np.array(FLOORS[p.config.refinement](m))]
    else:
        first = [causal_softmax(of_head) for of_head in scores]
    refined, second, second_scores = zip(
        *(p.refine(where, head, a) for head, a in enumerate(first)), strict=True
    )
    vanilla = second[0] is None
    return SimpleNamespace(
        query=np.stack(compared[0]),
        key=np.stack(compared[1]),
        first_order=np.stack(first),
        first_order_scores=np.stack(scores),
        second_order=None if vanilla else np.stack(second),
        second_order_scores=None if vanilla else np.stack(second_scores),
        refined=np.stack(refined),
        value=np.stack(value),
        value_covariance=None if value_covariance is None else np.stack(value_covariance),
        transformed_value_norm=alone(value, lambda wide: p.linear(f"{here}.{output}", wide)),
        mixed=mix(refined, value),
    )


def reference_sasrec(p, items):
    positions = p["position_embedding"][p.config.max_length - len(items) :]
    x, layers = p.norm("norm", p["item_embedding"][items] + positions), []
    for number in range(p.config.n_layers):
        here = f"attention.{number}"
        value, compared, scores = p.heads(p.linear(f"{here}.value", x)), None, None
        if p.config.refinement not in FLOORS:
            compared = query, key = [p.heads(p.linear(f"{here}.{n}", x)) for n in ("query", "key")]
            scores = [table(q, k, dot_product) for q, k in zip(query, key, strict=True)]
        layers.append(reference_attention(p, here, "output", compared, scores, value))
        output = p.linear(f"{here}.output", np.concatenate(layers[-1].mixed, axis=1))
        x = p.norm(f"{here}.norm", x + output)
        x = p.feed_forward(f"feed_forward.{number}", x, gelu)
    item_scores = [sum(x[-1] * embedding) for embedding in p["item_embedding"][1:]]
    return SimpleNamespace(layers=layers, states=x, item_scores=item_scores)


def reference_stosa(p, items):
    slots, layers = slice(p.config.max_length - len(items), None), []
    item_mean, item_covariance = p["item_mean_embedding"], p["item_covariance_embedding"]
    mean = elu(p.norm("norm", item_mean[items] + p["position_mean_embedding"][slots]))
    covariance = item_covariance[items] + p["position_covariance_embedding"][slots]
    covariance = elu(p.norm("norm", covariance)) + 1
    for number in range(p.config.n_layers):
        here = f"attention.{number}"

        def streams(name, here=here, mean=mean, covariance=covariance):
            return (
                p.heads(p.linear(f"{here}.mean_{name}", mean)),
                p.heads(elu(p.linear(f"{here}.covariance_{name}", covariance)) + 1),
            )

        value, compared, scores = streams("value"), None, None
        if p.config.refinement not in FLOORS:
            query, key = streams("query"), streams("key")
            scores = [
                table(gaussians(*of_query), gaussians(*of_key), nearness)
                for of_query, of_key in zip(
                    zip(*query, strict=True), zip(*key, strict=True), strict=True
                )
            ]
            compared = [
                [
                    np.concatenate([mean, np.sqrt(spread)], axis=1)
                    for mean, spread in zip(*of, strict=True)
                ]
                for of in (query, key)
            ]
        layers.append(reference_attention(p, here, "mean_output", compared, scores, *value))
        spread = mix(layers[-1].refined ** 2, value[1])
        output = p.linear(f"{here}.covariance_output", np.concatenate(spread, axis=1))
        covariance = p.norm(f"{here}.norm", covariance + output)
        covariance = p.feed_forward(f"covariance_feed_forward.{number}", covariance, elu)
        covariance = elu(covariance) + 1
        if p.config.mean_stream == "correct":
            output = p.linear(f"{here}.mean_output", np.concatenate(layers[-1].mixed, axis=1))
            mean = p.norm(f"{here}.norm", mean + output)
            mean = p.feed_forward(f"mean_feed_forward.{number}", mean, elu)
    catalogue = gaussians(item_mean, elu(item_covariance) + 1)[1:]
    return SimpleNamespace(
        layers=layers,
        states=np.concatenate([mean, np.sqrt(covariance)], axis=1),
        item_scores=[-distance((mean[-1], covariance[-1]), item) for item in catalogue],
    )


@pytest.mark.parametrize(("length", "rank"), [(1, None), (5, 3), (N, None)])
def test_all_that_is_computed_equals_the_second_implementation(build, length, rank):
    """With refinement none this is the plain backbone; a short sequence uses the last rows of W."""
    equals_the_reference(build(correlation_rank=rank), ITEMS[:length])


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


def test_what_padding_embeds_to_does_not_matter(model):
    batch = left_pad([ITEMS[:2], ITEMS])
    embeddings, present = model.embed(batch), batch != 0
    disturbed = embeddings.masked_fill(~present[..., None], 7.0)
    states, others = model.encode(embeddings, present), model.encode(disturbed, present)
    assert torch.equal(states[present], others[present])
    assert states.isfinite().all() and others.isfinite().all()


@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
def test_rows_sum_to_one_and_weigh_no_later_item_and_no_padding(build, training):
    """In training too: what is recorded is from before dropout."""
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


def test_weights_times_values_rebuild_what_is_mixed_and_the_scores(model):
    """What is recorded is what is used: from the last layer's maps and values to the scores."""
    layers, inputs = trace(model, ITEMS).layers, {}
    for layer in layers:
        rebuilt = torch.einsum("hij,hjd->hid", layer.refined, layer.value)
        close(rebuilt, layer.mixed)

    last = model.attention[-1]
    handle = last.register_forward_pre_hook(lambda module, given: inputs.update(given=given))
    states = model(torch.tensor([ITEMS]))[0]
    handle.remove()
    merged = torch.cat(list(layers[-1].mixed), dim=-1)
    if model.config.backbone == "sasrec":
        attended = last.norm(inputs["given"][0][0] + last.output(merged))
        close(model.feed_forward[-1](attended), states)
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
    # A key's bias adds one number to all of a dot product's row, and the softmax takes it away.
    compares = REFINEMENTS[model.config.refinement].learns_attention
    without = {"key"} if compares and model.config.backbone == "sasrec" else set()
    if model.config.mean_stream == "published":
        without = {"mean_value", "mean_output", "mean_feed_forward"}
    assert unused == without


@pytest.mark.parametrize("refinement", [name for kind, name in OURS if kind == "stosa"])
@pytest.mark.parametrize("mean_stream", ["correct", "published"])
def test_only_the_published_mean_stream_never_hears_of_the_other_items(
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


def test_an_intervention_is_what_mixes_the_values_and_is_recorded(model):
    """Weights and allowed keys are those of the layer; the layers before it are as they were."""
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
def test_a_uniform_head_is_what_the_second_implementation_makes_of_it(build, layer, monkeypatch):
    """The loops again, where refine is told to give one head of one layer equal weights."""
    model, items = build(), ITEMS[:5]
    refine = Parameters.refine

    def told(self, where, head, first):
        refined, *rest = refine(self, where, head, first)
        if (where, head) == (f"attention.{layer}.refinement", 1):
            refined = np.array([[(j <= i) / (i + 1) for j in range(5)] for i in range(5)])
        return refined, *rest

    monkeypatch.setattr(Parameters, "refine", told)
    reference = {"sasrec": reference_sasrec, "stosa": reference_stosa}[model.config.backbone]
    expected = reference(Parameters(model), items)

    def uniform(first_order, refined, allowed):
        refined, keys = refined.clone(), allowed.to(refined.dtype)
        refined[:, 1] = (keys / keys.sum(-1, keepdim=True))[:, 0]
        return refined

    states = model(torch.tensor([items]), interventions={layer: uniform})
    close(states[0], torch.tensor(expected.states))
    close(model.item_scores(states[:, -1])[0], torch.tensor(expected.item_scores))
