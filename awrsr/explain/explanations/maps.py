"""The maps of the last layer: the row of the prediction position, mean over heads.

Refined weights are a separate explanation only if the model has a second order.
"""

from awrsr.explain.explanations.base import Explained, Explanation, Values, prediction_row


class FirstOrder(Explanation):
    """First-order weights."""

    name = "first_order"
    title = "First order"
    color = "#3b6fd4"
    shown_first = True

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        return prediction_row(recommendation.trace.layers[-1].first_order)


class SecondOrder(Explanation):
    """Second-order weights."""

    name = "second_order"
    title = "Second order"
    color = "#b04fc0"
    shown_first = True

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        weights = recommendation.trace.layers[-1].second_order
        return None if weights is None else prediction_row(weights)


class RefinedWeights(Explanation):
    """The weights that mix the values."""

    name = "refined"
    title = "Refined"
    color = "#7a5ae0"

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        last = recommendation.trace.layers[-1]
        return None if last.second_order is None else prediction_row(last.refined)
