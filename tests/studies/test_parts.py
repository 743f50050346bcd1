"""Parts: each is computed only once, by one process."""

import pandas as pd
import pytest

from awrsr.errors import DataError
from awrsr.studies import parts
from awrsr.studies.parts import parts_done, read_parts, write_parts


def table_of(part: int) -> dict[str, pd.DataFrame]:
    return {"t.parquet": pd.DataFrame({"part": [part], "square": [part**2]})}


@pytest.fixture
def computed() -> list[int]:
    return []


@pytest.fixture
def compute(computed):
    def compute_one(part: int) -> dict[str, pd.DataFrame]:
        computed.append(part)
        return table_of(part)

    return compute_one


def test_all_parts_exist_in_their_order(tmp_path, compute, computed):
    reports = {}
    assert write_parts(tmp_path / "parts", 12, compute, reports.__setitem__)
    assert all(reports.values())
    assert computed == list(reports) == list(range(12)) and parts_done(tmp_path / "parts") == 12
    table = pd.concat([table_of(part)["t.parquet"] for part in range(12)], ignore_index=True)
    pd.testing.assert_frame_equal(read_parts(tmp_path / "parts", 12, "t.parquet"), table)


def test_existing_parts_are_reported_and_not_computed_again(tmp_path, compute, computed):
    def killed(part: int, new: bool) -> None:
        if part == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_parts(tmp_path, 5, compute, killed)
    reports = {}
    write_parts(tmp_path, 5, compute, reports.__setitem__)
    assert (computed, list(reports)) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    assert list(reports.values()) == [False, False, False, True, True]


def test_a_part_that_fails_leaves_nothing(tmp_path):
    def fail(part: int) -> dict[str, pd.DataFrame]:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_parts(tmp_path / "parts", 1, fail)
    assert list((tmp_path / "parts").iterdir()) == []
    with pytest.raises(DataError, match="does not exist"):
        read_parts(tmp_path / "parts", 1, "t.parquet")


def test_processes_share_the_parts_and_wait(tmp_path, compute, computed, monkeypatch):
    """Started like torchrun does, but in sequence; test_scan_files.py starts two."""
    waited, first = [], []
    monkeypatch.setattr(parts, "wait_for_all", lambda: waited.append(sorted(computed)))
    for process in (2, 1, 0):
        monkeypatch.setattr(parts, "this_process", lambda process=process: (process, 3))
        first.append(write_parts(tmp_path, 7, compute))
    assert first == [False, False, True]
    assert waited == [[2, 5], [1, 2, 4, 5], [0, 1, 2, 3, 4, 5, 6]]
    assert read_parts(tmp_path, 7, "t.parquet")["part"].tolist() == list(range(7))
