"""Traces as safetensors files, for other programs and for later; docs/interchange.md lists every
tensor.

A file is untrusted: it is bounded, and its names, shapes and types are compared with its settings
before it becomes a trace.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from awrsr.config import ModelConfig
from awrsr.data.dataset import Dataset
from awrsr.errors import DataError, counted, shown
from awrsr.io.tensors import read_all_tensors, save_tensors
from awrsr.models.trace import LayerTrace, Trace

FORMAT, VERSION = "awrsr.trace", "1"
MAX_BYTES = 2**30
"""Largest file that is read."""
AXES = {
    "query": ("head", "item", "query_width"),
    "key": ("head", "item", "query_width"),
    "first_order": ("head", "item", "item"),
    "first_order_scores": ("head", "item", "item"),
    "second_order": ("head", "item", "item"),
    "second_order_scores": ("head", "item", "item"),
    "refined": ("head", "item", "item"),
    "value": ("head", "item", "head_dim"),
    "value_covariance": ("head", "item", "head_dim"),
    "transformed_value_norm": ("head", "item"),
    "mixed": ("head", "item", "head_dim"),
    "on_padding": ("head", "item"),
}
"""The axes of the fields of `LayerTrace`; an axis has one size in the whole file."""
NEEDED = ("first_order", "refined")
FLOATS = (torch.float32, torch.float64)
METADATA = ("format", "version", "model", "dropped", "dataset", "weights")
"""The metadata of a file; dataset and weights may be empty."""


def save_trace(
    trace: Trace, path: str | Path, *, dataset: Dataset | None = None, weights: str = ""
) -> None:
    """Write a trace as a safetensors file, in one step.

    Args:
        trace: the trace.
        path: the file; an existing file is replaced.
        dataset: the model's dataset; adds its name, its fingerprint and the ids of the items.
        weights: the fingerprint of the model's weights, see
            `awrsr.training.checkpoint.weights_fingerprint`.

    Raises:
        DataError: the dataset has another number of items.
        AwrsrError: the file could not be written.
    """
    tensors = {"items": torch.tensor(trace.items), "item_scores": trace.item_scores}
    for number, layer in enumerate(trace.layers):
        for field in AXES:
            if (recorded := getattr(layer, field)) is not None:
                # A model may record one tensor under two names; in a file each has its own.
                tensors[f"layers.{number}.{field}"] = recorded.clone()
    about: dict[str, Any] = {}
    if dataset is not None:
        if dataset.n_items != len(trace.item_scores):
            raise DataError(
                f"the trace ranks {counted(len(trace.item_scores), 'item')}, {dataset.name!r} has "
                f"{counted(dataset.n_items, 'item')}"
            )
        about = {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "item_ids": dataset.item_ids.at([item - 1 for item in trace.items]),
        }
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "model": json.dumps(trace.config.to_json()),
        "dropped": str(trace.dropped),
        "dataset": json.dumps(about) if about else "",
        "weights": weights,
    }
    save_tensors(Path(path), tensors, metadata)


def load_trace(path: str | Path, *, dataset: Dataset | None = None) -> Trace:
    """The trace in a file of `save_trace`.

    Args:
        path: the file.
        dataset: refuse a trace that was not saved with this dataset.

    Raises:
        DataError: the file is missing, too large, damaged or no trace, or is of another dataset.
    """
    path = Path(path)
    tensors, metadata = read_all_tensors(path, MAX_BYTES, DataError)
    found = metadata.get("format"), metadata.get("version")
    if found != (FORMAT, VERSION):
        raise DataError(
            f"{path} has format {shown(found[0])}, version {shown(found[1])}; accepted: "
            f"{FORMAT!r}, version {VERSION!r}"
        )
    config = ModelConfig.from_json(
        _parsed(path, metadata, "model"), where=f"{path}, model", refusal=DataError
    )
    if dataset is not None:
        _check_dataset(path, metadata, dataset)
    dropped = metadata.get("dropped", "")
    if not (dropped.isascii() and dropped.isdigit() and len(dropped) < 10):
        raise DataError(f"{path}: dropped is {shown(dropped)}; accepted: a number of items")
    _check_tensors(path, tensors, config)
    layers = []
    for number in range(config.n_layers):
        recorded: dict[str, Any] = {
            field: tensors.get(f"layers.{number}.{field}") for field in AXES
        }
        layers.append(LayerTrace(**recorded))
    return Trace(
        items=tensors["items"].tolist(),
        dropped=int(dropped),
        layers=layers,
        item_scores=tensors["item_scores"],
        config=config,
    )


def _parsed(path: Path, metadata: Mapping[str, str], name: str) -> Any:
    try:
        return json.loads(metadata.get(name) or "null")
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: {name} is not readable JSON: {error}") from error


def _check_dataset(path: Path, metadata: Mapping[str, str], dataset: Dataset) -> None:
    about = _parsed(path, metadata, "dataset")
    have = about.get("fingerprint") if isinstance(about, dict) else None
    if have != dataset.fingerprint:
        known = "no dataset" if have is None else f"a dataset with fingerprint {shown(have)}"
        raise DataError(
            f"{path} was saved with {known}; {dataset.name!r} has fingerprint {dataset.fingerprint}"
        )


def _check_tensors(path: Path, tensors: Mapping[str, Tensor], config: ModelConfig) -> None:
    """Refuse tensors that are not a trace of a model with these settings."""
    if config.n_layers > len(tensors):
        raise DataError(
            f"{path} is not a trace: it has {counted(len(tensors), 'tensor')} and settings of "
            f"{counted(config.n_layers, 'layer')}"
        )
    layers = range(config.n_layers)
    axes: dict[str, tuple[str, ...]] = {"items": ("item",), "item_scores": ("catalogue",)}
    axes |= {f"layers.{layer}.{field}": AXES[field] for layer in layers for field in AXES}
    needed = {"items", "item_scores"}
    needed |= {f"layers.{layer}.{field}" for layer in layers for field in NEEDED}
    problems = [f"missing {name}" for name in sorted(needed - tensors.keys())]
    problems += [f"unexpected {shown(name)}" for name in sorted(tensors.keys() - axes.keys())]
    sizes = {"head": config.n_heads}
    for name in [name for name in axes if name in tensors]:  # items and item_scores come first
        tensor, names = tensors[name], axes[name]
        kinds = (torch.int64,) if name == "items" else FLOATS
        if tensor.dtype not in kinds:
            accepted = " or ".join(map(str, kinds))
            problems.append(f"{name} is {tensor.dtype}, accepted: {accepted}")
        elif tensor.ndim == len(names):
            for axis, size in zip(names, tensor.shape, strict=True):
                sizes.setdefault(axis, size)
        wanted = tuple(sizes.get(axis, axis) for axis in names)
        if tuple(tensor.shape) != wanted:
            problems.append(f"{name} has shape {tuple(tensor.shape)}, accepted: {wanted}")
        elif not tensor.isfinite().all():
            problems.append(f"{name} holds values that are not finite")
    if not problems and not 1 <= sizes["item"] <= config.max_length:
        problems.append(f"{counted(sizes['item'], 'item')}, accepted: 1 to {config.max_length}")
    if (
        not problems
        and not ((tensors["items"] > 0) & (tensors["items"] <= sizes["catalogue"])).all()
    ):
        problems.append(f"items outside the catalogue, accepted: 1 to {sizes['catalogue']}")
    if problems:
        tail = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise DataError(f"{path} is not a trace: {'; '.join(problems[:5])}{tail}")
