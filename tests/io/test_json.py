"""JSON files are read back unchanged, or refused in one sentence."""

from pathlib import Path

import pytest

from awrsr.errors import DataError
from awrsr.io.files import MAX_JSON, read_json, write_json


def test_json_is_read_back_unchanged(tmp_path: Path):
    value = {"text": "Amélie <b>", "number": 0.1, "nothing": None, "list": [1, 2]}
    write_json(tmp_path / "file.json", value)
    assert read_json(tmp_path / "file.json") == value


def test_json_without_nan(tmp_path: Path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "file.json", {"metric": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content, message",
    [
        pytest.param(None, "does not exist", id="missing"),
        pytest.param(b"", "is not readable JSON", id="empty"),
        pytest.param(b'{"a": 1', "is not readable JSON", id="truncated"),
        pytest.param(b"\xff\xfe", "is not readable JSON", id="not-text"),
        pytest.param(b"[" * 100_000, "is not readable JSON", id="too-deep"),
        pytest.param(
            b" " * MAX_JSON + b"{}", "has 4,000,002 bytes; accepted: at most 4,000,000", id="large"
        ),
        pytest.param(b"[1, 2]", "holds a JSON list, expected an object", id="list"),
    ],
)
def test_json_that_is_refused(tmp_path: Path, content: bytes | None, message: str):
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=f"file.json {message}"):
        read_json(path)
