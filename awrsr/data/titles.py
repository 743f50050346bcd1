"""Titles of a catalogue: names that tell items apart, and which item a text or a number means."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from numbers import Integral

import pandas as pd
from rapidfuzz import process

from awrsr.errors import DataError, counted, shown, suggestion

NAMED = 5
"""Items that a message names; of more it says how many."""
MAX_SOUGHT = 300
"""Characters of a text that is compared with all titles: the cost grows with its length."""


class Titles:
    """The items of a catalogue by title and id.

    Args:
        catalogue: its name, for messages.
        titles: of all items in their order, as the source has them.
        item_ids: likewise the source's ids.
    """

    def __init__(self, catalogue: str, titles: list[str], item_ids: list[str]) -> None:
        self.catalogue, self.titles, self.item_ids = catalogue, titles, item_ids

    @cached_property
    def names(self) -> list[str]:
        """Names of all items by which people can tell them apart, see `awrsr.Dataset.titles`."""
        ids = pd.Series(self.item_ids, dtype=object)
        seen = pd.Series([" ".join(title.split()) for title in self.titles], dtype=object)
        named = [f"{title} [{id_}]".strip() for title, id_ in zip(self.titles, ids, strict=True)]
        unclear = (seen == "") | seen.duplicated(keep=False) | (seen.isin(ids) & (seen != ids))
        unclear |= seen.isin(named)
        names = zip(self.titles, named, unclear, strict=True)
        return [with_id if is_unclear else title for title, with_id, is_unclear in names]

    def lookup(self, entry: str | int) -> int:
        """See `awrsr.Dataset.lookup`.

        Raises:
            DataError: nothing matches, or more than one item does.
        """
        is_id = isinstance(entry, Integral) and not isinstance(entry, bool)
        text = str(entry).strip()
        exact = (self._by_title, self._by_item_id, self._by_name)
        indices = (self._by_item_id,) if is_id else exact
        found = list(dict.fromkeys(item for index in indices for item in index.get(text, [])))
        if not found and not is_id:
            found = self._by_folded_title.get(text.casefold(), [])
        if len(found) == 1:
            return found[0]
        if found:
            *first, last = self._named(found)
            raise DataError(
                f"{text!r} names {counted(len(found), 'item')} of {self.catalogue}: "
                f"{', '.join(first)} and {last}; give another name or id of the one meant"
            )
        if is_id:
            titled = self._by_title.get(text, [])[:NAMED]
            raise DataError(
                f"unknown id {text} in {self.catalogue}; a number is an id, a title is text."
                f"{suggestion([self.names[item - 1] for item in titled])}"
            )
        near = suggestion([self.names[item - 1] for item in self.nearest(text)])
        raise DataError(f"unknown title or id {shown(text)} in {self.catalogue}.{near}")

    def _named(self, items: list[int]) -> list[str]:
        """The first items by name and id, and how many more there are."""
        named = [
            f"{self.names[item - 1]!r} (id {self.item_ids[item - 1]})" for item in items[:NAMED]
        ]
        return named + [f"{len(items) - NAMED:,} more"] * (len(items) > NAMED)

    def nearest(self, text: str, limit: int = 3) -> list[int]:
        """The items whose titles are most like this text, best first; none where none is close.

        Case, accents, punctuation, articles (`X, The` and `The X`) and what stands in parentheses,
        as a year does, are no difference; among titles equally like it, one of its year is first.
        A text of more than `MAX_SOUGHT` characters is like no title.
        """
        if len(text) > MAX_SOUGHT:
            return []
        names, owners = self._simplified
        year = _year(text)
        best: dict[int, float] = {}
        for name in _simplified_names(text):
            for near, score, place in process.extract(name, names, limit=50, score_cutoff=60):
                if 2 * len(near) < len(name):
                    continue  # a few letters stand in any title
                item = owners[place]
                bonus = 5 if year and year == _year(self.titles[item - 1]) else 0
                best[item] = max(best.get(item, 0), 200 * (score == 100) + score + bonus)
        return sorted(best, key=lambda item: -best[item])[:limit]

    @cached_property
    def _simplified(self) -> tuple[list[str], list[int]]:
        """Every simplified name, and the item it belongs to."""
        pairs = [
            (name, item)
            for item, title in enumerate(self.titles, start=1)
            for name in _simplified_names(title)
        ]
        return [name for name, _ in pairs], [item for _, item in pairs]

    @cached_property
    def _by_title(self) -> dict[str, list[int]]:
        return _positions(title.strip() for title in self.titles)

    @cached_property
    def _by_item_id(self) -> dict[str, list[int]]:
        return _positions(item_id.strip() for item_id in self.item_ids)

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        return _positions(name.strip() for name in self.names)

    @cached_property
    def _by_folded_title(self) -> dict[str, list[int]]:
        return _positions(title.strip().casefold() for title in self.titles)


YEAR = re.compile(r"\((\d{4})\)\s*$")
ARTICLES = "the|a|an|le|la|les|l'|el|il|lo|los|las|der|das|un|une|ein|eine"
ARTICLE = re.compile(rf"^(?:{ARTICLES})\b\s*(?=\w)|,\s*(?:{ARTICLES}|die)\s*$")


def _year(title: str) -> str:
    """The year at the end of a title, or nothing."""
    found = YEAR.search(title)
    return found[1] if found else ""


def _simplified_names(title: str) -> list[str]:
    """What a title is called, for comparison only: without its year, and without parentheses."""
    text = unicodedata.normalize("NFKD", title).casefold().replace("a.k.a.", "")
    text = YEAR.sub("", "".join(c for c in text if not unicodedata.combining(c)))
    names = dict.fromkeys(
        " ".join(re.findall(r"\w+", ARTICLE.sub("", part.strip()).replace("&", " and ")))
        for part in (re.sub(r"\([^()]*\)", " ", text), *re.findall(r"\(([^()]*)\)", text), text)
    )
    return [name for name in names if name]


def _positions(names: Iterable[str]) -> dict[str, list[int]]:
    """Items by name; one name may belong to several."""
    found: dict[str, list[int]] = {}
    for item, name in enumerate(names, start=1):
        found.setdefault(name, []).append(item)
    return found
