"""Most popular first."""

import numpy as np

from awrsr.explain.explanations.base import Explained, Explanation, Values


class Popularity(Explanation):
    """How often an item occurs in the training parts; nothing where that is not known."""

    name = "popularity"
    title = "Popularity"
    color = "#6f7f8f"
    kind = "neither"

    @staticmethod
    def values(asked: Explained) -> Values | None:
        if asked.popularity is None:
            return None
        counts: Values = asked.popularity[np.array(asked.trace.items) - 1]
        return counts
