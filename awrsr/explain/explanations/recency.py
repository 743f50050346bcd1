"""Newest first."""

import numpy as np

from awrsr.explain.explanations.base import Explained, Explanation, Values


class Recency(Explanation):
    """The newer the item, the higher the value."""

    name = "recency"
    title = "Recency"
    color = "#8a8a8a"
    kind = "neither"

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        return np.arange(len(recommendation.trace.items), dtype=np.float64)
