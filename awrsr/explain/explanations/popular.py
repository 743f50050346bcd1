"""Most popular first."""

import numpy as np

from awrsr.explain.explanations.base import Explained, Explanation, Values


class Popularity(Explanation):
    """The number of an item's occurrences in the training parts; None if not known."""

    name = "popularity"
    title = "Popularity"
    color = "#6f7f8f"
    kind = "neither"

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        if recommendation.popularity is None:
            return None
        counts: Values = recommendation.popularity[np.array(recommendation.trace.items) - 1]
        return counts
