"""An explanation: oldest first."""

import numpy as np

from awrsr.explain import Explanation


class Primacy(Explanation):
    """Older items have higher values."""

    name = "primacy"
    title = "Primacy"
    kind = "neither"

    @staticmethod
    def values(recommendation):
        """One value per item."""
        return -np.arange(len(recommendation.trace.items), dtype=np.float64)
