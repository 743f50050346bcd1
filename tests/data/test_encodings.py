"""Text in any encoding, compressed or not."""

import gzip
from pathlib import Path

import pytest
from raw_files import (
    LINES,
    S3REC,
    SEEN,
    TABLE,
    sequences,
    write,
)

from awrsr.data.prepare import prepare
from awrsr.errors import DataError


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "encoding, asked",
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-32", None),
        ("utf-16", "latin-1"),
        ("utf-8", "UTF8"),
        ("latin-1", "latin-1"),
        ("cp1252", "cp1252"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_text_is_read_in_its_encoding(tmp_path: Path, packed: bool, encoding: str, asked):
    title = "Amélie, \u201cle\u201d film" if encoding != "latin-1" else "Amélie"
    files = {
        "raw.csv": LINES,
        "raw.txt": ["a é y z", "b é y z"],
        "t.csv": ["item,title", f'x,"{title}"', "y,Y"],
    }
    for name, lines in files.items():
        write(tmp_path / name, lines, encoding)
        if packed:
            (tmp_path / name).write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    dataset = prepare(tmp_path / "raw.csv", **TABLE, titles=tmp_path / "t.csv", encoding=asked)
    assert sequences(dataset) == SEEN
    assert dataset.titles([1, 2]) == [title, "Y"]
    of_lines = prepare(tmp_path / "raw.txt", **S3REC, encoding=asked)
    assert sequences(of_lines) == {"a": list("éyz"), "b": list("éyz")}


@pytest.mark.parametrize("name, arguments", [("raw.csv", TABLE), ("raw.txt", S3REC)])
@pytest.mark.parametrize(
    "content, asked, message",
    [
        (b"caf\xe9,x,1\n", None, "is not text in UTF-8; if it is ISO 8859-1, give --encoding lat"),
        (b"\xff\xfe\x00", None, r"is not text in UTF-16$"),
        (b"caf\xe9,x,1\n", "utf-16", r"is not text in utf-16$"),
        (gzip.compress(b"user item\n" * 99)[:20], None, "is not a readable text file: Compressed"),
        (b"\x1f\x8b no gzip", None, "is not a readable text file: Unknown compression method"),
        (None, None, "does not exist"),
        (b"", None, "is empty; expected columns user, item, timestamp|holds no interactions"),
    ],
    ids=["latin-1", "half-utf-16", "as-utf-16", "cut-gzip", "no-gzip", "missing", "empty"],
)
def test_files_that_are_not_text(tmp_path: Path, name, arguments, content, asked, message: str):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} {message}"):
        prepare(tmp_path / name, **arguments, encoding=asked)


def test_a_file_that_unpacks_to_many_times_its_size_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("awrsr.data.readers.text.MAX_BYTES", 100_000)
    (tmp_path / "raw.txt").write_bytes(gzip.compress(b"a x y z\n" * 1_000_000))
    with pytest.raises(DataError, match="raw.txt has .* bytes and expands to more than"):
        prepare(tmp_path / "raw.txt", **S3REC)
