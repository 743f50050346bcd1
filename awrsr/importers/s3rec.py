"""SASRec in the form of S3-Rec: also ICLRec, DuoRec-like models and the SASRec of STOSA's code."""

from pathlib import Path

from awrsr.config import ModelConfig
from awrsr.importers.base import Converted, Importer, Tensors, blank, check_heads
from awrsr.importers.items import numbered
from awrsr.importers.stored import Stored

PRETRAINING = r"attribute_embeddings\.|(aap|mip|map|sp)_norm\."
"""Parts of S3-Rec that only its pretraining uses."""


class S3RecImporter(Importer):
    """A state dictionary of the S3-Rec family.

    The layout is the one that is trained here. The tables have one row more than items and padding,
    for the mask of the pretraining.
    """

    name = "s3rec"
    title = "S3-Rec, ICLRec, SASRec of STOSA's code"
    marks = ("item_embeddings.weight", "item_encoder.layer.0.attention.query.weight")

    @staticmethod
    def convert(
        stored: Stored, *, heads: int | None = None, items: Path | None = None
    ) -> Converted:
        """The model in a file."""
        tensors = Tensors(stored)
        table = tensors.take("item_embeddings.weight")
        positions = tensors.take("position_embeddings.weight")
        n_layers = tensors.count(r"item_encoder\.layer\.(\d+)\.")
        weights = tensors.pair("norm", "LayerNorm")
        for layer in range(n_layers):
            theirs = f"item_encoder.layer.{layer}"
            attention, dense = f"attention.{layer}", f"feed_forward.{layer}"
            weights |= tensors.pairs(
                {
                    f"{attention}.query": f"{theirs}.attention.query",
                    f"{attention}.key": f"{theirs}.attention.key",
                    f"{attention}.value": f"{theirs}.attention.value",
                    f"{attention}.output": f"{theirs}.attention.dense",
                    f"{attention}.norm": f"{theirs}.attention.LayerNorm",
                    f"{dense}.expand": f"{theirs}.intermediate.dense_1",
                    f"{dense}.contract": f"{theirs}.intermediate.dense_2",
                    f"{dense}.norm": f"{theirs}.intermediate.LayerNorm",
                }
            )
        tensors.finish(PRETRAINING)
        return Converted(
            config=ModelConfig(
                max_length=len(positions),
                hidden_size=table.shape[1],
                n_layers=n_layers,
                n_heads=check_heads(heads, table.shape[1]),
                inner_size=len(weights["feed_forward.0.expand.bias"]),
                hidden_dropout=0.0,
                attention_dropout=0.0,
            ),
            weights={**weights, "position_embedding.weight": positions},
            tables={"item_embedding.weight": blank(table[:-1])},
            item_ids=numbered(len(table) - 2, items),
        )
