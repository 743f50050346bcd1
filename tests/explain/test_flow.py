"""The flow of a score: exact sums, against a slow forward propagation of one item at a time."""

from functools import partial

import numpy as np
import pytest
import torch
from helpers import LAYOUTS, PAIRS
from torch.nn.functional import gelu, relu

from awrsr import trace
from awrsr.errors import ConfigError, DataError
from awrsr.explain import score_flow
from awrsr.models import is_linear

ITEMS = [3, 1, 4, 1, 5, 9, 2, 6]
TARGET = 7
close = partial(np.testing.assert_allclose, rtol=0, atol=1e-10)
OTHER = {
    "activation": "relu",
    "output_embedding": "separate",
    "norm_epsilon": 0.1,
    "positions": "oldest",
    "scaled_embeddings": True,
}
LINEAR = [
    *(pytest.param((name, {}), id=name) for backbone, name in PAIRS if backbone == "sasrec"),
    *(pytest.param((name, OTHER), id=f"{name}-other-layout") for name in ("none", "additive")),
]


@pytest.fixture(params=[(1, 1), (2, 2)], ids=["one-layer-one-head", "two-layers-two-heads"])
def shape(request):
    return dict(zip(("n_layers", "n_heads"), request.param, strict=True))


@pytest.fixture(params=LINEAR)
def model(request, make_model, shape):
    """With biases that are not 0, so that constants count."""
    refinement, layout = request.param
    made = make_model("sasrec", refinement, max_length=9, **layout, **shape)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.endswith("bias"):
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator).double())
    return made


def test_the_contributions_sum_to_the_models_score(model):
    flow = score_flow(model, ITEMS, TARGET)
    close(flow.score, float(trace(model, ITEMS).item_scores[TARGET - 1]))
    constants = sum(layer.constants.sum() for layer in flow.layers)
    close(flow.nodes[0].sum() + constants, flow.score)
    close(flow.nodes[-1].sum(), flow.score)


def test_the_inflow_and_the_outflow_of_every_state_are_its_contribution(model):
    flow = score_flow(model, ITEMS, TARGET)
    for number, layer in enumerate(flow.layers):
        edges = layer.first + layer.refinement
        close(edges.sum(axis=(0, 2)) + layer.residual + layer.constants, flow.nodes[number + 1])
        close(edges.sum(axis=(0, 1)) + layer.residual, flow.nodes[number])


def test_nothing_flows_to_later_items_or_past_the_prediction(model):
    flow = score_flow(model, ITEMS, TARGET)
    for layer in flow.layers:
        assert not np.triu(layer.first, 1).any() and not np.triu(layer.refinement, 1).any()
    last = flow.layers[-1]
    assert not last.first[:, :-1].any() and not last.residual[:-1].any()
    assert not flow.nodes[-1][:-1].any()


