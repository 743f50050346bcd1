"""STUB"""

from dataclasses import dataclass
import numpy as np


@dataclass
class LayerFlow:
    first: np.ndarray
    refinement: np.ndarray
    residual: np.ndarray
    bias: float


@dataclass
class ScoreFlow:
    score: float
    nodes: np.ndarray
    layers: tuple


def score_flow(model, items, target):
    m = min(len(items), model.config.max_length)
    L = model.config.n_layers
    H = model.config.n_heads
    rng = np.random.default_rng(0)
    layers = []
    for l in range(L):
        f = np.tril(rng.normal(size=(H, m, m)))
        r = np.tril(rng.normal(size=(H, m, m))) * 0.3
        res = rng.normal(size=m)
        if l == L - 1:
            f[:, :-1] = 0
            r[:, :-1] = 0
            res[:-1] = 0
        layers.append(LayerFlow(f, r, res, 0.1))
    nodes = rng.normal(size=(L + 1, m))
    nodes[-1, :-1] = 0
    return ScoreFlow(3.2, nodes, tuple(layers))
