"""A server of the app, and pages in a real Chromium for every test that asks for them.

Every page opened here is checked: no exception, no error in the console, no dialog, and no request
except to its own server.
"""

import dataclasses
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT = 60_000  # ms; a busy machine with two cores
LONG = 200


@dataclasses.dataclass(frozen=True)
class Server:
    """A running app.

    Args:
        url: address of its first page.
        process: process id of the server.
        assets: the folder of its datasets: the embedded one, "titled" and "two-hundred".
    """

    url: str
    process: int
    assets: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """Offers the embedded dataset, one whose titles are markup, and models for 200 items."""
    # Imported here, because this file is read before the folders of the tests are on the path.
    from driving import HOSTILE, MAIN, add_dataset, add_model, titled
    from helpers import EMBEDDED, make_dataset

    folder = tmp_path_factory.mktemp("assets")
    (folder / EMBEDDED.name).symlink_to(EMBEDDED)
    add_dataset(folder, titled(HOSTILE), "sasrec-none", "sasrec-additive")
    long = make_dataset(n_items=LONG + 50)
    items = long.items.assign(title=[f"Film {number}" for number in long.items["item"]])
    walks = [(start + 7 * np.arange(LONG + 1)) % (LONG + 50) + 1 for start in (3, 5, 8)]
    long = dataclasses.replace(
        long,
        name="two-hundred",
        items=items,
        user_ids=[*long.user_ids, "long1", "long2", "long3"],
        offsets=np.append(long.offsets, long.offsets[-1] + (LONG + 1) * np.arange(1, 4)),
        flat_items=np.concatenate([long.flat_items, *walks]).astype(np.int32),
        flat_timestamps=None,
    )
    directory = add_dataset(folder, long)
    for name in ("sasrec-none", "sasrec-value_weighted"):
        add_model(directory, long, name, max_length=LONG)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
    log = tmp_path_factory.mktemp("elsewhere") / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(MAIN), "--server.port", str(port)],
            cwd=log.parent,
            env=environment | {"AWRSR_ASSETS": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, server, log)
        yield Server(url, server.pid, folder)
    finally:
        server.terminate()
        server.wait(30)
    assert "Traceback" not in log.read_text()


def wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no answer from {url}: {log.read_text()}")


@pytest.fixture(scope="session")
def chromium():
    """A browser window for pages; the test is skipped without a browser."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}; install one or name it in the variable CHROMIUM")
    sync_api.expect.set_options(timeout=TIMEOUT)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_context(accept_downloads=True)
        browser.close()


@pytest.fixture
def visit(chromium, server) -> Iterator[Callable]:
    """Opens a page in a new session, with these choices or at a full address."""
    problems: list[str] = []
    pages = []

    def watch(request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "file") and parts.hostname != "127.0.0.1":
            problems.append(f"request to {request.url}")

    def open_page(
        address: str | None = None, *, width: int = 1440, dark: bool = False, **url: object
    ):
        page = chromium.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(TIMEOUT)
        page.on("request", watch)
        page.on("websocket", watch)
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        page.on("dialog", lambda dialog: (problems.append("dialog"), dialog.dismiss()))
        page.on(
            "console",
            lambda line: line.type == "error" and problems.append(f"console: {line.text}"),
        )
        page.sent = []  # messages of the page to the server from now on
        page.on("websocket", lambda ws: ws.on("framesent", lambda frame: page.sent.append(frame)))
        page.goto(address or f"{server.url}/?{urlencode(url)}", wait_until="domcontentloaded")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        assert page.get_by_test_id("stException").count() == 0
        # No later test must find whether the sidebar was open; a closed page has no storage.
        page.evaluate("try { localStorage.clear() } catch {}")
        page.close()
    assert problems == []


@pytest.fixture
def board(visit):
    """The first page, after its board is drawn."""
    from browsing import with_board

    return with_board(visit())
