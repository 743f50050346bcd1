"""What Inspect looks at: one value, made once per run of the page and given to every panel."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from app.cache import Items
from app.candidates import excluded
from app.sides import Side
from awrsr.data.dataset import Dataset
from awrsr.models import Trace


@dataclass(frozen=True, kw_only=True)
class Row:
    """A history beside the current one: the original, a pinned variant, or the current one itself.

    Args:
        name: as the table of variants shows it.
        items: oldest first.
        compare: how the choice `compare` names it, None for the current history.
    """

    name: str
    items: Items
    compare: int | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The history that is drawn beside the current one.

    Args:
        name: of the variant.
        traces: of it, by side.
    """

    name: str
    traces: Mapping[str, Trace]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One history, one target, one or two models, and what the models make of them.

    Args:
        dataset: that the items are from.
        sides: the models and what they make of the history, one or two.
        title: of the history, in words.
        history: oldest first, one item or more.
        held_out: the item that really came next, if it is known.
        target: whose rank and score are explained.
        why: why that one, in a word or two.
        rival: whose score is taken off the target's, or None.
        listed: length of the lists of recommendations.
        rows: the histories of the table of variants, the first is what the others are held against.
        compared: the history beside this one on the board, or None.
    """

    dataset: Dataset
    sides: tuple[Side, ...]
    title: str
    history: Items
    held_out: int | None
    target: int
    why: str
    rival: int | None
    listed: int
    rows: tuple[Row, ...]
    compared: Compared | None

    def title_of(self, item: int) -> str:
        """An item's title."""
        return self.dataset.titles([item])[0]

    @cached_property
    def left_out(self) -> list[int]:
        """Items of the history that are no candidates."""
        return excluded(self.dataset, self.history)

    @cached_property
    def target_title(self) -> str:
        """The target's title."""
        return self.title_of(self.target)

    def other(self, side: Side) -> Side | None:
        """The model beside this one."""
        return next((each for each in self.sides if each is not side), None)
