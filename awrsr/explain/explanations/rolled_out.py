"""Attention rollout, through all layers."""

from awrsr.explain.explanations.base import Explained, Explanation, Values
from awrsr.explain.rollout import rollout


class Rollout(Explanation):
    """The row of the prediction position in the rollout of the refined weights."""

    name = "rollout"
    title = "Rollout"
    color = "#5b8fb0"

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        rolled = rollout([layer.refined for layer in recommendation.trace.layers])[-1]
        row: Values = rolled[-1].double().cpu().numpy()
        return row
