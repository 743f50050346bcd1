"""What an explanation is: an order of a history's items, most decisive first."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor

from awrsr.family import Member
from awrsr.models import SequentialModel, Trace

Values = npt.NDArray[np.float64]
Kind = Literal["attention", "attribution", "neither"]
"""Where values come from: what was traced; an attribution method; neither, an order that knows
nothing of the model."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One recommendation that is explained.

    Args:
        model: in eval mode.
        trace: of the history.
        target: the item whose score is explained.
        popularity: how often every item occurs, item i at index i - 1; None where it is not known.
        seed: of whatever is drawn at random.
        n_random: how many orders an explanation gives that draws them.
    """

    model: SequentialModel
    trace: Trace
    target: int
    popularity: npt.NDArray[np.float64] | None
    seed: int
    n_random: int


class Explanation(Member, ABC):
    """One explanation: facts about it, and `values`."""

    title: ClassVar[str]
    """As people say it."""
    kind: ClassVar[Kind] = "attention"
    shown_first: ClassVar[bool] = False
    """Whether figures draw it unasked."""

    @staticmethod
    @abstractmethod
    def values(asked: Explained) -> Values | None:
        """One value per item that the model saw, oldest first: the higher, the more the
        recommendation is said to rest on the item. None where there are none."""

    @classmethod
    def orders(cls, asked: Explained) -> list[list[int]]:
        """The items' places, most decisive first: one order, or several where it draws them, or
        none where it says nothing of this history."""
        values = cls.values(asked)
        return [] if values is None else [ranked(values)]


def ranked(values: npt.ArrayLike) -> list[int]:
    """Places by falling value; of equal values the newer item first."""
    array = np.asarray(values, dtype=np.float64)
    return [int(place) for place in np.lexsort((-np.arange(len(array)), -array))]


def prediction_row(heads: Tensor) -> Values:
    """The last row of (head, query, key) maps, mean over heads."""
    row: Values = heads[:, -1].mean(dim=0).double().cpu().numpy()
    return row
