"""The directories of a folder that are listed, and the sentences about the others."""

import os
from pathlib import Path

from awrsr.io import listing
from awrsr.io.listing import passed_over, visible_directories


def test_directories_that_are_being_written_are_not_seen(tmp_path: Path):
    for name in ("b", "a", ".a.x1y2z3w4", "empty"):
        (tmp_path / name).mkdir()
        if name != "empty":
            (tmp_path / name / "config.json").touch()
    (tmp_path / "config.json").touch()
    assert [path.name for path in visible_directories(tmp_path)] == ["a", "b", "empty"]
    assert [path.name for path in visible_directories(tmp_path, "config.json")] == ["a", "b"]
    assert visible_directories(tmp_path / "none") == []


def test_names_that_are_not_text_are_skipped_and_reported(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert passed_over(tmp_path) == passed_over(tmp_path / "none") == ""
    odd = [os.fsencode(tmp_path) + b"/x\xff%d" % number for number in range(5)]
    os.mkdir(odd[0])
    Path(os.fsdecode(odd[1])).touch()  # a file is not listed
    assert [path.name for path in visible_directories(tmp_path)] == ["a", "b"]
    assert passed_over(tmp_path) == (
        f"1 folder in {tmp_path} is not shown: a name must be UTF-8 ('x\\udcff0')"
    )
    for path in odd[2:]:
        os.mkdir(path)
    assert passed_over(tmp_path) == (
        f"4 folders in {tmp_path} are not shown: a name must be UTF-8 "
        "('x\\udcff0', 'x\\udcff2', 'x\\udcff3' and more)"
    )
    assert visible_directories(Path(os.fsdecode(odd[0]))) == []
    assert visible_directories(tmp_path / "a\0") == visible_directories(tmp_path / "a" / "x") == []


def test_no_more_entries_of_a_folder_are_read_than_reported(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(listing, "MAX_ENTRIES", 10)
    for number in range(10):
        (tmp_path / f"{number}").mkdir()
    assert len(visible_directories(tmp_path)) == 10 and passed_over(tmp_path) == ""
    (tmp_path / "another").mkdir()
    assert len(visible_directories(tmp_path)) == 10
    assert passed_over(tmp_path) == (
        f"{tmp_path} has more than 10 entries; only the first 10 that the system lists are read"
    )
