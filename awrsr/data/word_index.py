"""The words of all titles, for searches while a person types.

Everything is columns: the simplified titles, the different words in order, for every word the
titles that contain it, and for every two bytes of a word the words that contain them. A search
takes time in proportion to the titles that contain its words, and there is no Python object per
title.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import fuzz

from awrsr.data.texts import Texts

Numbers = npt.NDArray[np.int64]
Short = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

MAX_WORDS = 12
"""Words of a search that count; the longest ones."""
LIKE, ALIKE = 60, 16
"""Similarity in percent from which a word is taken for a misspelt one, and the number of words that
are taken for it."""
COMPARED = 256
"""Words compared with a misspelt word: those that share most parts with it."""


def simplified(titles: pa.Array) -> pa.Array:
    """Titles as words in lower case with single spaces, without accents and punctuation."""
    if not pc.all(pc.string_is_ascii(titles)).as_py():
        plain = pc.utf8_normalize(titles, form="NFKD")
        titles = pc.replace_substring_regex(plain, r"\p{M}+", "")
    joined = pc.replace_substring_regex(pc.utf8_lower(titles), r"['\x{2019}]", "")
    return pc.utf8_trim(pc.replace_substring_regex(joined, r"[^\p{L}\p{N}]+", " "), " ")


class WordIndex:
    """The words of titles.

    Args:
        titles: the titles of all items in item order.
    """

    def __init__(self, titles: Texts) -> None:
        self.simple = simplified(titles.column)
        """The simplified titles."""
        lists = pc.split_pattern(self.simple, " ")
        self._lists = lists
        owners = np.repeat(np.arange(len(lists), dtype=np.int32), _lengths(lists))
        coded = pc.dictionary_encode(lists.flatten())
        order = pc.array_sort_indices(coded.dictionary)
        self.words = coded.dictionary.take(order)
        """The different words, in order of their code points."""
        numbers = np.empty(len(order), dtype=np.int32)
        numbers[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
        word_numbers = numbers[coded.indices.to_numpy()]
        self._titles = owners[np.argsort(word_numbers, kind="stable")]
        self._ends = np.cumsum(np.bincount(word_numbers, minlength=len(order)))

    def __len__(self) -> int:
        return len(self.simple)

    def sought(self, text: str) -> list[str]:
        """The words of a search, in order."""
        readable = text.encode(errors="ignore").decode()
        (simple,) = simplified(pa.array([readable], pa.large_string())).to_pylist()
        words = dict.fromkeys(simple.split())
        kept = sorted(words, key=len, reverse=True)[:MAX_WORDS]
        return [word for word in words if word in kept]

    def containing(self, words: list[str]) -> Numbers:
        """The places of titles with a word that begins with each of these."""
        found: Mask | None = None
        for word in sorted(words, key=len, reverse=True):  # the rarest first
            first, last = self._beginning(word)
            if first == last:
                return np.zeros(0, dtype=np.int64)
            having = np.zeros(len(self), dtype=np.bool_)
            having[self._titles_of(first, last)] = True
            found = having if found is None else found & having
        return np.flatnonzero(found) if found is not None else np.zeros(0, dtype=np.int64)

    def similar(self, words: list[str], limit: int) -> Numbers:
        """The places of the titles that share most with these words, spelt alike or as a beginning;
        at most a number of them, in item order."""
        shared = np.zeros(len(self), dtype=np.float32)
        for word in words:
            best = np.zeros(len(self), dtype=np.float32)
            for first, last, likeness in self._like(word):
                best[self._titles_of(first, last)] = likeness * len(word)
            shared += best
        found = np.flatnonzero(shared)
        if len(found) > limit:
            least = np.partition(shared[found], -limit)[-limit]
            found = found[shared[found] >= least]
        if len(found) > limit:
            # Of equally similar titles the shortest: more of it is alike.
            sizes = pc.binary_length(self.simple.take(pa.array(found))).to_numpy()
            found = found[np.lexsort((sizes, -shared[found]))[:limit]]
        return np.sort(found)

    def _beginning(self, word: str) -> tuple[int, int]:
        """The range of words that begin with this one."""
        return self._place(word), self._place(word + "\U0010ffff")

    def _place(self, word: str) -> int:
        """The number of words before this one."""
        low, high = 0, len(self.words)
        while low < high:
            middle = (low + high) // 2
            if self.words[middle].as_py() < word:
                low = middle + 1
            else:
                high = middle
        return low

    def _titles_of(self, first: int, last: int) -> Short:
        """The places of titles with the words of a range; a title may be there several times."""
        start = self._ends[first - 1] if first else 0
        return self._titles[start : self._ends[last - 1] if last else 0]

    def _like(self, word: str) -> Iterator[tuple[int, int, float]]:
        """Ranges of words like this one and how like it they are, 0 to 1; the most alike last."""
        numbers = self._sharing(word)
        names = self.words.take(pa.array(numbers)).to_pylist()
        scored = [(fuzz.ratio(word, name), n) for name, n in zip(names, numbers, strict=True)]
        for score, number in sorted(each for each in sorted(scored)[-ALIKE:] if each[0] >= LIKE):
            yield int(number), int(number) + 1, score / 100
        first, last = self._beginning(word)
        if first < last:
            yield first, last, 1.0

    def _sharing(self, word: str) -> Numbers:
        """The words that share most parts with this one."""
        parts, starts, words, sizes = self._parts
        own = np.unique(_parts_of(f" {word} ".encode())[0])
        at = np.searchsorted(parts, own)
        at = at[(at < len(parts)) & (parts[np.minimum(at, len(parts) - 1)] == own)]
        if not len(at):
            return np.zeros(0, dtype=np.int64)
        having = np.concatenate([words[starts[n] : starts[n + 1]] for n in at])
        counts = np.bincount(having, minlength=len(self.words))
        found = np.flatnonzero(counts)
        alike = counts[found] / (sizes[found] + len(own))
        return found[np.argsort(-alike, kind="stable")[:COMPARED]]

    @cached_property
    def _parts(self) -> tuple[Short, Numbers, Short, Numbers]:
        """All parts of words in order, where the words of each begin, these words, and the number
        of parts of every word."""
        codes, owners = _parts_of(b" " + bytes(Texts(self.words).joined(" ")) + b" ")
        order = np.argsort(codes, kind="stable")
        parts, starts = np.unique(codes[order], return_index=True)
        sizes = np.bincount(owners, minlength=len(self.words)).astype(np.int64)
        return parts, np.append(starts, len(codes)), owners[order], sizes


def _parts_of(text: bytes) -> tuple[Short, Short]:
    """All two bytes in a row, spaces before and after words included, and the number of the word of
    each pair; words are between single spaces."""
    letters = np.frombuffer(text, dtype=np.uint8).astype(np.int32)
    codes = (letters[:-1] << 8) | letters[1:]
    owners = np.cumsum(letters[:-1] == ord(" "), dtype=np.int32) - 1
    return codes, owners


def _lengths(lists: pa.ListArray) -> Numbers:
    """The number of entries of every list."""
    lengths: Numbers = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    return lengths
