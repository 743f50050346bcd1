"""Weights times the length of what they move."""

from awrsr.explain.explanations.base import Explained, Explanation, Values, prediction_row


class WeightTimesValueNorm(Explanation):
    """Of the last layer the weights that mix the values times the length of the value that each
    moves, mean over heads; of Gaussians for the means."""

    name = "weight_x_value_norm"
    title = "Weight x value norm"
    color = "#1b9aa8"
    shown_first = True

    @staticmethod
    def values(asked: Explained) -> Values | None:
        last = asked.trace.layers[-1]
        return prediction_row(last.refined * last.transformed_value_norm[:, None, :])
