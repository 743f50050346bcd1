"""SASRec in the form of RecBole, with the settings in its files."""

from collections.abc import Mapping
from pathlib import Path

from awrsr.config import Activation
from awrsr.errors import CheckpointError, DataError, counted
from awrsr.importers.base import Converted, Importer, Tensors, blank, given, number_of, sasrec
from awrsr.importers.recbole_items import items_in_order
from awrsr.importers.stored import Stored

ACTIVATIONS: dict[str, Activation] = {"gelu": "gelu", "relu": "relu", "swish": "silu"}
"""Their names of activations and ours."""


class RecBoleImporter(Importer):
    """A checkpoint of RecBole's SASRec.

    It contains the settings, but neither the ids of items nor their order: the order is rebuilt
    from the file of interactions with the filters in the settings. Positions count from the oldest
    item.
    """

    name = "recbole"
    title = "RecBole SASRec"
    marks = (
        "item_embedding.weight",
        "position_embedding.weight",
        "trm_encoder.layer.0.multi_head_attention.query.weight",
    )
    candidates = "all"

    @staticmethod
    def convert(stored: Stored, *, interactions: Path | None = None) -> Converted:
        """The model in a file."""
        settings = stored.value("config", "final_config_dict")
        if not isinstance(settings, Mapping):
            raise CheckpointError(f"{stored.path} lacks the settings that RecBole writes, config")
        tensors, notes = Tensors(stored), []
        if (trained := settings.get("model")) != "SASRec":
            notes.append(f"the file is of model {trained}, whose tensors are those of SASRec")
        table = tensors.take("item_embedding.weight")
        positions = tensors.take("position_embedding.weight")
        weights = tensors.pair("norm", "LayerNorm")
        for layer in range(tensors.count(r"trm_encoder\.layer\.(\d+)\.")):
            ours, theirs = f"attention.{layer}", f"trm_encoder.layer.{layer}"
            dense = f"feed_forward.{layer}"
            weights |= tensors.pairs(
                {
                    f"{ours}.query": f"{theirs}.multi_head_attention.query",
                    f"{ours}.key": f"{theirs}.multi_head_attention.key",
                    f"{ours}.value": f"{theirs}.multi_head_attention.value",
                    f"{ours}.output": f"{theirs}.multi_head_attention.dense",
                    f"{ours}.norm": f"{theirs}.multi_head_attention.LayerNorm",
                    f"{dense}.expand": f"{theirs}.feed_forward.dense_1",
                    f"{dense}.contract": f"{theirs}.feed_forward.dense_2",
                    f"{dense}.norm": f"{theirs}.feed_forward.LayerNorm",
                }
            )
        tensors.finish()
        found = items_in_order(
            given(interactions, "interactions", "the order of its items, which its .inter gives"),
            settings,
        )
        if len(found.item_ids) != len(table) - 1:
            raise DataError(
                f"{stored.path} has {counted(len(table) - 1, 'item')}; {interactions} has "
                f"{counted(len(found.item_ids), 'item')} after the filters that the file names: it "
                "is not the file that the model was trained on"
            )
        without = len(found.item_ids) - found.with_interactions
        if without:
            notes.append(
                f"{counted(without, 'item')} without interactions, which the source ranks too, "
                "left out"
            )
        return sasrec(
            weights,
            positions,
            {"item_embedding.weight": blank(table[: found.with_interactions + 1])},
            found.item_ids[: found.with_interactions],
            heads=settings.get("n_heads"),
            notes=notes,
            hidden_dropout=number_of(stored, settings, "hidden_dropout_prob", 0.0),
            attention_dropout=number_of(stored, settings, "attn_dropout_prob", 0.0),
            norm_epsilon=number_of(stored, settings, "layer_norm_eps", 1e-12),
            activation=_activation(stored.path, settings.get("hidden_act")),
            positions="oldest",
        )


def _activation(path: Path, name: object) -> Activation:
    if name not in ACTIVATIONS:
        raise CheckpointError(f"{path}: hidden_act is {name!r}; accepted: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
