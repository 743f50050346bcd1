"""SASRec in the form of RecTools, whose Lightning files contain settings and the ids of items."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from awrsr.errors import CheckpointError
from awrsr.importers.base import Converted, Importer, Tensors, blank, number_of, sasrec
from awrsr.importers.stored import Stored, Stub

PREFIX = "torch_model."
ITEMS = "item_model.item_net_blocks"


class RecToolsImporter(Importer):
    """A Lightning checkpoint of RecTools' SASRecModel.

    Positions count from the newest item, which has the first row. The last layer norm adds 1e-8 to
    the variance in the source, but 1e-5 here, like the other norms.
    """

    name = "rectools"
    title = "RecTools SASRecModel"
    marks = (
        f"{PREFIX}{ITEMS}.0.ids_emb.weight",
        f"{PREFIX}transformer_layers.transformer_blocks.0.q_layer_norm.weight",
    )

    @staticmethod
    def convert(stored: Stored) -> Converted:
        """The model in a file."""
        settings = stored.value("hyper_parameters", "model_config")
        if not isinstance(settings, Mapping):
            raise CheckpointError(f"{stored.path} lacks hyper_parameters.model_config")
        _check_followed(stored.path, settings)
        tensors = Tensors(stored, PREFIX)
        table = tensors.take(f"{ITEMS}.0.ids_emb.weight")
        positions = tensors.take("pos_encoding_layer.pos_emb.weight")
        blocks = "transformer_layers.transformer_blocks"
        n_layers = tensors.count(rf"{re.escape(blocks)}\.(\d+)\.")
        weights = tensors.pair("norm", "transformer_layers.last_layernorm")
        for layer in range(n_layers):
            ours, dense, theirs = f"attention.{layer}", f"feed_forward.{layer}", f"{blocks}.{layer}"
            parts = [f"{ours}.query", f"{ours}.key", f"{ours}.value"]
            weights |= tensors.stacked(parts, f"{theirs}.multi_head_attn.in_proj")
            weights |= tensors.pairs(
                {
                    f"{ours}.output": f"{theirs}.multi_head_attn.out_proj",
                    f"{ours}.norm": f"{theirs}.q_layer_norm",
                    f"{dense}.expand": f"{theirs}.feed_forward.ff_linear_1",
                    f"{dense}.contract": f"{theirs}.feed_forward.ff_linear_2",
                    f"{dense}.norm": f"{theirs}.ff_layer_norm",
                }
            )
        if any(name.startswith(f"{ITEMS}.1.") for name in tensors.left):
            raise CheckpointError(
                f"{stored.path}: its items have features in addition to ids; only models with "
                "item_net_block_types (IdEmbeddingsItemNet,) are read"
            )
        tensors.finish()
        return sasrec(
            weights,
            positions.flip(0),
            {"item_embedding.weight": blank(table)},
            _item_ids(stored, len(table) - 1),
            heads=settings.get("n_heads"),
            hidden_dropout=number_of(stored, settings, "dropout_rate", 0.0),
            attention_dropout=number_of(stored, settings, "dropout_rate", 0.0),
            norms="query",
            outer_norm="states",
            norm_epsilon=1e-5,
            activation="relu",
            scaled_embeddings=bool(_inner(settings, "pos_encoding", "use_scale_factor")),
            padding="ignored" if settings.get("use_key_padding_mask") else "zero",
        )


def _inner(settings: Mapping[str, Any], part: str, name: str) -> Any:
    """A setting of a part."""
    inner = settings.get(f"{part}_kwargs")
    return inner.get(name) if isinstance(inner, Mapping) else None


def _check_followed(path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse settings under which the source computes something else from the same tensors."""
    if settings.get("use_causal_attn", True) is not True:
        raise CheckpointError(f"{path}: use_causal_attn is not true; items attend to later ones")
    if (distance := _inner(settings, "similarity_module", "distance")) not in (None, "dot"):
        raise CheckpointError(f"{path}: distance is {distance!r}; accepted: dot")


def _item_ids(stored: Stored, count: int) -> list[str]:
    """The ids of the items, without that of padding."""
    try:
        ids = _as_list(stored.value("hyper_parameters", "item_external_ids"))
    except (TypeError, ValueError):  # bytes that are not of their type
        ids = None
    if ids is None or len(ids) != count + 1:
        raise CheckpointError(
            f"{stored.path}: item_external_ids does not name {count + 1:,} items and padding"
        )
    return [str(each) for each in ids[1:]]


def _as_list(value: Any) -> list[Any] | None:
    """The values of a list or of a stub of a numpy array; None if it is neither."""
    if isinstance(value, list | tuple):
        return [_as_plain(each) for each in value]
    if not (isinstance(value, Stub) and isinstance(value.state, tuple) and len(value.state) == 5):
        return None
    *_, kind, _, content = value.state
    if isinstance(content, list):
        return [_as_plain(each) for each in content]
    numbers: list[Any] = np.frombuffer(_as_bytes(content), dtype=_dtype(kind)).tolist()
    return numbers


def _as_plain(value: Any) -> Any:
    """A value, or that of a stub of a numpy scalar."""
    if isinstance(value, Stub) and len(value.arguments) == 2:
        kind, content = value.arguments
        return np.frombuffer(_as_bytes(content), dtype=_dtype(kind))[0].item()
    return value


def _dtype(kind: Any) -> "np.dtype[Any]":
    """The type of whole numbers or texts that a stub represents."""
    code = kind.arguments[0] if isinstance(kind, Stub) and kind.arguments else ""
    if not (isinstance(code, str) and code[:1] in "iuU" and code[1:].isdigit()):
        raise CheckpointError(f"ids of items have numpy type {code!r}; accepted: numbers and texts")
    return np.dtype(code)


def _as_bytes(content: Any) -> bytes:
    """Bytes, which older pickles store as text in latin-1."""
    if isinstance(content, Stub) and content.arguments and isinstance(content.arguments[0], str):
        return content.arguments[0].encode("latin-1")
    return bytes(content)
