"""SASRec in the form of pmixer/SASRec.pytorch, in the layouts of its code over the years."""

import re
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from awrsr.errors import CheckpointError, ConfigError
from awrsr.importers.base import Converted, Importer, Tensors, blank, given, sasrec
from awrsr.importers.items import numbered
from awrsr.importers.stored import Stored

Layout = Literal["2020", "2024", "2025", "2025_norm_first"]
LAYOUTS: dict[Layout, dict[str, Any]] = {
    "2020": {"norms": "query", "padding": "zero"},
    "2024": {"norms": "query", "padding": "carried"},
    "2025": {"norms": "after", "padding": "carried"},
    "2025_norm_first": {"norms": "before", "padding": "carried"},
}
"""The settings of each layout, named by the year in which the code adopted it."""
COMMON: dict[str, Any] = {
    "outer_norm": "states",
    "norm_epsilon": 1e-8,
    "activation": "relu",
    "scaled_embeddings": True,
}


class PmixerImporter(Importer):
    """A state dictionary of pmixer/SASRec.pytorch.

    All its layouts have the same names and shapes. Until June 2024 the table of positions has a row
    per slot; since then it begins with a row of zeros for padding. The file does not distinguish
    the later layouts.
    """

    name = "pmixer"
    title = "pmixer/SASRec.pytorch"
    candidates = None
    marks = ("item_emb.weight", "attention_layers.0.in_proj_weight", "last_layernorm.weight")

    @staticmethod
    def convert(
        stored: Stored,
        *,
        heads: int | None = None,
        layout: Layout | None = None,
        items: Path | None = None,
    ) -> Converted:
        """The model in a file."""
        tensors, notes = Tensors(stored), []
        table, positions = tensors.take("item_emb.weight"), tensors.take("pos_emb.weight")
        layout = _checked_layout(layout, positions)
        if layout != "2020":
            positions = positions[1:]
            if table[0].any():
                raise CheckpointError(
                    f"{stored.path}: item 0 is padding and not zero; layout {layout} begins with "
                    "zeros there"
                )
        if heads is None and (found := re.search(r"\.head=(\d+)\.", stored.path.name)):
            heads = int(found[1])
            notes.append(f"heads {heads} is read from the name of the file, not from its content")
        weights = layers(tensors)
        tensors.finish()
        return sasrec(
            weights,
            positions,
            {"item_embedding.weight": blank(table)},
            numbered(len(table) - 1, items),
            heads=heads,
            notes=notes,
            **COMMON,
            **LAYOUTS[layout],
        )


def _checked_layout(layout: Layout | None, positions: Tensor) -> Layout:
    """The layout, as far as the table of positions reveals it."""
    if positions[0].any():
        if layout not in (None, "2020"):
            raise ConfigError(
                f"layout {layout!r} begins its table of positions with zeros, and that of the file "
                "does not: it is of layout 2020"
            )
        return "2020"
    if layout == "2020":
        raise ConfigError(
            "layout '2020' has a position for the first slot, and that of the file is zero; "
            "accepted: 2024, 2025, 2025_norm_first"
        )
    chosen: Layout = given(
        layout,
        "layout",
        "its layout: 2024 (code of June 2024 to May 2025), 2025 (since then) or 2025_norm_first",
    )
    return chosen


def layers(tensors: Tensors, *, attention: str = "", last: str = "") -> dict[str, Tensor]:
    """The layers and the last norm, under our names.

    Args:
        tensors: the tensors of the file.
        attention: the prefix of the names of layers.
        last: the prefix of the name of the last norm.
    """
    weights = tensors.pair("norm", f"{last}last_layernorm")
    for layer in range(tensors.count(rf"{re.escape(attention)}attention_layers\.(\d+)\.")):
        attend, forward = f"attention.{layer}", f"feed_forward.{layer}"
        weights |= tensors.stacked(
            [f"{attend}.query", f"{attend}.key", f"{attend}.value"],
            f"{attention}attention_layers.{layer}.in_proj",
        )
        weights |= tensors.pairs(
            {
                f"{attend}.output": f"{attention}attention_layers.{layer}.out_proj",
                f"{attend}.norm": f"{attention}attention_layernorms.{layer}",
                f"{forward}.expand": f"{attention}forward_layers.{layer}.conv1",
                f"{forward}.contract": f"{attention}forward_layers.{layer}.conv2",
                f"{forward}.norm": f"{attention}forward_layernorms.{layer}",
            }
        )
    return weights
