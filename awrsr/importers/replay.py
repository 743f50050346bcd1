"""SASRec in the form of RePlay's older model, `replay.models.nn.sequential.SasRec`."""

from pathlib import Path

import torch

from awrsr.importers.base import Converted, Importer, Tensors, blank, given, sasrec
from awrsr.importers.items import numbered
from awrsr.importers.pmixer import COMMON, LAYOUTS, layers
from awrsr.importers.stored import Stored

PREFIX = "_model."
HEAD = r"_head\."
"""The output layer holds the tables of items and positions a second time."""


class RePlayImporter(Importer):
    """A Lightning checkpoint of RePlay's SasRec: the layout of pmixer/SASRec.pytorch of 2020, with
    padding in the last row. The ids of its items are not in the file."""

    name = "replay"
    title = "RePlay SasRec (replay.models.nn.sequential)"
    marks = (
        f"{PREFIX}item_embedder.item_emb.weight",
        f"{PREFIX}sasrec_layers.attention_layers.0.in_proj_weight",
    )

    @staticmethod
    def convert(
        stored: Stored, *, heads: int | None = None, items: Path | None = None
    ) -> Converted:
        """The model in a file."""
        tensors = Tensors(stored, PREFIX)
        table = tensors.take("item_embedder.item_emb.weight")
        positions = tensors.take("item_embedder.pos_emb.pe.weight")
        weights = layers(tensors, attention="sasrec_layers.", last="output_normalization.")
        tensors.finish(HEAD)
        recorded = stored.value("hyper_parameters", "head_count")
        heads = recorded if heads is None and isinstance(recorded, int) else heads
        items = given(items, "items", "the ids of its items, in its order")
        return sasrec(
            weights,
            positions,
            {"item_embedding.weight": blank(torch.cat([table[-1:], table[:-1]]))},
            numbered(len(table) - 1, items),
            heads=heads,
            **COMMON,
            **LAYOUTS["2020"],
        )
