"""Attention weights times the norm of the transformed values."""

from awrsr.explain.explanations.base import Explained, Explanation, Values, prediction_row


class WeightTimesValueNorm(Explanation):
    """The refined weights of the last layer times the norm of each transformed value, mean over
    heads; in Gaussian models, of the means."""

    name = "weight_x_value_norm"
    title = "Weight x value norm"
    color = "#1b9aa8"
    shown_first = True

    @staticmethod
    def values(recommendation: Explained) -> Values | None:
        last = recommendation.trace.layers[-1]
        if last.transformed_value_norm is None:
            return None
        return prediction_row(last.refined * last.transformed_value_norm[:, None, :])
