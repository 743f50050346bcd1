"""One example of every refinement at three positions, computed by hand."""

import numpy as np
import pytest
import torch
from built import build, close, of_pairs
from helpers import OURS, plain

from awrsr.attention import allowed_keys, masked_softmax
from awrsr.refinement import REFINEMENTS

pytestmark = pytest.mark.shapes


# Three positions by hand. A is the same everywhere; the matrices are chosen so that the rows of
# A W_Q and A W_K have given values: with r = 4 and q = (2, 2, 4), k = (0, ln 3, ln 2) in the first
# column, the scores q_i k_j / sqrt(4) give the rows of S the proportions 1; 1 : 3; 1 : 9 : 4.
# A floor has its own fixed A for any items.

FIRST = [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 4, 1 / 4, 1 / 2]]
SECOND = [[1, 0, 0], [1 / 4, 3 / 4, 0], [1 / 14, 9 / 14, 4 / 14]]
BY_HAND = {
    "none": FIRST,
    "uniform": [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]],
    "identity": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "simple": SECOND,
    "value_weighted": [[1, 0, 0], [5 / 8, 3 / 8, 0], [13 / 28, 11 / 28, 4 / 28]],
    "additive": [[1, 0, 0], [3 / 8, 5 / 8, 0], [9 / 56, 25 / 56, 22 / 56]],
    # From distances 2 ln 3 between rows 1 and 2, 2 ln 8 between 1 and 3, 2 ln 3 between 2 and 3.
    "stochastic": [[1, 0, 0], [1 / 4, 3 / 4, 0], [3 / 35, 8 / 35, 24 / 35]],
}


def matrix_with(*columns: list[float]) -> torch.Tensor:
    """W (3, 4) such that A W has these first columns, and zeros in the others."""
    rows = np.zeros((3, 4))
    rows[:, : len(columns)] = np.transpose(columns)
    return torch.tensor(np.linalg.solve(FIRST, rows))


@of_pairs(OURS)
def test_three_positions_by_hand(backbone, name):
    refinement = build(backbone, name, max_length=3, correlation_rank=4, **plain(name))
    ln2, ln3 = np.log([2, 3])
    if name == "stochastic":
        # Deviations 1, 2, 3, so covariances 1, 4, 9 and A W_Sigma = 0, 3, 8; means in the plane.
        second = np.sqrt(2 * ln3 - 1)  # (x_2 - x_1)^2 + (2 - 1)^2 = 2 ln 3
        # x^2 + y^2 + 4 = 2 ln 8 minus (x - x_2)^2 + y^2 + 1 = 2 ln 3:
        third = ((6 * ln2 - 4) - (2 * ln3 - 1) + second**2) / (2 * second)
        height = np.sqrt(6 * ln2 - 4 - third**2)
        matrices = {
            "mean.weight": matrix_with([0, second, third], [0, 0, height]),
            "covariance.weight": matrix_with([0, 3, 8]),
        }
    elif not REFINEMENTS[name].has_second_order():
        matrices = {}
    else:
        matrices = {
            "second_order.query.weight": matrix_with([2, 2, 4]),
            "second_order.key.weight": matrix_with([0, ln3, ln2]),
        }
    refinement.load_state_dict(matrices)
    first = torch.tensor(FIRST, dtype=torch.float64)[None, None]
    allowed = allowed_keys(torch.ones(1, 3, dtype=torch.bool))
    if not refinement.learns_attention:
        first = masked_softmax(torch.zeros_like(first), refinement.attended(allowed))
    refined = refinement(first, allowed)
    close(refined.weights[0, 0], torch.tensor(BY_HAND[name], dtype=torch.float64))
    if REFINEMENTS[name].has_second_order() and name != "stochastic":
        close(refined.second_order[0, 0], torch.tensor(SECOND, dtype=torch.float64))
