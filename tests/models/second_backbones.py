"""The backbones of the second implementation: one sequence, from a model's parameters, in loops."""

import math
from types import SimpleNamespace

import numpy as np
from second_implementation import (
    FLOORS,
    causal_softmax,
    distance,
    dot_product,
    elu,
    gaussians,
    gelu,
    mix,
    nearness,
    reference_attention,
    table,
)

ACTIVATIONS = {
    "gelu": gelu,
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
}


def reference_sasrec(p, items):
    """Padding that is attended to has slots of its own, before the oldest item."""
    config, m = p.config, len(items)
    first = config.max_length - m if config.positions == "newest" else 0
    x, layers = p["item_embedding"][items], []
    if config.scaled_embeddings:
        x = x * math.sqrt(config.hidden_size)
    x = x + p["position_embedding"][first : first + m]
    if config.outer_norm == "embeddings":
        x = p.norm("norm", x)
    empty = 0 if config.padding == "ignored" else config.max_length - m
    x = np.concatenate([np.zeros((empty, config.hidden_size)), x])
    for number in range(config.n_layers):
        prefix = f"attention.{number}"

        def attend(normed, prefix=prefix, x=x):
            attended = normed if config.norms == "before" else x
            value, compared, scores = p.heads(p.linear(f"{prefix}.value", attended)), None, None
            full = len(value) * [np.eye(empty + m)]
            if config.refinement not in FLOORS:
                query = p.heads(p.linear(f"{prefix}.query", normed))
                key = p.heads(p.linear(f"{prefix}.key", attended))
                scores = [table(q, k, dot_product) for q, k in zip(query, key, strict=True)]
                full = [causal_softmax(of_head) for of_head in scores]
                compared = [[each[empty:] for each in vectors] for vectors in (query, key)]
                scores = [of_head[empty:, empty:] for of_head in scores]
            of_items = [each[empty:] for each in value]
            layer = reference_attention(p, prefix, "output", compared, scores, of_items)
            mixed = [weights @ each for weights, each in zip(full, value, strict=True)]
            for head, weights in enumerate(full):
                mixed[head][empty:] = weights[empty:, :empty] @ value[head][:empty]
                left = weights[empty:, empty:].sum(-1, keepdims=True)
                left = left if empty else np.ones_like(left)
                mixed[head][empty:] += left * layer.mixed[head]
            if config.padding != "ignored":
                layer.on_padding = np.stack([w[empty:, :empty].sum(-1) for w in full])
            layers.append(layer)
            return p.linear(f"{prefix}.output", np.concatenate(mixed, axis=1))

        x = p.half(f"{prefix}.norm", x, attend)
        x = p.feed_forward(f"feed_forward.{number}", x, ACTIVATIONS[config.activation])
        if config.padding == "zero":
            x[:empty] = 0
    x = x[empty:]
    if config.outer_norm == "states":
        x = p.norm("norm", x)
    scored = "item_embedding" if config.output_embedding == "shared" else "output_embedding"
    item_scores = [sum(x[-1] * embedding) for embedding in p[scored][1:]]
    return SimpleNamespace(layers=layers, states=x, item_scores=item_scores)


def reference_stosa(p, items):
    slots, layers = slice(p.config.max_length - len(items), None), []
    item_mean, item_covariance = p["item_mean_embedding"], p["item_covariance_embedding"]
    mean = elu(p.norm("norm", item_mean[items] + p["position_mean_embedding"][slots]))
    covariance = item_covariance[items] + p["position_covariance_embedding"][slots]
    covariance = elu(p.norm("norm", covariance)) + 1
    for number in range(p.config.n_layers):
        prefix = f"attention.{number}"

        def streams(name, prefix=prefix, mean=mean, covariance=covariance):
            return (
                p.heads(p.linear(f"{prefix}.mean_{name}", mean)),
                p.heads(elu(p.linear(f"{prefix}.covariance_{name}", covariance)) + 1),
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
                    for mean, spread in zip(*vectors, strict=True)
                ]
                for vectors in (query, key)
            ]
        layers.append(reference_attention(p, prefix, "mean_output", compared, scores, *value))
        spread = mix(layers[-1].refined ** 2, value[1])
        output = p.linear(f"{prefix}.covariance_output", np.concatenate(spread, axis=1))
        covariance = p.norm(f"{prefix}.norm", covariance + output)
        covariance = p.feed_forward(f"covariance_feed_forward.{number}", covariance, elu)
        covariance = elu(covariance) + 1
        if p.config.mean_stream == "correct":
            output = p.linear(f"{prefix}.mean_output", np.concatenate(layers[-1].mixed, axis=1))
            mean = p.norm(f"{prefix}.norm", mean + output)
            mean = p.feed_forward(f"mean_feed_forward.{number}", mean, elu)
    catalogue = gaussians(item_mean, elu(item_covariance) + 1)[1:]
    return SimpleNamespace(
        layers=layers,
        states=np.concatenate([mean, np.sqrt(covariance)], axis=1),
        item_scores=[-distance((mean[-1], covariance[-1]), item) for item in catalogue],
    )
