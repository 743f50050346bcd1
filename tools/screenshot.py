"""Make the picture of the inspector that README.md shows: assets/inspector.png.

python tools/screenshot.py             # needs requirements-dev.txt and a Chromium
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    """Open the app on its defaults, point at a cell of the second model, and take the picture."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", ROOT / "app/main.py", f"--server.port={port}"]
    )
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            for _ in range(100):
                try:
                    page.goto(f"http://127.0.0.1:{port}/?dataset=planted")
                    break
                except Exception:
                    page.wait_for_timeout(200)
            page.get_by_role("tab").first.wait_for(timeout=120_000)  # the last part of the page
            page.wait_for_timeout(2_000)
            page.screenshot(path=ROOT / "assets" / "inspector.png")
            browser.close()
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
