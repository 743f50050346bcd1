"""The case of Inspect: one value, made once per run of the page and passed to every panel."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from app.cache import Items
from app.candidates import excluded
from app.method_settings import Settings
from app.sides import Side
from awrsr.data.dataset import Dataset
from awrsr.errors import counted
from awrsr.models import Trace

MOST_EXPLAINED = 300
"""Items of a history that is explained unasked: leaving out each of n items takes n passes, and an
attribution hundreds, each of which takes a time that grows with n squared."""


@dataclass(frozen=True, kw_only=True)
class History:
    """The input of the models, with its owner.

    Args:
        items: oldest first.
        owner: the user whose history it is, unchanged or edited, or None.
        edited: whether it may differ from the owner's history.
        original: the owner's history, or None.
        held_out: the owner's next item in the data, or None.
    """

    items: Items
    owner: str | None
    edited: bool
    original: Items | None
    held_out: int | None

    @property
    def title(self) -> str:
        """A short description of the history."""
        items = counted(len(self.items), "item")
        if self.owner is None:
            return f"A history of {items}"
        return f"User {self.owner}, {'edited, ' * self.edited}{items}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A history beside the current one: the original, a pinned variant, or the current one itself.

    Args:
        name: its name in the table of variants.
        items: oldest first.
        compare: its value of the choice `compare`, None for the current history.
    """

    name: str
    items: Items
    compare: int | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The history that is drawn beside the current one.

    Args:
        name: the variant's name.
        traces: its traces, by side.
    """

    name: str
    traces: Mapping[str, Trace]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One history, one target, one or two models, and their results.

    Args:
        dataset: the dataset of the items.
        sides: one or two models with their results for the history.
        chosen: the history, at least one item.
        target: the item whose rank and score are explained.
        why: the reason for this target, in a word or two.
        rival: the item whose score is subtracted from the target's, or None.
        listed: length of the lists of recommendations.
        rows: the histories of the table of variants; the first is the reference.
        compare: the `Row.compare` of the row to draw beside this history, or None.
        compared: that history on the board, or None.
        methods: the attribution methods on the page, each with the settings that differ from its
            defaults.
    """

    dataset: Dataset
    sides: tuple[Side, ...]
    chosen: History
    target: int
    why: str
    rival: int | None
    listed: int
    rows: tuple[Row, ...]
    compare: int | None
    compared: Compared | None
    methods: Settings

    @property
    def title(self) -> str:
        """A short description of the history."""
        return self.chosen.title

    @property
    def history(self) -> Items:
        """The items, oldest first."""
        return self.chosen.items

    @property
    def held_out(self) -> int | None:
        """The next item in the data, if known."""
        return self.chosen.held_out

    def title_of(self, item: int) -> str:
        """An item's title."""
        return self.dataset.titles([item])[0]

    @cached_property
    def left_out(self) -> Items:
        """Items of the history that are not candidates."""
        return tuple(excluded(self.dataset, self.history))

    @cached_property
    def target_title(self) -> str:
        """The target's title."""
        return self.title_of(self.target)

    @cached_property
    def is_long(self) -> bool:
        """Whether a model sees so many items that effects are computed on request only."""
        return max(len(side.trace.items) for side in self.sides) > MOST_EXPLAINED

    @cached_property
    def not_removed(self) -> str:
        """Why the items are not left out one by one; empty if they are."""
        if len(self.history) < 2:
            return "The history has only one item, so none can be removed."
        if self.is_long:
            return (
                "Leaving out each item takes long. It is done at once if the models see up to "
                f"{MOST_EXPLAINED} items, for more on request under Variants and removals."
            )
        return ""

    def other(self, side: Side) -> Side | None:
        """The model beside this one."""
        return next((each for each in self.sides if each is not side), None)
