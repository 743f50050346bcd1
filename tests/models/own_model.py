"""A model that the package does not know, its adapter, and variants of the adapter."""

import math

import torch
from torch import nn

import awrsr

ITEMS = [3, 1, 4, 5, 9]
N_ITEMS = 11


class Plain(nn.Module):
    """Attention of one or more layers, positions from the oldest, items from 0."""

    def __init__(self, n_items=N_ITEMS, width=8, n_heads=2, n_layers=2, max_length=8):
        super().__init__()
        self.n_heads = n_heads
        self.items = nn.Embedding(n_items, width)
        self.places = nn.Embedding(max_length, width)
        self.layers = nn.ModuleList(
            nn.Linear(width, 3 * width, bias=False) for _ in range(n_layers)
        )
        self.later = torch.ones(max_length, max_length, dtype=torch.bool).triu(1)  # no buffer

    def hidden(self, embeddings, record):
        length = embeddings.shape[1]
        hidden = embeddings + self.places.weight[:length]
        for layer in self.layers:
            query, key, value = (
                part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
                for part in layer(hidden).chunk(3, -1)
            )
            scores = query @ key.mT / math.sqrt(query.shape[-1])
            scores = scores.masked_fill(self.later[:length, :length], -torch.inf)
            weights = record(scores.softmax(-1), torch.linalg.vector_norm(value, dim=-1))
            hidden = hidden + (weights @ value).transpose(1, 2).flatten(-2)
        return hidden

    def forward(self, items):
        return self.hidden(self.items(items), lambda weights, norms: weights) @ self.items.weight.T


class Whole(awrsr.Adapter):
    """The adapter of Plain, which uses what `record` returns."""

    name = "own_plain"
    title = "Whole"
    replaceable = True

    @classmethod
    def build(cls, config, catalogue):
        return Plain(
            catalogue.n_items,
            config.hidden_size,
            config.n_heads,
            config.n_layers,
            config.max_length,
        )

    def embed_items(self, items):
        assert items.min() >= 1  # no padding
        return self.module.items(items - 1)

    def encode_items(self, embeddings, record):
        return self.module.hidden(embeddings, record)


def changed(**methods) -> type[Whole]:
    """An adapter like Whole with other methods or facts."""
    return type("Changed", (Whole,), {"name": "changed", **methods})


def wrapped(module, dataset, adapter=Whole, **settings):
    return awrsr.wrap(module, adapter, dataset, max_length=8, **settings)
