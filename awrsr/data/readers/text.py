"""Text files, compressed or not, in the encoding of their byte-order mark or in a given one."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from awrsr.errors import ConfigError, DataError
from awrsr.io.parquet import MAX_BYTES, MAX_EXPANSION

MARKS = {  # longer marks first: one mark is the beginning of another
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF8: "UTF-8-SIG",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte-order marks and their encodings."""
GZIP = b"\x1f\x8b"
MAX_LINE = 2**20
"""Number of characters read at once from a file that may have no line ends."""

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|", "space": " "}

FOREIGN = {
    r'\s*[\[{]\s*(["{]|$)': "a file of JSON",
    r"\S+::\S+$": "a file of values separated by '::'",
    r"\w+:(token|float)(_seq)?\b": "a RecBole atomic file",
}
"""First lines that show another format, and the names of these formats."""


@contextmanager
def open_text(path: Path, encoding: str | None = None) -> Iterator[TextIO]:
    """A text file, decompressed if it is gzip.

    Args:
        path: the file.
        encoding: any encoding of Python; default: UTF-8. A byte-order mark in the file takes
            precedence.

    Raises:
        ConfigError: no such encoding.
        DataError: the file is missing, damaged, in another encoding, or expands to much more than
            its own size.
    """
    assumed = check_encoding("UTF-8" if encoding is None else encoding)
    try:
        packed = first_bytes(path).startswith(GZIP)
        with _Unpacked(path) if packed else path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            assumed = next((c for mark, c in MARKS.items() if start.startswith(mark)), assumed)
            with io.TextIOWrapper(file, encoding=assumed, newline="") as text:
                yield text
    except UnicodeError as error:
        advice = "; if it is ISO 8859-1, give --encoding latin-1" if assumed == "UTF-8" else ""
        raise DataError(f"{path} is not text in {assumed}{advice}") from error
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} is not a readable text file: {reason}") from error


def first_bytes(path: Path) -> bytes:
    """The first bytes of a file, which identify its kind."""
    with path.open("rb") as file:
        return file.read(4)


class _Unpacked(gzip.GzipFile):
    """The contents of a gzip file, refused if they are much larger than the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self.path = path
        self.accepted = max(MAX_BYTES, MAX_EXPANSION * path.stat().st_size)

    def read1(self, size: int = -1) -> bytes:
        if self.tell() > self.accepted:
            raise DataError(
                f"{self.path} has {self.path.stat().st_size:,} bytes and expands to more than "
                f"{self.accepted:,}; accepted: at most {MAX_BYTES:,}, or {MAX_EXPANSION} times the "
                "size of the file if that is more"
            )
        return super().read1(size)


def check_encoding(encoding: str) -> str:
    """The encoding, if Python can decode text with it.

    Raises:
        ConfigError: it cannot.
    """
    try:
        b"text".decode(encoding, "replace")
    except (LookupError, ValueError):
        raise ConfigError(
            f"unknown encoding {encoding!r}; accepted: utf-8, utf-16, latin-1, cp1252 and all "
            "others that Python knows"
        ) from None
    return encoding


def check_separator(separator: str) -> str:
    """The character of a separator, given by name or as the character itself.

    Raises:
        ConfigError: it is neither a known name nor a usable character.
    """
    sign = SEPARATORS.get(separator, separator)
    if len(sign) != 1 or not sign.isascii() or sign.isalnum() or sign in '"\r\n\0':
        raise ConfigError(
            f"separator must be one of {', '.join(SEPARATORS)}, or one character that is not a "
            f"letter, digit or quote; received {separator!r}"
        )
    return sign


def refuse_foreign(path: Path, line: str) -> None:
    """Refuse a file whose first line shows a format in FOREIGN."""
    for start, name in FOREIGN.items():
        if re.match(start, line):
            raise DataError(
                f"{path} seems to be {name}, which is not this format; without --format the format "
                "is recognised"
            )


def first_line(path: Path, encoding: str | None = None) -> str:
    """The first line of a text file that is not blank, or an empty text.

    Raises:
        ConfigError: see `open_text`.
        DataError: see `open_text`.
    """
    with open_text(path, encoding) as file:
        while line := file.readline(MAX_LINE):
            if line.strip():
                return line
    return ""


def latin_or_utf8(path: Path) -> str:
    """UTF-8 if the file is valid UTF-8, otherwise latin-1, in which every byte is a character.

    For a format whose publisher used latin-1 and whose copies are often UTF-8.
    """
    try:
        with open_text(path) as file:
            while file.read(MAX_LINE):
                pass
    except DataError as error:
        if isinstance(error.__cause__, UnicodeError):
            return "latin-1"
        raise
    return "UTF-8"