class Propagated:
    """The same network in loops: gates from one plain forward pass, then linear propagation of the
    part of one source, with biases only on request."""

    def __init__(self, model) -> None:
        self.model = model
        self.layers = trace(model, ITEMS).layers
        with torch.no_grad():
            self.epsilon, self.activation = model.config.norm_epsilon, gelu
            table, embedded = model.position_embedding.weight, model.item_embedding.weight[ITEMS]
            positions = table[-len(ITEMS) :]
            if model.config.positions == "oldest":
                positions = table[: len(ITEMS)]
                embedded, self.activation = embedded * model.config.hidden_size**0.5, relu
            embedded = embedded + positions
            self.start = model.norm(embedded)
            self.deviations, self.ratios, hidden = [], [], self.start
            for layer, (attention, dense) in enumerate(
                zip(model.attention, model.feed_forward, strict=True)
            ):
                before = hidden + self.mixed(layer, hidden, self.layers[layer].refined, bias=True)
                hidden = attention.norm(before)
                inner = dense.expand(hidden)
                after = hidden + dense.contract(self.activation(inner))
                self.deviations.append([self.deviation(before), self.deviation(after)])
                self.ratios.append(self.activation(inner) / inner)
                hidden = dense.norm(after)

    def deviation(self, x):
        return (x.var(-1, unbiased=False, keepdim=True) + self.epsilon).sqrt()

    def mixed(self, layer, hidden, weights, *, bias):
        """The output of attention for every item, item by item and head by head."""
        attention = self.model.attention[layer]
        width = hidden.shape[1] // attention.n_heads
        out = torch.zeros_like(hidden)
        for query in range(len(hidden)):
            for head in range(attention.n_heads):
                part = slice(head * width, (head + 1) * width)
                for key in range(query + 1):
                    value = attention.value.weight[part] @ hidden[key]
                    if bias:
                        value = value + attention.value.bias[part]
                    share = weights[head, query, key] * value
                    out[query] += attention.output.weight[:, part] @ share
            if bias:
                out[query] += attention.output.bias
        return out

    def normed(self, norm, x, deviation, *, bias):
        made = (x - x.mean(-1, keepdim=True)) / deviation * norm.weight
        return made + norm.bias if bias else made

    def through(self, hidden, first, *, weights=None, residual=True, bias=False):
        """The target's score of states before layer `first`, with fixed gates. Weights and the
        residual path of that layer may be replaced."""
        for layer in range(first, len(self.layers)):
            attention, dense = self.model.attention[layer], self.model.feed_forward[layer]
            chosen = self.layers[layer].refined
            if layer == first and weights is not None:
                chosen = weights
            before = self.mixed(layer, hidden, chosen, bias=bias)
            if residual or layer > first:
                before = before + hidden
            hidden = self.normed(attention.norm, before, self.deviations[layer][0], bias=bias)
            inner = hidden @ dense.expand.weight.T + (dense.expand.bias if bias else 0)
            after = hidden + (inner * self.ratios[layer]) @ dense.contract.weight.T
            after = after + (dense.contract.bias if bias else 0)
            hidden = self.normed(dense.norm, after, self.deviations[layer][1], bias=bias)
        tables = dict(self.model.named_children())
        scored = tables.get("output_embedding", self.model.item_embedding)
        return float(hidden[-1] @ scored.weight[TARGET])


@torch.no_grad()
def test_every_part_equals_its_own_propagation(model):
    flow, slow = score_flow(model, ITEMS, TARGET), Propagated(model)
    close(slow.through(slow.start, 0, bias=True), flow.score)
    for item in range(len(ITEMS)):
        alone = torch.zeros_like(slow.start)
        alone[item] = slow.start[item]
        close(slow.through(alone, 0), flow.nodes[0][item])
        none = torch.zeros_like(slow.layers[0].refined)
        close(slow.through(alone, 0, weights=none), flow.layers[0].residual[item])
    for query, key in ((7, 7), (7, 2), (4, 0)):
        for name in ("first", "refinement"):
            layer = slow.layers[0]
            kept = layer.first_order if name == "first" else layer.refined - layer.first_order
            for head in range(model.config.n_heads):
                only = torch.zeros_like(kept)
                only[head, query, key] = kept[head, query, key]
                found = slow.through(slow.start, 0, weights=only, residual=False)
                close(found, getattr(flow.layers[0], name)[head, query, key])


def test_the_model_is_not_changed(make_model):
    model = make_model("sasrec", "additive", max_length=8)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    score_flow(model, ITEMS, TARGET)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(parameter.grad is not None for parameter in model.parameters())


def test_a_score_by_distances_is_refused(make_model):
    model = make_model("stosa", "none", max_length=8)
    assert not is_linear(model)
    with pytest.raises(ConfigError, match="STOSA is .*; accepted: SASRec"):
        score_flow(model, ITEMS, TARGET)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("query", "received norms 'query', outer_norm 'states'$"),
        ("carried", "received padding 'carried'$"),
    ],
)
def test_a_layout_without_a_flow_is_refused(make_model, name, said):
    model = make_model("sasrec", "none", max_length=8, **LAYOUTS[name])
    assert not is_linear(model)
    with pytest.raises(ConfigError, match=f"norms 'after', outer_norm 'embeddings'.*{said}"):
        score_flow(model, ITEMS, TARGET)


@pytest.mark.parametrize(
    "items, target, words",
    [([], 1, "history"), ([99], 1, "99"), ([1], 99, "target 99")],
    ids=["empty", "unknown-item", "unknown-target"],
)
def test_an_invalid_history_is_refused(make_model, items, target, words):
    with pytest.raises(DataError, match=words):
        score_flow(make_model("sasrec", "none", max_length=8), items, target)
