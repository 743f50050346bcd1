"""Models that were written elsewhere: the laws of an adapter, and what works with it."""

import dataclasses

import numpy as np
import pytest
import torch
from own_model import ITEMS, N_ITEMS, Whole, changed, wrapped

import awrsr
from awrsr.attribution import attribute
from awrsr.data.splits import TimeSplit
from awrsr.errors import ConfigError
from awrsr.explain import (
    Ablation,
    Cell,
    Connection,
    ablate,
    contributions,
    cut_connections,
    explanation_orders,
    faithfulness_curves,
    refined_parts,
    remove_each,
)
from awrsr.studies import correlation_matrices, head_profile, scan

pytestmark = pytest.mark.shapes


def test_a_sound_adapter_passes_every_check(own_module, tiny_dataset):
    model = wrapped(own_module, tiny_dataset)
    checks = awrsr.check_model(
        model,
        tiny_dataset,
        reference=lambda history: own_module(torch.tensor([history]) - 1)[0, -1],
    )
    failed = [str(check) for check in checks if not check.passed]
    assert len(failed) == 1 and failed[0].startswith("not measured: Recorded ranks and NDCG@10")
    assert len(checks) == 10


def test_a_wrapped_model_records_the_split_of_its_dataset(own_module, tiny_dataset):
    first, last = 0, int(tiny_dataset.flat_timestamps.max())
    split = TimeSplit(rule="time:0.9", validation_from=first + 1, test_from=last)
    for dataset in (tiny_dataset, dataclasses.replace(tiny_dataset, time_split=split)):
        assert wrapped(own_module, dataset).catalogue == dataset.catalogue


def test_each_broken_law_is_found(own_module, tiny_dataset):
    def failing(adapter, reference=None):
        found = awrsr.check_model(
            wrapped(own_module, tiny_dataset, adapter), tiny_dataset, reference=reference
        )
        return {check.name: check.measured for check in found if check.passed is False}

    def looking_ahead(self, embeddings, record):
        states = self.module.hidden(embeddings, record)
        return states + embeddings.mean(1, keepdim=True)

    assert set(failing(changed(encode_items=looking_ahead))) == {
        "Later items change no earlier state"
    }

    def blind(self, embeddings, record):
        return self.module.hidden(embeddings, record).detach()

    assert "Gradients reach the embeddings" in failing(changed(encode_items=blind))

    def stubborn(self, embeddings, record):
        def kept(weights, norms):
            record(weights, norms)
            return weights

        return self.module.hidden(embeddings, kept)

    assert set(failing(changed(encode_items=stubborn))) == {"Replaced weights mix the values"}

    def noisy(self, embeddings, record):
        return self.module.hidden(embeddings, record) + torch.randn(1)

    assert {"Dropout is off, two runs are equal", "Recording changes no result"} <= set(
        failing(changed(encode_items=noisy))
    )
    other = failing(Whole, lambda history: own_module(torch.tensor([history]) % N_ITEMS)[0, -1])
    assert set(other) == {"Scores are those of the reference"}
    short = failing(Whole, lambda history: torch.zeros(3))
    assert "received" not in short and "returned shape (3,); accepted (11,)" in str(short)


# --- what works with it ---------------------------------------------------------------------------


def test_a_trace_holds_what_was_recorded(own_module, tiny_dataset):
    model = wrapped(own_module, tiny_dataset)
    assert (model.config.n_layers, model.config.n_heads, model.config.hidden_size) == (2, 2, 8)
    trace = awrsr.trace(model, ITEMS)
    seen = []
    with torch.no_grad():
        states = own_module.hidden(
            own_module.items(torch.tensor([ITEMS]) - 1),
            lambda w, norms: seen.append((w, norms)) or w,
        )
    for layer, (weights, norms) in zip(trace.layers, seen, strict=True):
        assert layer.first_order.equal(weights[0]) and layer.refined.equal(weights[0])
        assert layer.transformed_value_norm.equal(norms[0])
        assert layer.query is layer.second_order is layer.first_order_scores is None
    torch.testing.assert_close(trace.item_scores, (states @ own_module.items.weight.T)[0, -1])
    assert trace.arrays()["transformed_value_norm"].shape == (2, 2, 5)


