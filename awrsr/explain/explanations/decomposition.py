"""The decomposition of the score through the layers as an explanation."""

from awrsr.explain.explanations.base import Explained, Explanation, Values
from awrsr.explain.flow import score_flow
from awrsr.models import is_linear


class Decomposition(Explanation):
    """The contribution of every item's state at the input, at fixed gates.

    See `awrsr.models.flow`; not defined for models whose score is not linear in the states.
    """

    name = "decomposition"
    title = "Decomposition"
    color = "#5b7c99"
    kind = "attribution"

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        """The contributions, in item-score units."""
        if not is_linear(recommendation.model):
            return None
        values: Values = score_flow(
            recommendation.model, recommendation.trace.items, recommendation.target
        ).nodes[0]
        return values
