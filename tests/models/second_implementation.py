"""The second implementation: one sequence, from a model's parameters, in loops."""

import math
from types import SimpleNamespace

import numpy as np

from awrsr.refinement import REFINEMENTS

# The second implementation: one sequence, from a model's parameters, DESIGN.md section 2 in loops.


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


@np.vectorize
def gelu(x):
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


def dot_product(query, key):
    return sum(query * key) / math.sqrt(len(query))


def distance(left, right):
    """Distance of two Gaussians, each a pair of mean and covariance."""
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
    """A model's parameters by name, and the layers that use them."""

    def __init__(self, model):
        self.config = model.config
        self.values = {name: value.numpy() for name, value in model.state_dict().items()}

    def __getitem__(self, name):
        return self.values[f"{name}.weight"]

    def linear(self, name, x):
        return x @ self[name].T + self.values[f"{name}.bias"]

    def norm(self, name, x):
        centred = x - x.mean(-1, keepdims=True)
        epsilon = self.config.norm_epsilon
        deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
        return centred / deviation * self[name] + self.values[f"{name}.bias"]

    def feed_forward(self, name, x, activation):
        def transform(y):
            return self.linear(f"{name}.contract", activation(self.linear(f"{name}.expand", y)))

        return self.half(f"{name}.norm", x, transform)

    def half(self, name, x, transform):
        """Half a layer; `transform` gets the normalised states."""
        if self.config.norms == "after":
            return self.norm(name, x + transform(x))
        normed = self.norm(name, x)
        return (x if self.config.norms == "before" else normed) + transform(normed)

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

        def side(name, role):
            matrix = self.slots(f"{where}.{name}{'' if config.tied else f'.{role}'}", head, m)
            return [sum(row[p] * matrix[p] for p in range(m)) for row in rows]

        def pairs(i, j):
            w_q, w_k = (
                self.slots(f"{where}.second_order.{role}", head, m) for role in ("query", "key")
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
                    for mean, spread in zip(
                        side("mean", role), side("covariance", role), strict=True
                    )
                ]
                for role in ("query", "key")
            )
            scores = gain * table(queries, keys, nearness)
        else:
            scores = table(range(m), range(m), pairs)
        second = causal_softmax(scores)
        return self.mixed(where, head, first, second, scores), second, scores

    def mixed(self, where, head, first, second, scores):
        """Refined weights, entry by entry."""
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
    """Norm of each head's value after the output projection: (head, key)."""
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
"""Fixed first-order weights of m items."""


def reference_attention(p, prefix, output, compared, scores, value, value_covariance=None):
    """The record of one layer; compared vectors, scores and values per head, or None and None for a
    model that compares nothing."""
    where = f"{prefix}.refinement"
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
        transformed_value_norm=alone(value, lambda wide: p.linear(f"{prefix}.{output}", wide)),
        mixed=mix(refined, value),
        on_padding=None,
    )
