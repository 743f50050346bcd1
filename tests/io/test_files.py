"""A file or a directory is written completely or not at all."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from helpers import gone_process

from awrsr.errors import AwrsrError, CheckpointError, DataError
from awrsr.io.files import (
    HOST,
    STAGED,
    finish_replacing,
    make_directory,
    new_directory,
    reading,
    remove_directory,
    replacing_files,
    write_atomically,
    write_text,
)

DISK_FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def raising(failure: BaseException):
    def fail(*arguments: object) -> None:
        raise failure

    return fail


def test_a_file_is_replaced_in_one_step(tmp_path: Path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def write(temporary: Path) -> None:
        temporary.write_text("half of the ")
        assert path.read_text() == "old"
        temporary.write_text("new")

    write_atomically(path, write)
    assert path.read_text() == "new"
    assert listing(tmp_path) == ["file.txt"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("existing", [True, False], ids=["over-old-file", "new-file"])
@pytest.mark.parametrize(
    "failure, seen",
    [
        pytest.param(DISK_FULL, AwrsrError, id="disk-full"),
        pytest.param(ValueError("bug"), ValueError, id="bug"),
        pytest.param(KeyboardInterrupt(), KeyboardInterrupt, id="interrupted"),
    ],
)
def test_a_failing_writer_changes_nothing(tmp_path: Path, failure, seen, existing: bool):
    path = tmp_path / "file.txt"
    if existing:
        path.write_text("old")

    def write(temporary: Path) -> None:
        temporary.write_text("half")
        raise failure

    with pytest.raises(seen) as caught:
        write_atomically(path, write)
    if seen is AwrsrError:
        text = f"could not write {path}: No space left on device; nothing was changed"
        assert str(caught.value) == text
    assert listing(tmp_path) == (["file.txt"] if existing else [])
    assert not existing or path.read_text() == "old"


def test_synced_files_are_open_for_writing(tmp_path: Path, monkeypatch):
    """Windows refuses to sync a file that is open only for reading."""
    fcntl = pytest.importorskip("fcntl")
    modes = []
    monkeypatch.setattr(
        os, "fsync", lambda opened: modes.append(fcntl.fcntl(opened, fcntl.F_GETFL) & os.O_ACCMODE)
    )
    write_text(tmp_path / "file.txt", "text")
    with new_directory(tmp_path / "made") as temporary:
        (temporary / "inner").mkdir()
        (temporary / "inner" / "file.txt").write_text("text")
    assert modes == [os.O_RDWR, os.O_RDWR]


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_half_written_files_of_a_killed_process_are_removed(tmp_path: Path, kind: str):
    gone, alive = f"{HOST}-{gone_process()}", f"{HOST}-{os.getpid()}"
    leftovers = {
        f".made.{gone}.abcd_123": False,  # and whether it still exists afterwards
        f".made.{alive}.abcd_123": True,
        f".made.00000000-{gone_process()}.abcd_123": True,  # of another machine, just written
        f".made.00000000-{gone_process()}.abcd_old": False,
        f".mad.{gone}.abcd_123": True,  # of another file
        f".made.more.{gone}.abcd_123": True,
        ".made.mine": True,
    }
    for name in leftovers:
        if kind == "file":
            (tmp_path / name).touch()
        else:
            (tmp_path / name / "half").mkdir(parents=True)
        if name.endswith("old"):
            os.utime(tmp_path / name, (0, 0))
    if kind == "file":
        write_text(tmp_path / "made", "text")
    else:
        with new_directory(tmp_path / "made"):
            pass
    assert listing(tmp_path) == sorted(
        ["made", *(name for name, stays in leftovers.items() if stays)]
    )


def test_files_are_replaced_together(tmp_path: Path):
    for name in "abc":
        (tmp_path / name).write_text("old")
    with replacing_files(tmp_path) as temporary:
        for name in "ab":
            (temporary / name).write_text("new")
        assert {(tmp_path / name).read_text() for name in "abc"} == {"old"}
    assert listing(tmp_path) == ["a", "b", "c"]
    assert [(tmp_path / name).read_text() for name in "abc"] == ["new", "new", "old"]


@pytest.mark.parametrize("failure", [DISK_FULL, KeyboardInterrupt()], ids=["full", "interrupted"])
def test_files_that_could_not_all_be_written_replace_none(tmp_path: Path, failure):
    (tmp_path / "a").write_text("old")
    with (
        pytest.raises((AwrsrError, KeyboardInterrupt)),
        replacing_files(tmp_path) as temporary,
    ):
        (temporary / "a").write_text("new")
        raise failure
    assert listing(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"


def test_files_that_were_complete_when_their_writer_was_killed_count(tmp_path: Path):
    (tmp_path / "a").write_text("old")
    (tmp_path / STAGED).mkdir()
    for name in "ab":
        (tmp_path / STAGED / name).write_text("new")
    finish_replacing(tmp_path)
    assert listing(tmp_path) == ["a", "b"]
    assert [(tmp_path / name).read_text() for name in "ab"] == ["new", "new"]
    finish_replacing(tmp_path)
    finish_replacing(tmp_path / "nowhere")
    finish_replacing(tmp_path / "a")


def test_a_directory_is_removed_in_one_step(tmp_path: Path, monkeypatch):
    (tmp_path / "made" / "inner").mkdir(parents=True)
    (tmp_path / f".made.{HOST}-{gone_process()}.abcd_123").mkdir()
    monkeypatch.setattr(shutil, "rmtree", watching(shutil.rmtree, tmp_path / "made"))
    remove_directory(tmp_path / "made")
    remove_directory(tmp_path / "made")
    assert listing(tmp_path) == []


def watching(remove, path: Path):
    def watched(*arguments: object, **settings: object) -> None:
        if Path(str(arguments[0])).name.startswith(f".made.{HOST}-{os.getpid()}"):
            assert not path.exists()
        remove(*arguments, **settings)

    return watched


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_full_in_the_last_steps_changes_nothing(tmp_path: Path, monkeypatch, step: str):
    write_text(tmp_path / "file.txt", "old")
    owner = {"fsync": os, "replace": Path}[step]
    monkeypatch.setattr(owner, step, raising(DISK_FULL))
    with pytest.raises(AwrsrError, match="No space left on device"):
        write_text(tmp_path / "file.txt", "new")
    assert listing(tmp_path) == ["file.txt"]
    assert (tmp_path / "file.txt").read_text() == "old"


def test_a_file_in_no_directory_is_refused(tmp_path: Path):
    with pytest.raises(AwrsrError, match="could not write .*file.txt: No such file or directory"):
        write_text(tmp_path / "missing" / "file.txt", "text")
    assert listing(tmp_path) == []


@pytest.mark.parametrize("existing", [True, False], ids=["empty-directory", "no-directory"])
def test_a_directory_appears_when_it_is_complete(tmp_path: Path, existing: bool):
    path = tmp_path / "a" / "b"
    if existing:
        path.mkdir(parents=True)
    with new_directory(path) as temporary:
        (temporary / "file.txt").write_text("text")
        assert not path.exists() or listing(path) == []
    assert listing(path) == ["file.txt"]
    assert listing(tmp_path / "a") == ["b"]
    assert path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "failure, seen, message",
    [
        pytest.param(DISK_FULL, AwrsrError, "could not write .*: No space left", id="disk-full"),
        pytest.param(DataError("no"), DataError, "no", id="refused"),
        pytest.param(KeyboardInterrupt(), KeyboardInterrupt, None, id="interrupted"),
    ],
)
def test_a_failing_block_leaves_no_directory(tmp_path: Path, failure, seen, message):
    with pytest.raises(seen, match=message), new_directory(tmp_path / "made") as temporary:
        (temporary / "file.txt").write_text("text")
        raise failure
    assert listing(tmp_path) == []


def test_a_file_that_could_not_be_written_is_named_by_its_final_name(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(os, "fsync", raising(DISK_FULL))
    message = f"could not write {tmp_path / 'made' / 'file.txt'}: No space left on device"
    with pytest.raises(AwrsrError, match=message), new_directory(tmp_path / "made") as temporary:
        write_text(temporary / "file.txt", "text")


def test_an_existing_directory_is_kept(tmp_path: Path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("mine")
    message = "made already exists and is not empty; choose another directory or remove it"
    with pytest.raises(DataError, match=message), new_directory(tmp_path / "made"):
        pytest.fail("the block must not run")
    assert listing(tmp_path / "made") == ["mine.txt"]


@pytest.mark.parametrize("below", [False, True], ids=["file-itself", "below-a-file"])
def test_a_file_in_the_way_is_kept(tmp_path: Path, below: bool):
    (tmp_path / "file").write_text("mine")
    path = tmp_path / "file" / "made" if below else tmp_path / "file"
    message = "could not create" if below else "already exists"
    with pytest.raises(AwrsrError, match=message), new_directory(path):
        pytest.fail("the block must not run")
    with pytest.raises(AwrsrError, match="could not create .*: (File exists|Not a directory)"):
        make_directory(path)
    assert listing(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_refusal_of_the_system_names_the_file(tmp_path: Path):
    with (
        pytest.raises(CheckpointError, match="could not read .*x{300}.*: File name too long"),
        reading(tmp_path, CheckpointError),
    ):
        (tmp_path / ("x" * 300)).is_file()
