"""SASRec in the form of S3-Rec: also ICLRec, DuoRec-like models and the SASRec of STOSA's code."""

from pathlib import Path

from awrsr.importers.base import Converted, Importer, Tensors, blank, sasrec
from awrsr.importers.items import numbered
from awrsr.importers.stored import Stored

PRETRAINING = r"attribute_embeddings\.|(aap|mip|map|sp)_norm\."
"""Parts of S3-Rec that only its pretraining uses."""


class S3RecImporter(Importer):
    """A state dictionary of the S3-Rec family.

    The layout is the one trained here. The tables have one row more than items and padding, for the
    mask of pretraining.
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
        weights = tensors.pair("norm", "LayerNorm")
        for layer in range(tensors.count(r"item_encoder\.layer\.(\d+)\.")):
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
        return sasrec(
            weights,
            positions,
            {"item_embedding.weight": blank(table[:-1])},
            numbered(len(table) - 2, items),
            heads=heads,
        )
