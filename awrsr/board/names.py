"""Titles and groups of items, for the rows of the board."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from awrsr.data.dataset import Dataset
from awrsr.data.texts import Texts

MAX_GROUPS = 8
"""Number of colours that people can distinguish; further groups share a grey."""


@dataclass(frozen=True, kw_only=True)
class ItemNames:
    """Labels and groups of a dataset's items.

    Args:
        titles: title of every item, item i at index i - 1.
        groups: group of every item, for the colour band, or None.
        group_name: the word for the groups, "genres".
    """

    titles: Sequence[str]
    groups: Sequence[str] | None = None
    group_name: str = ""

    @cached_property
    def coloured(self) -> list[str]:
        """The groups with their own colour: the largest in the catalogue, so that a colour means
        the same for every history."""
        return [group for group, _ in Counter(self.groups).most_common(MAX_GROUPS)]


def item_names(dataset: Dataset) -> ItemNames:
    """Titles of items, and groups from the first further column whose values form groups.

    The first entry of a cell "Comedy|Drama", or of a list, counts; missing cells form one group
    without a name, and records form no groups.
    """
    titles = _Titles(dataset)
    for column in dataset.items.columns.drop(["item", "item_id", "title"]):
        found = [_group(value) for value in dataset.items[column]]
        groups = [group for group in found if group is not None]
        if len(groups) == len(found) and 1 < len(set(groups)) <= max(2, len(groups) // 4):
            return ItemNames(titles=titles, groups=Texts.of(groups), group_name=str(column))
    return ItemNames(titles=titles)


class _Titles(Sequence[str]):
    """The displayed names of a dataset's items, read one by one."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return self.dataset.n_items

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        items = range(1, len(self) + 1)[place]
        return (
            self.dataset.titles([items])[0]
            if isinstance(items, int)
            else self.dataset.titles(items)
        )


def _group(value: object) -> str | None:
    if isinstance(value, list | tuple | np.ndarray):
        return _group(value[0]) if len(value) else ""
    if value is None or isinstance(value, float) and np.isnan(value):
        return ""
    return None if isinstance(value, dict) else str(value).split("|")[0].strip()
