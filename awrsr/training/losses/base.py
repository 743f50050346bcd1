"""The base class of losses: the mean of a function of states and targets over real positions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from awrsr.config import PADDING, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.family import BackboneMember
from awrsr.models import SequentialModel


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The input of a loss: every slot of a batch of sequences predicts the item after it.

    Args:
        model: the model that computed the states.
        config: the settings of the loss.
        states: the state of every slot.
        targets: the item after every slot; padding where there is nothing to predict.
        users: the users of the sequences.
        unseen: draws negatives outside a user's training items.
        n_real: number of real slots, where there is something to predict, if it is known: then
            nothing waits for the device.
    """

    model: SequentialModel
    config: TrainConfig
    states: Float[Tensor, "batch slot state"]
    targets: Int[Tensor, "batch slot"]
    users: Int[Tensor, " batch"]
    unseen: Unseen
    n_real: int | None = None

    @property
    def real(self) -> Bool[Tensor, "batch slot"]:
        """Where there is something to predict."""
        return self.targets != PADDING

    @cached_property
    def places(self) -> Int[Tensor, " position"]:
        """The real slots as places in the flattened batch."""
        real = self.real.flatten()
        if self.n_real is None:
            return real.nonzero()[:, 0]
        return real.nonzero_static(size=self.n_real)[:, 0]

    def at_real(
        self, values: Shaped[Tensor, " batch slot *rest"]
    ) -> Shaped[Tensor, " position *rest"]:
        """The values of the real slots."""
        return values.flatten(0, 1).index_select(0, self.places)

    def with_negatives(self) -> tuple[Tensor, Tensor, Tensor]:
        """States (position, state), targets (position,) and negatives (position,) of real slots."""
        negatives = self.unseen.draw(self.users, self.targets.shape[1])
        return self.at_real(self.states), self.at_real(self.targets), self.at_real(negatives)


class Loss(BackboneMember, ABC):
    """One loss: facts about it, and `mean`. `backbones` are those whose states it can compare."""

    whole_catalogue: ClassVar[bool] = False
    """Whether it scores every item of the catalogue in every step."""

    @staticmethod
    @abstractmethod
    def mean(predictions: Predictions) -> Float[Tensor, ""]:
        """The mean over the real slots."""
