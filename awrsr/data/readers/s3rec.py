"""Text files of S3-Rec and STOSA: one line per user, the user id and the items, oldest first."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from awrsr.data.readers.base import Raw, Reader, Rows, as_ids
from awrsr.data.readers.looking import Look
from awrsr.data.readers.text import open_text, refuse_foreign
from awrsr.errors import DataError, shown

LINE = re.compile(r"\s*[\w.-]+( +[\w.-]+)+\s*")
"""A line of at least two words without tabs, commas, colons and brackets."""


def _check_no_table(source: Path, users: list[str], lines: list[int]) -> None:
    """Refuse a table: all rows have the same number of values, three or more, and users recur."""
    items = Counter(lines)
    width = next(iter(items.values()), 0)
    if width < 2 or any(count != width for count in items.values()):
        return
    first_line: dict[str, int] = {}
    for user, line in zip(users, lines, strict=True):
        first = first_line.setdefault(user, line)
        if first != line:
            raise DataError(
                f"{source}, line {line}: user {shown(user)} already has line {first}, and every "
                f"line holds {1 + width} values; a line of s3rec is 'user item item ...'. A file "
                "with columns for ratings or times has format 'table'"
            )


class S3Rec(Reader):
    """One line per user: the user id and the items, oldest first; no times."""

    name = "s3rec"
    source = "a text file of lines 'user item item ...'"

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By words separated by spaces, two per line or a varying number."""
        if not look.lines or not all(LINE.fullmatch(line) for line in look.lines):
            return False
        counts = {len(line.split()) for line in look.lines}
        users = {line.split()[0] for line in look.lines}
        return counts == {2} or len(counts) > 1 or len(users) == len(look.lines) > 1

    @staticmethod
    def read(source: Path, *, encoding: str | None = None) -> Raw:
        """The interactions of a file with lines `user item item ...`."""
        users: list[str] = []
        items: list[str] = []
        lines: list[int] = []
        with open_text(source, encoding) as file:
            for number, line in enumerate(file, start=1):
                if number == 1:
                    refuse_foreign(source, line.strip())
                user, *sequence = line.split() or [""]
                if user and not sequence:
                    raise DataError(
                        f"{source}, line {number}: expected 'user item item ...', received "
                        f"{shown(line.strip())}"
                    )
                users += [user] * len(sequence)
                items += sequence
                lines += [number] * len(sequence)
        _check_no_table(source, users, lines)
        frame = pd.DataFrame({"user_id": users, "item_id": items}, index=lines, dtype=str)
        return Raw(Rows(frame.apply(as_ids), source, "line"))
