"""Downloads from a server on this machine: files, checksums, terms, failures."""

import gc
import hashlib
import re
import shutil
import threading
import warnings
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from raw_files import sequences
from reader_sources import EXPECTED, SOURCES

from awrsr.cli.main import main
from awrsr.data import downloads
from awrsr.data.downloads import DOWNLOADS, Download, File, fetch
from awrsr.data.prepare import prepare
from awrsr.errors import DataError

TERMS = "for research only"


class Quiet(SimpleHTTPRequestHandler):
    asked: list[str] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/broken.zip":  # declares more bytes than it sends
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"PK")
        else:
            super().do_GET()


@pytest.fixture(autouse=True)
def connections_are_closed() -> Iterator[None]:
    """pooch leaves the connection of an interrupted download to the garbage collector."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the folder `served`."""
    served = tmp_path / "served"
    served.mkdir()
    Quiet.asked = []
    handler = partial(Quiet, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def archive(tmp_path: Path, server: str) -> File:
    """MovieLens 100K as an archive on the server."""
    folder = tmp_path / "ml-100k"
    folder.mkdir()
    SOURCES["movielens_100k"](folder)
    (folder / "mku.sh").write_text("echo")
    path = shutil.make_archive(str(tmp_path / "served" / "small"), "zip", tmp_path, "ml-100k")
    digest = hashlib.md5(Path(path).read_bytes()).hexdigest()
    return File(f"{server}/small.zip", f"md5:{digest}", ("u.data", "u.item"))


def test_downloaded_files_can_be_prepared(tmp_path: Path, archive: File):
    source = fetch(Download((archive,), TERMS), tmp_path / "raw" / "small")
    assert sorted(path.name for path in source.iterdir()) == ["small.zip", "u.data", "u.item"]
    assert sequences(prepare(source, name="made", k_core=1)) == EXPECTED
    fetch(Download((archive,), TERMS), tmp_path / "raw" / "small")
    assert Quiet.asked == ["/small.zip"]  # a complete file is kept


def test_files_without_a_checksum_are_kept_too(tmp_path: Path, server: str):
    SOURCES["amazon_reviews"](tmp_path / "served")
    names = ("reviews_Made_5.json.gz", "meta_Made.json.gz")
    files = tuple(File(f"{server}/{name}") for name in names)
    source = fetch(Download(files, TERMS, names[0]), tmp_path / "raw")
    assert source == tmp_path / "raw" / names[0]
    assert sequences(prepare(source, name="made", k_core=1)) == EXPECTED


def test_another_checksum_is_refused_and_nothing_is_kept(tmp_path: Path, archive: File):
    wrong = File(archive.url, "md5:" + 32 * "0", archive.members)
    with pytest.raises(DataError, match="small.zip has another checksum than md5:0000.*nothing w"):
        fetch(Download((wrong,), TERMS), tmp_path / "raw")
    assert list((tmp_path / "raw").iterdir()) == []


@pytest.mark.parametrize(
    "name, message",
    [
        ("none.zip", "the server answers 404 .*none.zip; a file downloaded in another way is acc"),
        ("broken.zip", "could not download .*broken.zip: no connection to 127.0.0.1.*or it broke"),
    ],
)
def test_files_that_the_server_lacks(tmp_path: Path, server: str, name: str, message: str):
    with pytest.raises(DataError, match=message) as caught:
        fetch(Download((File(f"{server}/{name}"),), TERMS), tmp_path / "raw")
    assert len(str(caught.value).splitlines()) == 1
    assert list((tmp_path / "raw").iterdir()) == []


def test_without_a_network_the_host_is_named(tmp_path: Path):
    file = File("http://127.0.0.1:9/small.zip")
    with pytest.raises(DataError, match="no connection to 127.0.0.1:9, or it broke; check the net"):
        fetch(Download((file,), TERMS), tmp_path / "raw")


def test_archives_that_are_refused(tmp_path: Path, server: str):
    served = tmp_path / "served"
    (served / "text.zip").write_text("no archive")
    with zipfile.ZipFile(served / "odd.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x/u.data", b"0" * 1_000_000)

    def refusal(name: str, member: str) -> str:
        with pytest.raises(DataError) as caught:
            fetch(Download((File(f"{server}/{name}", None, (member,)),), TERMS), tmp_path / "raw")
        return str(caught.value)

    assert "text.zip is not a readable zip archive" in refusal("text.zip", "u.data")
    assert "odd.zip lacks u.item; it has u.data" in refusal("odd.zip", "u.item")
    assert "u.data has 1,000,000 bytes; accepted: at most" in refusal("odd.zip", "u.data")
    assert not (tmp_path / "raw" / "u.data").exists()


def test_the_verb_shows_the_terms_before_anything_else(
    tmp_path: Path, archive: File, monkeypatch: pytest.MonkeyPatch, capsys
):
    unknown = File(archive.url, None, archive.members)
    monkeypatch.setitem(DOWNLOADS, "small", Download((unknown,), TERMS))
    asked = ["download", "small", "--output", str(tmp_path / "raw")]
    assert main(asked) == 2
    said = capsys.readouterr()
    assert said.out == f"terms of use       {TERMS}\n"
    assert "nothing was downloaded: give --accept_terms if you accept the terms of" in said.err
    assert Quiet.asked == [] and not (tmp_path / "raw").exists()
    assert main([*asked, "--accept_terms"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == (
        f"file               {archive.url}, checksum not known, so the file is not checked"
    )
    assert lines[-1] == f"next               python -m awrsr prepare {tmp_path / 'raw'} data/small"
    assert main(["download", "smal"]) == 2
    assert "unknown public dataset 'smal'; accepted: ml-100k, ml-1m," in capsys.readouterr().err


@pytest.mark.few(4)
@pytest.mark.parametrize("name", DOWNLOADS)
def test_entries(name: str):
    found = DOWNLOADS[name]
    assert re.fullmatch(r"[a-z0-9-]+", name) and "http" in found.terms
    for file in found.files:
        assert re.fullmatch(r"https?://\S+/\S+\.(zip|gz)", file.url)
        assert file.checksum is None or re.fullmatch(r"md5:[0-9a-f]{32}", file.checksum)
        assert bool(file.members) == file.name.endswith(".zip")
    assert found.source in ("", *(file.name for file in found.files))
    assert downloads.find_download(name) is found
