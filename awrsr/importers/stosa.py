"""STOSA in the form of its published code, DistSAModel."""

from pathlib import Path

from awrsr.config import MeanStream, ModelConfig
from awrsr.importers.base import Converted, Importer, Tensors, blank, check_heads, given
from awrsr.importers.items import numbered
from awrsr.importers.stored import Stored
from awrsr.models import STOSA

STREAMS = {"mean": "mean", "cov": "covariance"}


class StosaImporter(Importer):
    """A state dictionary of DistSAModel.

    The tables have one row more than items and padding, as in S3-Rec. Margins of users do not
    affect a score.
    """

    name = "stosa"
    title = "STOSA (DistSAModel)"
    marks = ("item_mean_embeddings.weight", "item_encoder.layer.0.attention.mean_query.weight")

    @staticmethod
    def convert(
        stored: Stored,
        *,
        heads: int | None = None,
        mean_stream: MeanStream | None = None,
        items: Path | None = None,
    ) -> Converted:
        """The model in a file."""
        tensors = Tensors(stored)
        means = tensors.take("item_mean_embeddings.weight")
        covariances = tensors.take("item_cov_embeddings.weight")
        n_layers = tensors.count(r"item_encoder\.layer\.(\d+)\.")
        weights = tensors.pair("norm", "LayerNorm")
        for theirs, ours in STREAMS.items():
            weights[f"position_{ours}_embedding.weight"] = tensors.take(
                f"position_{theirs}_embeddings.weight"
            )
        for layer in range(n_layers):
            names = {f"attention.{layer}.norm": f"item_encoder.layer.{layer}.attention.LayerNorm"}
            for theirs, ours in STREAMS.items():
                names |= _stream(layer, theirs, ours)
            weights |= tensors.pairs(names)
        tensors.finish(r"user_margins\.")
        mean_stream = given(
            mean_stream,
            "mean_stream",
            "whether the code that trained it lets the mean receive attention: published, as in "
            "the published code, or correct",
        )
        return Converted(
            config=ModelConfig(
                backbone=STOSA.name,
                max_length=len(weights["position_mean_embedding.weight"]),
                hidden_size=means.shape[1],
                n_layers=n_layers,
                n_heads=check_heads(heads, means.shape[1]),
                inner_size=len(weights["mean_feed_forward.0.expand.bias"]),
                hidden_dropout=0.0,
                attention_dropout=0.0,
                mean_stream=mean_stream,
            ),
            weights=weights,
            tables={
                "item_mean_embedding.weight": blank(means[:-1]),
                "item_covariance_embedding.weight": blank(covariances[:-1]),
            },
            item_ids=numbered(len(means) - 2, items),
        )


def _stream(layer: int, theirs: str, ours: str) -> dict[str, str]:
    """Our names and theirs of one stream of a layer."""
    our_layer, their_layer = f"attention.{layer}", f"item_encoder.layer.{layer}.attention"
    dense = f"{ours}_feed_forward.{layer}"
    inner = f"item_encoder.layer.{layer}.{theirs}_intermediate"
    return {
        **{
            f"{our_layer}.{ours}_{role}": f"{their_layer}.{theirs}_{role}"
            for role in ("query", "key", "value")
        },
        f"{our_layer}.{ours}_output": f"{their_layer}.{theirs}_dense",
        f"{dense}.expand": f"{inner}.dense_1",
        f"{dense}.contract": f"{inner}.dense_2",
        f"{dense}.norm": f"{inner}.LayerNorm",
    }
