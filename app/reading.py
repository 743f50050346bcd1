"""The reading of a pasted or uploaded history: its items and its unknown entries."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unknown:
    """An entry that names no item, or more than one.

    Args:
        text: the entry.
        why: a sentence with the reason.
        near: suggested items, best first; None before the search.
    """

    text: str
    why: str
    near: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Reading:
    """The reading of a text or a file.

    Args:
        slots: an item or an unknown entry for each entry, oldest first.
        skipped: number of older entries beyond the longest history.
        user: the first number of a single line of ids, if it may be a user's id.
        user_item: the item with that id, or None; in `slots` unless `of_user`.
        of_user: whether the number was read as the user's id.
    """

    slots: tuple[int | Unknown, ...]
    skipped: int = 0
    user: str = ""
    user_item: int | None = None
    of_user: bool = False

    @property
    def items(self) -> list[int]:
        """The items named, oldest first."""
        return [slot for slot in self.slots if isinstance(slot, int)]

    @property
    def unknown(self) -> list[tuple[int, Unknown]]:
        """The unknown entries with their places among the slots."""
        return [(place, slot) for place, slot in enumerate(self.slots) if isinstance(slot, Unknown)]
