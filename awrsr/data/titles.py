"""Titles of a catalogue: unambiguous names of items, and items from titles or ids."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from numbers import Integral

import pandas as pd
from rapidfuzz import process

from awrsr.errors import DataError, counted, shown, suggestion

NAMED = 5
"""Number of items that a message names; the others are only counted."""
MAX_SOUGHT = 300
"""Longest text that is compared with all titles: the cost grows with its length."""


class Titles:
    """The items of a catalogue by title and id.

    Args:
        catalogue: its name, for messages.
        titles: the titles of all items in item order, as the source has them.
        item_ids: the ids of the source, in the same order.
    """

    def __init__(self, catalogue: str, titles: list[str], item_ids: list[str]) -> None:
        self.catalogue, self.titles, self.item_ids = catalogue, titles, item_ids

    @cached_property
    def names(self) -> list[str]:
        """Unambiguous names of all items, see `awrsr.Dataset.titles`."""
        ids = pd.Series(self.item_ids, dtype=object)
        seen = pd.Series([" ".join(title.split()) for title in self.titles], dtype=object)
        named = [f"{title} [{id_}]".strip() for title, id_ in zip(self.titles, ids, strict=True)]
        unclear = (seen == "") | seen.duplicated(keep=False) | (seen.isin(ids) & (seen != ids))
        unclear |= seen.isin(named)
        names = zip(self.titles, named, unclear, strict=True)
        return [with_id if is_unclear else title for title, with_id, is_unclear in names]

    def matches(self, entry: str | int) -> list[int]:
        """The items that an entry names, see `awrsr.Dataset.lookup`; empty if there are none."""
        text = str(entry).strip()
        exact = (self._by_title, self._by_item_id, self._by_name)
        indices = (self._by_item_id,) if _is_id(entry) else exact
        found = list(dict.fromkeys(item for index in indices for item in index.get(text, [])))
        if not found and not _is_id(entry):
            found = self._by_folded_title.get(text.casefold(), [])
        return found

    def lookup(self, entry: str | int) -> int:
        """See `awrsr.Dataset.lookup`.

        Raises:
            DataError: nothing matches, or more than one item does.
        """
        text = str(entry).strip()
        found = self.matches(entry)
        if len(found) == 1:
            return found[0]
        if found:
            *first, last = self._named(found)
            raise DataError(
                f"{text!r} names {counted(len(found), 'item')} of {self.catalogue}: "
                f"{', '.join(first)} and {last}; give a name or id that belongs to one of them only"
            )
        if _is_id(entry):
            titled = self._by_title.get(text, [])[:NAMED]
            raise DataError(
                f"unknown id {text} in {self.catalogue}; a number is an id, a title is text."
                f"{suggestion([self.names[item - 1] for item in titled])}"
            )
        hint = suggestion([self.names[item - 1] for item in self.nearest(text)])
        raise DataError(f"unknown title or id {shown(text)} in {self.catalogue}.{hint}")

    def _named(self, items: list[int]) -> list[str]:
        """The first items by name and id, and the number of the others."""
        named = [
            f"{self.names[item - 1]!r} (id {self.item_ids[item - 1]})" for item in items[:NAMED]
        ]
        return named + [f"{len(items) - NAMED:,} more"] * (len(items) > NAMED)

    def nearest(self, text: str, limit: int = 3) -> list[int]:
        """The items with the titles most similar to this text, best first; empty if none is close.

        Case, accents, punctuation, articles (`X, The` and `The X`) and text in parentheses, such as
        a year, are ignored. Among equally similar titles, one with the same year comes first. A
        text of more than `MAX_SOUGHT` characters matches no title.
        """
        if len(text) > MAX_SOUGHT:
            return []
        names, owners = self._simplified
        year = _year(text)
        best: dict[int, float] = {}
        for name in _simplified_names(text):
            for similar, score, place in process.extract(name, names, limit=50, score_cutoff=60):
                if 2 * len(similar) < len(name):
                    continue  # a few letters occur in any title
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


def _is_id(entry: object) -> bool:
    """Whether an entry is a number, which is an id and not a title."""
    return isinstance(entry, Integral) and not isinstance(entry, bool)


def _year(title: str) -> str:
    """The year at the end of a title, or an empty text."""
    found = YEAR.search(title)
    return found[1] if found else ""


def _simplified_names(title: str) -> list[str]:
    """Forms of a title for comparison only: without its year, and without parentheses."""
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
