"""SASRec in the form of asash/gSASRec-pytorch."""

from pathlib import Path

import torch

from awrsr.importers.base import Converted, Importer, Tensors, blank, sasrec
from awrsr.importers.items import numbered
from awrsr.importers.stored import Stored


class GSASRecImporter(Importer):
    """A state dictionary of gSASRec-pytorch.

    Padding is the last row of its tables. States are compared with a separate table. Attention has
    no output projection: ours is the identity.
    """

    name = "gsasrec"
    title = "asash/gSASRec-pytorch"
    marks = (
        "item_embedding.weight",
        "output_embedding.weight",
        "transformer_blocks.0.multihead_attention.query_proj.weight",
    )

    @staticmethod
    def convert(
        stored: Stored, *, heads: int | None = None, items: Path | None = None
    ) -> Converted:
        """The model in a file."""
        tensors = Tensors(stored)
        table = tensors.take("item_embedding.weight")
        output = tensors.take("output_embedding.weight")
        positions = tensors.take("position_embedding.weight")
        width = table.shape[1]
        weights = tensors.pair("norm", "seq_norm")
        for layer in range(tensors.count(r"transformer_blocks\.(\d+)\.")):
            ours, theirs = f"attention.{layer}", f"transformer_blocks.{layer}"
            weights |= tensors.pairs(
                {
                    f"{ours}.query": f"{theirs}.multihead_attention.query_proj",
                    f"{ours}.key": f"{theirs}.multihead_attention.key_proj",
                    f"{ours}.value": f"{theirs}.multihead_attention.val_proj",
                    f"{ours}.norm": f"{theirs}.first_norm",
                    f"feed_forward.{layer}.expand": f"{theirs}.dense1",
                    f"feed_forward.{layer}.contract": f"{theirs}.dense2",
                    f"feed_forward.{layer}.norm": f"{theirs}.second_norm",
                }
            )
            weights |= {
                f"{ours}.output.weight": torch.eye(width),
                f"{ours}.output.bias": torch.zeros(width),
            }
        tensors.finish()
        return sasrec(
            weights,
            positions,
            {
                "item_embedding.weight": blank(table[:-1]),
                "output_embedding.weight": blank(output[:-1]),
            },
            numbered(len(table) - 2, items),
            heads=heads,
            norms="query",
            outer_norm="states",
            norm_epsilon=1e-5,
            activation="relu",
            output_embedding="separate",
        )
