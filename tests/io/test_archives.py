"""Untrusted archives: refusals before anything is written, whatever the archives declare."""

import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from awrsr.errors import DataError
from awrsr.io import archives
from awrsr.io.archives import check_archive, entry_names, unpack

LIMIT = 1_000


def made(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def everything(entry):
    return Path(entry)


def unpacked(path: Path, limit: int = LIMIT) -> Path:
    target = path.parent / "target"
    target.mkdir()
    unpack(path, target, limit, everything)
    return target


def refused(path: Path, reason: str, limit: int = LIMIT) -> None:
    """Check for a refusal with this reason; nothing is written inside or outside of the target."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(DataError, match=reason) as error:
        unpacked(path, limit)
    assert str(path) in str(error.value)
    (path.parent / "target").rmdir()
    assert sorted(path.parent.rglob("*")) == before


def test_wanted_files_are_written_and_others_are_not(tmp_path):
    path = made(tmp_path / "a.zip", {"a/": b"", "a/one": b"1" * 600, "a/two": b"2", "three": b"3"})
    target = tmp_path / "target"
    target.mkdir()
    wanted = {"a/one": Path("x/y"), "three": Path("z")}
    assert unpack(path, target, LIMIT, lambda entry: wanted.get(str(entry))) == 601
    files = {str(one.relative_to(target)): one for one in target.rglob("*") if one.is_file()}
    assert files.keys() == {"x/y", "z"}
    assert files["x/y"].read_bytes() == b"1" * 600 and files["z"].read_bytes() == b"3"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "leads out"),
        ("a/../../evil", "leads out"),
        ("/tmp/evil", "not relative"),
        ("..\\evil", "not relative"),
        ("C:evil", "not relative"),
        (".", "leads out"),
    ],
)
def test_names_that_lead_elsewhere(tmp_path, name, reason):
    refused(made(tmp_path / "a.zip", {"good": b"1", name: b"2"}), reason)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_special_files(tmp_path, kind):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    refused(tmp_path / "a.zip", "'link': it is a link or a special file")


@pytest.mark.parametrize("second", ["one", "ONE", "./one"])
def test_a_name_that_occurs_twice(tmp_path, second):
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("one", b"1")
        archive.writestr(second, b"2")
    refused(tmp_path / "a.zip", "occurs twice")


def test_a_bomb_that_declares_its_size(tmp_path):
    path = made(tmp_path / "a.zip", {"zeros": bytes(10 * LIMIT)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < LIMIT / 2
    refused(path, "10,000 bytes when unpacked; accepted: at most 1,000")
    many = made(tmp_path / "b.zip", {f"{number}": bytes(LIMIT // 2) for number in range(3)})
    refused(many, "1,500 bytes when unpacked")


@pytest.mark.parametrize("declared", [10, 900])
def test_a_bomb_that_declares_a_smaller_size(tmp_path, declared):
    """The sizes in its list are changed; no more than the declared size is written."""
    path = made(tmp_path / "a.zip", {"zeros": bytes(50 * LIMIT)}, zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<L", 50 * LIMIT), struct.pack("<L", declared)))
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(DataError, match="damaged"):
        unpack(path, target, LIMIT, everything)
    assert sum(one.stat().st_size for one in target.iterdir()) <= declared


def test_an_encrypted_entry(tmp_path):
    content = bytearray(made(tmp_path / "a.zip", {"one": b"1"}).read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path / "a.zip", "it is encrypted")


def test_damaged_and_cut_archives(tmp_path):
    intact = made(tmp_path / "a.zip", {"one": b"1" * 100, "two": b"2" * 100}).read_bytes()
    for number, content in enumerate([b"", b"PK", intact[:150], intact[:-1], b"no zip" * 50]):
        (tmp_path / f"{number}.zip").write_bytes(content)
        refused(tmp_path / f"{number}.zip", "not a complete zip archive|damaged")
    for at in range(0, len(intact), 7):
        spoilt = bytearray(intact)
        spoilt[at] ^= 0xFF
        (tmp_path / "spoilt.zip").write_bytes(spoilt)
        target = tmp_path / f"target-{at}"
        target.mkdir()
        try:
            unpack(tmp_path / "spoilt.zip", target, LIMIT, everything)
        except DataError:
            continue


def test_a_long_list_of_entries_is_not_read(tmp_path, monkeypatch):
    path = made(tmp_path / "a.zip", {f"{number}": b"" for number in range(30)})
    check_archive(path)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 29)
    with pytest.raises(DataError, match="30 entries"):
        entry_names(path)
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 1_000)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(DataError, match="lists its entries in 1,"):
        entry_names(path)


def test_the_list_of_a_large_archive_is_not_read_either(tmp_path):
    """In the form for large archives the length is in another record."""
    path = made(tmp_path / "a.zip", {"one": b"1"})
    content = path.read_bytes()
    end = content.index(archives.END)
    large = archives.END_64 + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, 1, 1, 10**9, 0)
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, end, 1)
    path.write_bytes(content[:end] + large + locator + content[end:])
    with pytest.raises(DataError, match="lists its entries in 1,000,000,000 bytes"):
        entry_names(path)
