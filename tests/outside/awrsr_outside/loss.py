"""A loss: cross-entropy with smoothed labels."""

from torch.nn.functional import cross_entropy

from awrsr.training.losses import Loss


class Smoothed(Loss):
    """Nine tenths on the target, one tenth on the whole catalogue."""

    name = "smoothed"
    whole_catalogue = True

    @staticmethod
    def mean(predictions):
        """The mean over the real slots."""
        scores = predictions.model.item_scores(predictions.at_real(predictions.states))
        targets = predictions.at_real(predictions.targets)
        return cross_entropy(scores, targets - 1, label_smoothing=0.1)
