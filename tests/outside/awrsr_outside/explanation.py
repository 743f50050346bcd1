"""An explanation: oldest first."""

import numpy as np

from awrsr.explain import Explanation


class Primacy(Explanation):
    """The older, the higher."""

    name = "primacy"
    title = "Primacy"
    kind = "neither"

    @staticmethod
    def values(asked):
        """One value per item."""
        return -np.arange(len(asked.trace.items), dtype=np.float64)
