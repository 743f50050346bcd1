"""The flow of a score as data of the board."""

import base64

import numpy as np
import numpy.typing as npt

from awrsr.board.schema import PackedFlow
from awrsr.models import ScoreFlow


def pack_flow(source: str, flow: ScoreFlow) -> PackedFlow:
    """The flow with all heads together.

    Args:
        source: the name of the trace on the board.
        flow: see `awrsr.explain.score_flow`.
    """
    return PackedFlow(
        source=source,
        score=flow.score,
        nodes=[list(map(float, row)) for row in flow.nodes],
        first=[_triangle(layer.first) for layer in flow.layers],
        refinement=[
            _triangle(layer.refinement) if layer.refinement.any() else None for layer in flow.layers
        ],
        residual=[list(map(float, layer.residual)) for layer in flow.layers],
        constants=[float(layer.constants.sum()) for layer in flow.layers],
    )


def _triangle(by_head: npt.NDArray[np.float64]) -> str:
    """The sum over heads of (head, query_pos, key_pos), its lower triangle."""
    total = by_head.sum(axis=0)
    rows, columns = np.tril_indices(total.shape[-1])
    return base64.b64encode(total[rows, columns].astype("<f4").tobytes()).decode()
