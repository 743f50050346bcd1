"""Additive refinement with a bias on the rows as queries: does a bias help?

    python -m experiments.query_bias runs/query-bias

Trains the runs of planted.toml with refinement `additive` again, with one more parameter, the bias
b (r numbers per layer, initially 0): the score is (a_i W_Q + b) . (a_j W_K) / sqrt(r). Prints
NDCG@10 on the test split beside the recorded runs without it, and the paired difference.

A bias is not a setting of the package. With plain rows it adds nothing: a row sums to one, so
a W + b = a (W + 1 b^T). With standardised rows, which sum to zero, a bias on the keys adds
(a_i W_Q) . b to all scores of a row, which its softmax removes. So only a bias on the queries
remains, b . (a_j W_K): a preference for items with certain rows, the same for every query.
"""

import sys
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from awrsr.attention import dot_product_scores
from awrsr.config import ModelConfig
from awrsr.refinement import REFINEMENTS
from awrsr.refinement.additive import Additive
from experiments.readings import compare


class AdditiveWithQueryBias(Additive):
    """Additive refinement, whose rows as queries have a bias."""

    name = "additive_query_bias"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.bias = nn.Parameter(torch.zeros(config.rank))

    def reset_parameters(self) -> None:
        """Set the bias to 0: the model starts as the one without it."""
        super().reset_parameters()
        if hasattr(self, "bias"):
            nn.init.zeros_(self.bias)

    def compare(
        self, rows: Float[Tensor, "batch head query_pos key_pos"]
    ) -> Float[Tensor, "batch head query_pos key_pos"]:
        """The score of every pair of rows, before the gain."""
        query, key = self.second_order(rows)
        return dot_product_scores(query + self.bias, key)

    def pair_matrix(self, length: int) -> None:  # type: ignore[override]
        """None: the bias adds terms that belong to no pair."""
        return


def main(runs: Path) -> None:
    """Train, evaluate, compare."""
    torch.set_num_threads(1)
    REFINEMENTS.register(AdditiveWithQueryBias)
    changes = {"refinement": AdditiveWithQueryBias.name}
    compare("planted", Additive.name, changes, runs, f"python -m experiments.query_bias {runs}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
