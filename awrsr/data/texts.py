"""Columns of text: sequences of str without a Python object for every entry."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BLOCK = 65_536
"""Entries that are Python objects at once, while all are read."""
SPACES = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if c.isspace())
"""What `str.strip` removes."""

Places = npt.NDArray[np.int64]


class Texts(Sequence[str]):
    """A column of text, equal to any sequence of the same texts.

    Args:
        column: an array of text without missing values.
    """

    def __init__(self, column: pa.Array) -> None:
        self.column = column

    @classmethod
    def of(cls, values: Iterable[Any]) -> "Texts":
        """The texts of any values: of a column of text as it is, of others by `str`."""
        if isinstance(values, Texts):
            return values
        column = values if isinstance(values, pa.ChunkedArray | pa.Array) else None
        if column is None and hasattr(getattr(values, "array", None), "__arrow_array__"):
            column = pa.array(values)
        if column is None or column.null_count or not is_text(column.type):
            column = pa.array([str(value) for value in values], pa.large_string())
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        return cls(column.cast(pa.large_string()))

    def __len__(self) -> int:
        return len(self.column)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> "Texts": ...

    def __getitem__(self, place: int | slice) -> "str | Texts":
        if isinstance(place, slice):
            return Texts(self.column[place])
        text: str = self.column[int(place)].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), BLOCK):
            yield from self.column[start : start + BLOCK].to_pylist()

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and self.place(text) >= 0

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Texts):
            return bool(self.column.equals(other.column))
        if isinstance(other, Sequence) and not isinstance(other, str):
            return len(self) == len(other) and all(map(str.__eq__, self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Texts({len(self):,} entries)"

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        return self.column if type is None else self.column.cast(type)

    def at(self, places: npt.ArrayLike) -> list[str]:
        """The texts at these places, in order."""
        found: list[str] = self.column.take(pa.array(np.asarray(places, np.int64))).to_pylist()
        return found

    def place(self, text: str) -> int:
        """The first place of a text; -1 if it is not there."""
        if not in_utf8(text):
            return -1
        return int(pc.index(self.column, pa.scalar(text, pa.large_string())).as_py())

    def places(self, sought: Iterable[str]) -> dict[str, Places]:
        """All places of the texts that are sought, by text; those that are nowhere are left out."""
        distinct = list(dict.fromkeys(filter(in_utf8, sought)))
        if not distinct:
            return {}
        if len(distinct) == 1:  # five times as fast
            same = pc.equal(self.column, pa.scalar(distinct[0], pa.large_string()))
            rows = np.flatnonzero(same.to_numpy(zero_copy_only=False))
            return {distinct[0]: rows} if len(rows) else {}
        numbers = pc.index_in(self.column, pa.array(distinct, pa.large_string()))
        rows = np.flatnonzero(pc.is_valid(numbers).to_numpy(zero_copy_only=False))
        codes = numbers.take(pa.array(rows)).to_numpy(zero_copy_only=False)
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(distinct) + 1))
        return {
            text: rows[order[a:b]]
            for text, a, b in zip(distinct, starts[:-1], starts[1:], strict=True)
            if b > a
        }

    def containing(self, text: str) -> npt.NDArray[np.bool_]:
        """For every text whether it contains this one."""
        if not in_utf8(text):
            return np.zeros(len(self), dtype=np.bool_)
        found = pc.match_substring(self.column, text).to_numpy(zero_copy_only=False)
        return np.array(found)

    def mapped(self, function: Callable[[str], str]) -> "Texts":
        """The results of a function for all texts."""
        starts = range(0, len(self), BLOCK)
        blocks = (self.column[start : start + BLOCK].to_pylist() for start in starts)
        made = [pa.array(list(map(function, block)), pa.large_string()) for block in blocks]
        return Texts(pa.concat_arrays(made) if made else self.column)

    def stripped(self) -> "Texts":
        """`str.strip` of all texts."""
        column = pc.utf8_trim(self.column, SPACES)
        return self if column.equals(self.column) else Texts(column)

    def joined(self, separator: str) -> memoryview:
        """The UTF-8 bytes of all texts, with a separator between them."""
        ends = pa.scalar("", pa.large_string()), pa.scalar(separator, pa.large_string())
        followed = pc.binary_join_element_wise(self.column, *ends)
        size = pc.sum(pc.binary_length(followed)).as_py() or len(separator.encode())
        return memoryview(followed.buffers()[2] or b"")[: size - len(separator.encode())]


def in_utf8(text: str) -> bool:
    """Whether a text can be written as UTF-8, as all texts of a column are; a typed text may
    contain half of a pair of UTF-16."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_text(kind: pa.DataType) -> bool:
    """Whether a type of Arrow is text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