def test_padding_is_never_seen_and_takes_no_part(own_module, tiny_dataset):
    lengths = []

    def watching(self, embeddings, record):
        lengths.append(embeddings.shape[1])
        return self.module.hidden(embeddings, record)

    model = wrapped(own_module, tiny_dataset, changed(encode_items=watching))
    lengths.clear()
    recording: list = []
    sequences = torch.tensor([[0, 0, 3, 1], [5, 6, 7, 8], [0, 0, 9, 2], [0, 0, 0, 0]])
    states = model(sequences, recording=recording)
    assert lengths == [1, 2, 4]  # a history without any item is one empty slot
    for row, items in ((0, [3, 1]), (1, [5, 6, 7, 8]), (2, [9, 2])):
        alone = model(torch.tensor([items]))
        torch.testing.assert_close(states[row, -len(items) :], alone[0])
        assert states[row, : -len(items)].eq(0).all()
        for layer in recording:
            sums = layer.refined[row].sum(-1)
            torch.testing.assert_close(sums[:, -len(items) :], torch.ones(2, len(items)))
            assert sums[:, : -len(items)].eq(0).all()


def test_everything_that_explains_takes_it(own_module, tiny_dataset):
    model = wrapped(own_module, tiny_dataset)
    trace = awrsr.trace(model, ITEMS)
    assert list(awrsr.recommend(model, ITEMS, k=3)["item"])
    assert 0 <= awrsr.evaluate(model, tiny_dataset).metrics["NDCG@10"] <= 1
    found = attribute(model, ITEMS, 6, "integrated_gradients")
    assert abs(found.delta) < 1e-3
    removed = remove_each(model, ITEMS, 6)
    alone = awrsr.trace(model, [1, 4, 5, 9]).item_scores[5]
    assert removed.scores[0] == pytest.approx(float(alone), abs=1e-5)
    orders = explanation_orders(model, trace, 6)
    assert {"first_order", "rollout", "weight_x_value_norm"} <= set(orders)
    assert {"second_order", "decomposition"}.isdisjoint(orders)
    assert set(faithfulness_curves(model, ITEMS, 6, orders)) == set(orders)
    tables = scan({"own": model, "same": model}, tiny_dataset, attribution=True)
    assert len(tables.users) == 2 * tiny_dataset.n_users and len(tables.pairs)
    assert len(head_profile(model, tiny_dataset)) and correlation_matrices(model) == []
    assert refined_parts(model, trace, Cell(layer=0, head=0, query=2, key=1)).kind == "first order"


def test_replaced_weights(own_module, tiny_dataset):
    model = wrapped(own_module, tiny_dataset)
    gains = contributions(model, ITEMS, 6)
    assert gains.refinement is None and np.abs(gains.uniform).min() > 0
    even = [Ablation(change="uniform")]
    (outcome,) = ablate(model, ITEMS, 6, [even])

    def uniform(weights, norms):
        return torch.tril(torch.ones_like(weights)) / torch.arange(1, 6)[:, None]

    with torch.no_grad():
        states = own_module.hidden(own_module.items(torch.tensor([ITEMS]) - 1), uniform)
        wanted = float((states @ own_module.items.weight.T)[0, -1, 5])
    assert outcome.score == pytest.approx(wanted, abs=1e-5)
    cut = cut_connections(model, ITEMS, 6, [Connection(layer=1, query=4, key=0)])
    assert cut[0].score != gains.score
    with pytest.raises(ConfigError, match="histories of one length; received 2 lengths"):
        model(torch.tensor([[0, 1], [1, 2]]), interventions={0: lambda first, used, allowed: used})
