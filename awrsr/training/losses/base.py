"""What a loss is: a function of states and targets, the mean over positions that hold an item."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from awrsr.config import PADDING, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.family import OfBackbones
from awrsr.models import SequentialModel


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a loss is asked about: every slot of a batch of sequences predicts the item after it.

    Args:
        model: what the states are of.
        config: the loss's settings.
        states: of every slot.
        targets: padding where there is nothing to predict.
        users: whose sequences they are.
        unseen: gives negatives that a user was not trained on.
    """

    model: SequentialModel
    config: TrainConfig
    states: Float[Tensor, "batch slot state"]
    targets: Int[Tensor, "batch slot"]
    users: Int[Tensor, " batch"]
    unseen: Unseen

    @property
    def real(self) -> Bool[Tensor, "batch slot"]:
        """Where there is something to predict."""
        return self.targets != PADDING

    def with_negatives(self) -> tuple[Tensor, Tensor, Tensor]:
        """States (position, state), targets and one negative each (position,), of real slots."""
        negatives = self.unseen.draw(self.users, self.targets.shape[1])
        real = self.real
        return self.states[real], self.targets[real], negatives[real]


class Loss(OfBackbones, ABC):
    """One loss: facts about it, and `mean`; `backbones` are those whose states it can compare."""

    @staticmethod
    @abstractmethod
    def mean(asked: Predictions) -> Float[Tensor, ""]:
        """The mean over the real slots."""
