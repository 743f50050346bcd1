"""Histories, models and groups of methods shared by the tests of attributions."""

from functools import partial

import pytest
import torch
from torch import nn

import awrsr
from awrsr.attribution import METHODS
from awrsr.config import Catalogue, ModelConfig
from awrsr.models import SequentialModel

HISTORY = [3, 1, 4, 1, 5]
TARGET, CONTRAST = 9, 2
RANDOMISED = [name for name, method in METHODS.items() if method.randomised]
ADAPTIVE = {
    "integrated_gradients": "gap",
    "gradient_shap": "largest standard error",
    "shapley_value_sampling": "largest standard error",
}
"""The error that each adaptive method makes small relative to its largest value."""
COMPLETE = {name: 1.0 for name, method in METHODS.items() if method.complete}
COMPLETE |= {"integrated_gradients": 1e-2, "shapley_value_sampling": 1e-6}
"""The methods with complete values, and their largest accepted gap here, in item score units."""
EXACTLY = {
    "integrated_gradients": {"n_steps": 32, "max_steps": 32},
    "gradient_shap": {"n_samples": 64, "max_samples": 64},
    "shapley_value_sampling": {"n_pairs": 4, "max_pairs": 4},
}
"""Settings with which a method always does the same work."""
BASELINES = [name for name in METHODS if any(o.name == "baseline" for o in METHODS[name].options())]

attribute = awrsr.attribute
close = partial(torch.testing.assert_close, rtol=0, atol=1e-6)  # captum adds in single precision
every_method = pytest.mark.parametrize("method", METHODS)


def score_of(model, history, item=TARGET) -> float:
    return float(model.item_scores(model(torch.tensor([history])))[0, -1, item - 1])


def without_embedding(model, history, *slots, baseline="zero", target=TARGET):
    embeddings = model.embed(torch.tensor([history]))
    mean = model.embed(torch.arange(1, model.catalogue.n_items + 1)).mean(dim=0)
    embeddings[0, list(slots)] = mean if baseline == "mean" else 0
    states = model.encode(embeddings, torch.ones(1, len(history), dtype=torch.bool))
    return float(model.item_scores(states)[0, -1, target - 1])


class LinearModel(SequentialModel):
    """Its state is the sum of the embeddings so far, weighted 1, 2, 4 from the oldest slot."""

    def __init__(self) -> None:
        config = ModelConfig(max_length=3, hidden_size=2, n_heads=1)
        super().__init__(config, Catalogue(name="toy", fingerprint="", n_items=4))
        table = torch.tensor([[0, 0], [1, 0], [0, 2], [3, 1], [1, 1]])
        self.table = nn.Parameter(table.double(), requires_grad=False)

    def embed(self, items):
        return self.table[items]

    def encode(self, embeddings, present, *, recording=None, interventions=None):
        weights = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)[-embeddings.shape[1] :]
        return (embeddings * (weights * present)[..., None]).cumsum(dim=1)

    def catalogue_embeddings(self):
        return self.table[1:]

    def as_states(self, embeddings):
        return embeddings

    def compare(self, states, items):
        return states @ items.transpose(-2, -1)
