"""What was made of a history that was pasted or uploaded: its items, and what names none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unknown:
    """An entry that names no item, or more than one.

    Args:
        text: the entry.
        why: a sentence that names it.
        near: the items it may mean, best first; None before they are searched for.
    """

    text: str
    why: str
    near: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Reading:
    """What was made of a text or a file.

    Args:
        slots: an item for each entry that names one, oldest first.
        skipped: entries before these, which are more than a history holds.
        user: the number a single line of ids began with, where it may be a user's id.
        user_item: the item that number names, if it names one; in `slots` unless `of_user`.
        of_user: whether the number was read as the user's.
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
        """What names none, and its place among the slots."""
        return [(place, slot) for place, slot in enumerate(self.slots) if isinstance(slot, Unknown)]
