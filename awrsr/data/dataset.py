"""A dataset: a catalogue of items and the sequences of its users.

The fingerprint is a hash of the item ids and of all sequences: two datasets with the same
fingerprint number the same items in the same way and hold the same histories. A split by time is
part of the fingerprint, so a model trained under one split is refused by a dataset with another.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from awrsr.config import HELD_OUT, LEAVE_ONE_OUT, Candidates, Catalogue, Split
from awrsr.data.splits import NONE, Parts, TimeSplit, by_time, leave_one_out
from awrsr.data.texts import Texts
from awrsr.data.titles import Hits, Titles
from awrsr.errors import DataError, counted, shown

MOST_SEEN = 0.03
"""Only unseen items are candidates up to this share of test targets that are in the history before.

Leaving out so few users changes no rate over users by more than 0.03. Above this share, returning
to an item is part of the task: ranking only new items would flatter every model."""

Items = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A catalogue and its users' sequences.

    Args:
        name: short name.
        about: source, licence, citation and filters, as in dataset.json.
        items: one row per item, in item order: item, item_id, title, further columns.
        user_ids: the user ids of the source, as text.
        offsets: user u's items are flat_items[offsets[u]:offsets[u + 1]].
        flat_items: all sequences concatenated, each oldest first.
        flat_timestamps: seconds since 1970, in the same order; None if the source has no times.
        directory: the directory it was read from, or None.
        time_split: the split by time; None for leave one out.
    """

    name: str
    about: dict[str, Any]
    items: pd.DataFrame
    user_ids: Sequence[str]
    offsets: npt.NDArray[np.int64]
    flat_items: Items
    flat_timestamps: npt.NDArray[np.int64] | None
    directory: Path | None = field(default=None, compare=False)
    time_split: TimeSplit | None = None

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}: {counted(self.n_users, 'user')}, "
            f"{counted(self.n_items, 'item')}, {counted(self.n_interactions, 'interaction')}, "
            f"fingerprint {self.fingerprint})"
        )

    @property
    def n_items(self) -> int:
        """Items in the catalogue."""
        return len(self.items)

    @property
    def n_users(self) -> int:
        """Users, one sequence each."""
        return len(self.user_ids)

    @property
    def n_interactions(self) -> int:
        """Total length of all sequences."""
        return len(self.flat_items)

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of a SHA-256 over item ids, sequences and any split by time."""
        digest = hashlib.sha256()
        for texts in (self.item_ids, Texts.of(self.user_ids)):
            digest.update(texts.joined("\n"))
            digest.update(b"\0")
        digest.update(self.offsets.astype("<i8").tobytes())
        digest.update(self.flat_items.astype("<i4").tobytes())
        if self.time_split is not None:
            for places in (self.parts.training, *(self.parts.targets[name] for name in HELD_OUT)):
                digest.update(places.astype("<i8").tobytes())
        return digest.hexdigest()[:16]

    @property
    def split_rule(self) -> str:
        """The rule of the split: leave_one_out, or the rule of the split by time."""
        return LEAVE_ONE_OUT if self.time_split is None else self.time_split.rule

    @property
    def catalogue(self) -> Catalogue:
        """The record of this dataset in a model."""
        return Catalogue(
            name=self.name,
            fingerprint=self.fingerprint,
            n_items=self.n_items,
            split=self.split_rule,
        )

    @cached_property
    def parts(self) -> Parts:
        """Where the sequences are divided into training, validation and test.

        Raises:
            DataError: the split is by time, and times are missing or do not ascend.
        """
        if self.time_split is None:
            return leave_one_out(self.lengths())
        return by_time(self.offsets, self.flat_timestamps, self.time_split)

    def has_target(self, split: Split) -> npt.NDArray[np.bool_]:
        """For every user, whether there is a held-out item in a split."""
        has: npt.NDArray[np.bool_] = self.parts.targets[split] != NONE
        return has

    def targets(self, split: Split) -> Items:
        """The held-out item of every user in a split; 0 where there is none."""
        has = self.has_target(split)
        places = np.where(has, self.offsets[:-1] + self.parts.targets[split], 0)
        return np.where(has, self.flat_items[places], 0).astype(np.int32)

    @cached_property
    def item_ids(self) -> Texts:
        """The source's id of every item, in item order."""
        return Texts.of(self.items["item_id"])

    @cached_property
    def _catalogue(self) -> Titles:
        counts = np.bincount(self.flat_items, minlength=self.n_items + 1)[1:]
        return Titles(self.name, Texts.of(self.items["title"]), self.item_ids, counts)

    def sequence(self, user: int) -> Items:
        """All items of the user at this index, oldest first."""
        return self.flat_items[self.offsets[user] : self.offsets[user + 1]]

    def lengths(self) -> npt.NDArray[np.int64]:
        """Length of every user's sequence."""
        return np.diff(self.offsets)

    def target_seen(self, split: Split) -> npt.NDArray[np.bool_]:
        """For every user, whether the held-out item of a split is also in the history before it."""
        return self._target_seen[split]

    @cached_property
    def _target_seen(self) -> dict[Split, npt.NDArray[np.bool_]]:
        owner = np.repeat(np.arange(self.n_users), self.lengths())
        place = np.arange(self.n_interactions)
        found: dict[Split, npt.NDArray[np.bool_]] = {}
        for split in HELD_OUT:
            target_at = self.offsets[:-1] + self.parts.targets[split]
            targets = self.targets(split)
            earlier = (self.flat_items == targets[owner]) & (place < target_at[owner])
            found[split] = np.bincount(owner[earlier], minlength=self.n_users) > 0
        return found

    def seen_share(self, split: Split = "test") -> float:
        """The share of users with a held-out item, 0 to 1, that also have it in the history."""
        return float(self.target_seen(split)[self.has_target(split)].mean())

    @property
    def default_candidates(self) -> Candidates:
        """The items that are ranked by default: all items if more than `MOST_SEEN` of the test
        targets were seen before, otherwise the items that are not in the history."""
        return "all" if self.seen_share("test") > MOST_SEEN else "unseen"

    def counted(self, split: Split, candidates: Candidates | None = None) -> npt.NDArray[np.bool_]:
        """For every user, whether there is a held-out item in a split that is among the candidates.

        It always is for candidates "all"; for "unseen" only if it is new to the user. The default
        is `default_candidates`."""
        if (candidates or self.default_candidates) == "all":
            return self.has_target(split)
        return self.has_target(split) & ~self.target_seen(split)

    def user_index(self, user_id: str) -> int:
        """The index of a user.

        Raises:
            DataError: no such user.
        """
        place = self._users.place(str(user_id))
        if place < 0:
            known = f"{self.n_users} users, from {self.user_ids[0]!r} to {self.user_ids[-1]!r}"
            raise DataError(f"unknown user {user_id!r} in {self.name}; it has {known}")
        return place

    @cached_property
    def _users(self) -> Texts:
        return Texts.of(self.user_ids)

    def titles(self, items: Iterable[int]) -> list[str]:
        """Displayed names that distinguish items; `lookup` accepts them.

        A name is the title. If the title is blank, belongs to several items or equals the id of
        another item, the item's id follows it: "Emma [838]". Titles as the source has them are in
        `items`.

        Raises:
            DataError: a number is not an item.
        """
        return self._catalogue.names([self.check_item(item) for item in items])

    def check_item(self, item: int) -> int:
        """The item, if it is in the catalogue.

        Raises:
            DataError: it is not a number from 1 to n_items.
        """
        if not 1 <= int(item) <= self.n_items:
            raise DataError(f"{item} is not an item of {self.name}; items are 1 to {self.n_items}")
        return int(item)

    def lookup(self, entry: str | int) -> int:
        """The item with this title or id.

        A number is an id. A text is a title, an id, or a name from `titles`; if none matches
        exactly, a title that differs only in case.

        Raises:
            DataError: nothing matches (the message names the nearest titles), or several items
                match, by title or by id (the message names them).
        """
        return self._catalogue.lookup(entry)

    def unknown(self, entries: Iterable[str | int]) -> list[str | int]:
        """The entries that do not name any item, in order, see `lookup`."""
        return [entry for entry in entries if not self._catalogue.matches(entry)]

    def named(self, entries: Sequence[str | int]) -> list[list[int]]:
        """For each entry the items with this title, id or name in any case; a number is an id."""
        return self._catalogue.named(entries)

    def titled_with(self, text: str) -> npt.NDArray[np.bool_]:
        """For every item whether its name contains this text, in any case."""
        return self._catalogue.containing(text)

    def search(self, text: str, limit: int = 20) -> Hits:
        """The items that a person may mean who has typed this text.

        The item with this id comes first, then titles with a word beginning with each of the words:
        those equal to the text, those that begin with it, the others; each frequent items first.
        If no title has the words, those of `nearest_items`; without a text, the first items.
        """
        return self._catalogue.search(text, limit)

    @cached_property
    def untrained(self) -> frozenset[int]:
        """The items in no training sequence: they occur only as held-out items."""
        place = np.arange(self.n_interactions) - np.repeat(self.offsets[:-1], self.lengths())
        trained = self.flat_items[place < np.repeat(self.parts.training, self.lengths())]
        return frozenset(range(1, self.n_items + 1)) - frozenset(trained.tolist())

    def nearest_titles(self, text: str, limit: int = 3) -> list[str]:
        """The titles of `nearest_items`."""
        return self.titles(self.nearest_items(text, limit))

    def nearest_items(self, text: str, limit: int = 3) -> list[int]:
        """The items with the titles most similar to this text, see `Titles.nearest`."""
        return self._catalogue.nearest(text, limit)

    def encode(self, entries: Sequence[str | int]) -> list[int]:
        """Items from titles or ids of the source, in order, see `lookup`.

        Raises:
            DataError: an entry does not name exactly one item, or a text was given instead of a
                list.
        """
        if isinstance(entries, str):
            received = f"received the text {shown(entries)}"
            raise DataError(f"entries must be a list of titles and ids; {received}")
        return [self.lookup(entry) for entry in entries]

    def summary(self) -> pd.Series:
        """Counts that describe the dataset, by name."""
        lengths = self.lengths()
        return pd.Series(
            {
                "users": self.n_users,
                "items": self.n_items,
                "interactions": self.n_interactions,
                "density": self.n_interactions / (self.n_users * self.n_items),
                "shortest sequence": int(lengths.min()),
                "median sequence": float(np.median(lengths)),
                "mean sequence": float(lengths.mean()),
                "longest sequence": int(lengths.max()),
            },
            name=self.name,
            dtype=object,
        )
