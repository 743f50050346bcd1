"""An importer: the weights of a SASRec of awrsr under names with a prefix."""

from awrsr.config import ModelConfig
from awrsr.importers import Converted, Importer, Tensors, check_heads, numbered


class Prefixed(Importer):
    """A state dictionary in which every name begins with "kept."."""

    name = "prefixed"
    title = "SASRec under other names"
    marks = ("kept.item_embedding.weight",)

    @staticmethod
    def convert(stored, *, heads=None, items=None):
        """The model in a file."""
        tensors = Tensors(stored, "kept.")
        table = tensors.take("item_embedding.weight")
        weights, tensors.left = tensors.left, {}
        return Converted(
            config=ModelConfig(
                max_length=len(weights["position_embedding.weight"]),
                hidden_size=table.shape[1],
                n_heads=check_heads(heads, table.shape[1]),
                inner_size=len(weights["feed_forward.0.expand.bias"]),
            ),
            weights=weights,
            tables={"item_embedding.weight": table},
            item_ids=numbered(len(table) - 1, items),
        )
