"""The base class of explanations: orders of a history's items, most important first."""

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
"""The origin of the values: the trace, an attribution method, or neither for an order that does not
use the model."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One recommendation to be explained.

    Args:
        model: in eval mode.
        trace: the trace of the history.
        target: the item whose score is explained.
        popularity: number of occurrences of every item, item i at index i - 1; None if not known.
        seed: seed of random draws.
        n_random: number of orders of an explanation with random orders.
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
    """Its displayed name."""
    kind: ClassVar[Kind] = "attention"
    shown_first: ClassVar[bool] = False
    """Whether figures show the explanation by default."""

    @staticmethod
    @abstractmethod
    def values(recommendation: Explained) -> Values | None:
        """One value per item that the model saw, oldest first: the higher, the more important the
        item. None if the explanation does not apply to this history."""

    @classmethod
    def orders(cls, recommendation: Explained) -> list[list[int]]:
        """Orders of the items' places, most important first: one, several if they are random, none
        if the explanation does not apply to this history."""
        values = cls.values(recommendation)
        return [] if values is None else [ranked(values)]


def ranked(values: npt.ArrayLike) -> list[int]:
    """Places by decreasing value; for equal values the newer item comes first."""
    array = np.asarray(values, dtype=np.float64)
    return [int(place) for place in np.lexsort((-np.arange(len(array)), -array))]


def prediction_row(heads: Tensor) -> Values:
    """The last row of (head, query, key) maps, mean over heads."""
    row: Values = heads[:, -1].mean(dim=0).double().cpu().numpy()
    return row
