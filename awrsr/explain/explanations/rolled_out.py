"""Attention rollout, through all layers."""

from awrsr.explain.explanations.base import Explained, Explanation, Values
from awrsr.explain.rollout import rollout


class Rollout(Explanation):
    """The prediction's row of the rollout of the weights that mix the values."""

    name = "rollout"
    title = "Rollout"
    color = "#5b8fb0"

    @staticmethod
    def values(asked: Explained) -> Values | None:
        rolled = rollout([layer.refined for layer in asked.trace.layers])[-1]
        row: Values = rolled[-1].double().cpu().numpy()
        return row
