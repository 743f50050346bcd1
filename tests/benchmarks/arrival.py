"""How the page arrives: time to the board, layout shift, bytes, beside an empty Streamlit page.

    OMP_NUM_THREADS=1 python tests/benchmarks/arrival.py [TREE ...] [--visits 5] [--shifts]
    OMP_NUM_THREADS=1 python tests/benchmarks/arrival.py [TREE ...] --data DATASET ...

Visits the app of this tree, of other trees (checkouts of the repository), and an empty Streamlit
page in turn, in one headless Chromium; a first visit has an empty browser cache, a second one does
not. The first visit of all, which fills the server's caches, is printed alone. With --data, these
dataset directories are opened beside the embedded dataset. Prints the median seconds from the
request to the drawn board (of the empty page: to its one line of text), the sum of layout shifts
without recent input (web.dev/articles/cls), and what the network carried. Everything shares the
machine.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = "ml-latest-small"
EMPTY = "import streamlit as st\n\nst.text('empty page')\n"
OBSERVE = """
window.shifts = [];
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        window.shifts.push({
            value: entry.value, time: Math.round(entry.startTime),
            moved: entry.sources.map(source => {
                const node = source.node?.nodeType === 1 ? source.node : source.node?.parentElement;
                const name = node && (node.closest('[class*=st-key-]')?.className.match(
                    /st-key-[\\w-]+/)?.[0] ?? node.dataset?.testid ?? node.className);
                return `${name} ${source.previousRect.y}>${source.currentRect.y}`
                    + ` (${source.currentRect.height})`;
            }),
        });
    }
}).observe({type: 'layout-shift', buffered: true});
"""
"""Collects layout shifts from the first paint on."""


class Server(NamedTuple):
    """The address and the process of a server."""

    address: str
    process: int


@contextmanager
def server(script: Path, data: Sequence[Path] = ()) -> Iterator[Server]:
    """A Streamlit server of a script with these datasets, ready."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    options = ["--server.headless=true", f"--server.port={port}", "--server.fileWatcherType=none"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *options, "--", *map(str, data)],
        cwd=script.parent.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health")
                break
            except OSError:
                time.sleep(0.1)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait()


def visit(context: BrowserContext, address: str, drawn: str) -> dict[str, object]:
    """Open a page; measure until `drawn` is visible, and two seconds more for late shifts."""
    page = context.new_page()
    page.add_init_script(OBSERVE)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    start = time.perf_counter()
    page.goto(address)
    page.locator(drawn).first.wait_for(timeout=120_000)
    seconds = time.perf_counter() - start
    page.wait_for_timeout(4_000)
    shifts = page.evaluate("window.shifts")
    size = page.evaluate(
        "performance.getEntriesByType('resource').reduce((sum, e) => sum + e.encodedBodySize, 0)"
    )
    page.close()
    return {"seconds": seconds, "shifts": shifts, "bytes": size, "requests": len(requests)}


def measure(browser: Browser, addresses: dict[str, tuple[str, str]], visits: int) -> dict:
    """All visits by page and kind of visit, pages in turn."""
    found: dict[tuple[str, str], list[dict]] = {}
    for _ in range(visits):
        for name, (address, drawn) in addresses.items():
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            for kind in ("first visit", "second visit"):
                found.setdefault((name, kind), []).append(visit(context, address, drawn))
            context.close()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="*", type=Path, help="other checkouts")
    parser.add_argument("--data", nargs="+", type=Path, default=[], help="dataset directories")
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--shifts", action="store_true", help="list the largest shifts")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "app" / "main.py"
        script.parent.mkdir()
        script.write_text(EMPTY, encoding="utf-8")
        scripts = {"empty page": script, "this tree": ROOT / "app" / "main.py"}
        scripts |= {str(tree): tree.resolve() / "app" / "main.py" for tree in arguments.trees}
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        data = [path.resolve() for path in arguments.data]
        servers = {
            name: server(script, () if name == "empty page" else data)
            for name, script in scripts.items()
        }
        addresses = {}
        for name, running in servers.items():
            address = running.__enter__().address
            if name == "empty page":
                addresses[name] = (address, "text=empty page")
                continue
            for dataset in (EMBEDDED, *(path.name for path in data)):
                addresses[f"{name}, {dataset}"] = (f"{address}/?dataset={dataset}", ".ab")
        try:
            for name, (address, drawn) in addresses.items():
                ((_, visits), *_) = measure(browser, {name: (address, drawn)}, 1).items()
                print(f"{name}, first of all: {visits[0]['seconds']:.2f} s", flush=True)
            found = measure(browser, addresses, arguments.visits)
        finally:
            for running in servers.values():
                running.__exit__(None, None, None)
            browser.close()
    for (name, kind), visits in found.items():
        seconds = [one["seconds"] for one in visits]
        shift = [sum(entry["value"] for entry in one["shifts"]) for one in visits]
        print(
            f"{name}, {kind}: {statistics.median(seconds):.2f} s ({min(seconds):.2f} to "
            f"{max(seconds):.2f}), layout shift {statistics.median(shift):.3f} (to "
            f"{max(shift):.3f}), {visits[0]['bytes'] / 1e6:.1f} MB in {visits[0]['requests']} "
            "requests"
        )
        if arguments.shifts and name != "empty page":
            for entry in sorted(visits[0]["shifts"], key=lambda entry: -entry["value"])[:8]:
                print(
                    f"    {entry['value']:.3f} at {entry['time']} ms: {'; '.join(entry['moved'])}"
                )


if __name__ == "__main__":
    main()
