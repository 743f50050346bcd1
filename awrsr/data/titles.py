"""Titles of a catalogue: unambiguous names of items, and items from titles or ids."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import process

from awrsr.data.texts import SPACES, Texts
from awrsr.data.word_index import WordIndex
from awrsr.errors import DataError, counted, shown, suggestion

NAMED = 5
"""Number of items that a message names; the others are only counted."""
MAX_SOUGHT = 300
"""Longest text that is searched for: the cost grows with its length."""
COMPARED = 300
"""Number of titles that are compared with a text letter by letter: those that share most words."""


@dataclass(frozen=True)
class Hits:
    """The results of a search.

    Args:
        items: best first.
        total: the number of all items found.
        near: whether no title has the words that were sought, and these are similar titles.
    """

    items: list[int]
    total: int
    near: bool = False


@dataclass(frozen=True)
class _Column:
    """One way to name items.

    Args:
        texts: the names.
        items: the item that each belongs to.
    """

    texts: Texts
    items: npt.NDArray[np.int64]

    def find(self, sought: Iterable[str]) -> dict[str, list[int]]:
        """The items with these names, by name."""
        found = self.texts.places(sought)
        return {text: self.items[places].tolist() for text, places in found.items()}


class Titles:
    """The items of a catalogue by title and id, in columns: there is no Python object per item.

    Args:
        catalogue: its name, for messages.
        titles: the titles of all items in item order, as the source has them.
        item_ids: the ids of the source, in the same order.
        counts: how often each item occurs; a search names frequent items first.
    """

    def __init__(
        self,
        catalogue: str,
        titles: Texts,
        item_ids: Texts,
        counts: npt.NDArray[np.int64],
    ) -> None:
        self.catalogue, self.titles, self.item_ids = catalogue, titles, item_ids
        self.counts = counts

    def names(self, items: Sequence[int]) -> list[str]:
        """Unambiguous names of items, see `awrsr.Dataset.titles`."""
        places = np.asarray(items, dtype=np.int64) - 1
        names, unclear = self.titles.at(places), self._unclear[places]
        if unclear.any():
            ids = self.item_ids.at(places)
            for place in np.flatnonzero(unclear):
                names[place] = f"{names[place]} [{ids[place]}]".strip()
        return names

    @cached_property
    def _unclear(self) -> npt.NDArray[np.bool_]:
        """Whether the title of an item does not say alone which item it is."""
        ids = self.item_ids.column
        seen = self.titles.column
        odd = pc.match_substring_regex(seen, f"[{SPACES.replace(' ', '')}]|  ")  # few, if any
        even = pc.replace_substring_regex(seen.filter(odd), f"[{SPACES}]+", " ")
        seen = pc.utf8_trim(pc.replace_with_mask(seen, odd, even), SPACES)
        numbers = pc.dictionary_encode(seen).indices.to_numpy()
        shared = np.bincount(numbers, minlength=1)[numbers] > 1
        others_id = pc.and_(pc.is_in(seen, ids), pc.not_equal(seen, ids))
        unclear = pc.or_(pc.equal(seen, ""), others_id)
        like_names = pc.ends_with(seen, "]")
        if pc.any(like_names).as_py():
            unclear = pc.or_(unclear, pc.and_(like_names, pc.is_in(seen, self._with_ids().column)))
        found: npt.NDArray[np.bool_] = shared | unclear.to_numpy(zero_copy_only=False)
        return found

    def _with_ids(self) -> Texts:
        """The titles of all items, each followed by its id."""
        opened, closed, nothing = (pa.scalar(text, pa.large_string()) for text in (" [", "]", ""))
        columns = (self.titles.column, opened, self.item_ids.column, closed)
        return Texts(pc.binary_join_element_wise(*columns, nothing)).stripped()

    @cached_property
    def _ways(self) -> tuple[_Column, _Column, _Column]:
        """Titles, ids, and the names of the items whose title is not enough."""
        everything = np.arange(1, len(self.titles) + 1)
        unclear = everything[self._unclear]
        names = Texts.of(self.names(unclear.tolist()))
        return (
            _Column(self.titles.stripped(), everything),
            _Column(self.item_ids.stripped(), everything),
            _Column(names, unclear),
        )

    @cached_property
    def _folded(self) -> tuple[_Column, _Column, _Column]:
        """The same without regard to case."""
        titles, ids, names = (
            _Column(way.texts.mapped(str.casefold), way.items) for way in self._ways
        )
        return titles, ids, names

    def matches(self, entry: str | int) -> list[int]:
        """The items that an entry names, see `awrsr.Dataset.lookup`; empty if there are none."""
        text = str(entry).strip()
        ways = self._ways[1:2] if _is_id(entry) else self._ways
        found = [item for way in ways for item in way.find([text]).get(text, [])]
        if not found and not _is_id(entry):
            folded = text.casefold()
            found = self._folded[0].find([folded]).get(folded, [])
        return list(dict.fromkeys(found))

    def named(self, entries: Sequence[str | int]) -> list[list[int]]:
        """For each entry the items with this title, id or name in any case; a number is an id. Many
        entries take about as long as one."""
        texts = [str(entry).strip().casefold() for entry in entries]
        titles, ids, names = (way.find(texts) for way in self._folded)
        return [
            sorted(
                {
                    item
                    for way in ((ids,) if _is_id(entry) else (titles, ids, names))
                    for item in way.get(text, [])
                }
            )
            for entry, text in zip(entries, texts, strict=True)
        ]

    def containing(self, text: str) -> npt.NDArray[np.bool_]:
        """For every item whether its name contains this text, in any case."""
        folded, (titles, _, names) = text.casefold(), self._folded
        found = titles.texts.containing(folded)
        found[names.items - 1] |= names.texts.containing(folded)
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
            titled = self._ways[0].find([text]).get(text, [])[:NAMED]
            raise DataError(
                f"unknown id {text} in {self.catalogue}; a number is an id, a title is text."
                f"{suggestion(self.names(titled))}"
            )
        hint = suggestion(self.names(self.nearest(text)))
        raise DataError(f"unknown title or id {shown(text)} in {self.catalogue}.{hint}")

    def _named(self, items: list[int]) -> list[str]:
        """The first items by name and id, and the number of the others."""
        first = items[:NAMED]
        ids = self.item_ids.at(np.array(first) - 1)
        named = [f"{name!r} (id {id_})" for name, id_ in zip(self.names(first), ids, strict=True)]
        return named + [f"{len(items) - NAMED:,} more"] * (len(items) > NAMED)

    # --- searches ---------------------------------------------------------------------------------

    @cached_property
    def _index(self) -> WordIndex:
        return WordIndex(self.titles)

    def search(self, text: str, limit: int) -> Hits:
        """The items that a person may mean who has typed this text, see `awrsr.Dataset.search`."""
        text = text.strip()
        if not text:
            return Hits(list(range(1, min(limit, len(self.titles)) + 1)), len(self.titles))
        if len(text) > MAX_SOUGHT:
            return Hits([], 0)
        words = self._index.sought(text)
        having = self._index.containing(words)
        by_id = self._folded[1].find([text.casefold()]).get(text.casefold(), [])
        if not len(having) and not by_id:
            near = self.named([text])[0] or self.nearest(text, limit)
            return Hits(near[:limit], len(near), near=True)
        simple, whole = self._index.simple.take(having), " ".join(words)
        alike = (pc.starts_with(simple, whole), pc.equal(simple, whole))
        grade = sum(each.to_numpy(zero_copy_only=False).astype(np.int64) for each in alike)
        # One number per item, larger for better ones; of equal ones the first in item order.
        value = grade * (1 + int(self.counts.max())) + self.counts[having]
        value = value * (1 + len(self.titles)) - having
        best = having[_largest(value, limit)] + 1
        items = list(dict.fromkeys([*by_id, *best.tolist()]))[:limit]
        return Hits(items, len(np.union1d(having + 1, by_id)))

    def nearest(self, text: str, limit: int = 3) -> list[int]:
        """The items with the titles most similar to this text, best first; empty if none is close.

        Case, accents, punctuation, articles (`X, The` and `The X`) and text in parentheses, such as
        a year, are ignored. Among equally similar titles, one with the same year comes first. A
        text of more than `MAX_SOUGHT` characters matches no title. At most `COMPARED` titles are
        compared, those that share most words, also misspelt ones.
        """
        if len(text) > MAX_SOUGHT:
            return []
        year = _year(text)
        best: dict[int, float] = {}
        for name in _simplified_names(text):
            places = self._index.similar(self._index.sought(name), COMPARED)
            titles = dict(zip((places + 1).tolist(), self.titles.at(places), strict=True))
            pairs = [(each, item) for item in titles for each in _simplified_names(titles[item])]
            names = [each for each, _ in pairs]
            for similar, score, place in process.extract(name, names, limit=50, score_cutoff=60):
                if 2 * len(similar) < len(name):
                    continue  # a few letters occur in any title
                item = pairs[place][1]
                bonus = 5 if year and year == _year(titles[item]) else 0
                best[item] = max(best.get(item, 0), 200 * (score == 100) + score + bonus)
        return sorted(best, key=lambda item: -best[item])[:limit]


def _largest(values: npt.NDArray[np.int64], limit: int) -> npt.NDArray[np.int64]:
    """The places of the largest values, largest first."""
    if len(values) > limit:
        kept = np.argpartition(values, -limit)[-limit:]
    else:
        kept = np.arange(len(values))
    return kept[np.argsort(-values[kept])]


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
