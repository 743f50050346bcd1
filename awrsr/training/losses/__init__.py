"""The losses, in the order of display. A new one is a file and a line here."""

from jaxtyping import Float
from torch import Tensor

from awrsr.errors import ConfigError
from awrsr.family import Family
from awrsr.training.losses.base import Loss, Predictions
from awrsr.training.losses.bce import Binary
from awrsr.training.losses.bpr_pvn import BprPvn
from awrsr.training.losses.ce import FullSoftmax
from awrsr.training.losses.sampled_ce import SampledSoftmax

LOSSES: Family[Loss] = Family(
    "loss",
    Loss,
    group="awrsr.losses",
    members=(FullSoftmax, SampledSoftmax, Binary, BprPvn),
)

__all__ = ["LOSSES", "Loss", "Predictions", "check_loss", "training_loss"]


def check_loss(name: str, backbone: str) -> None:
    """Raise ConfigError if a loss is unknown or does not work with the states of a backbone."""
    loss = LOSSES.named(name)
    if not loss.fits(backbone):
        raise ConfigError(
            f"loss {name!r} needs backbone {' or '.join(map(repr, loss.backbones or ()))}; "
            f"received {backbone!r}"
        )


def training_loss(predictions: Predictions) -> Float[Tensor, ""]:
    """The configured loss.

    Raises:
        ConfigError: it does not work with the model's backbone.
    """
    check_loss(predictions.config.loss, predictions.model.config.backbone)
    return LOSSES[predictions.config.loss].mean(predictions)
