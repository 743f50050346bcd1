"""Waiting time on the page and load of the server; asserts no speed.

    OMP_NUM_THREADS=1 pytest tests/benchmarks/test_browser_speed.py -o addopts= -s

It prints bytes sent, the time from choosing a user to the drawn board, the time to switch maps in
the browser, frame times while pointing, answers to eight people at once, and the server's memory
over 500 histories. Server, browser and this program share the machine.
"""

import statistics
import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "app"))
from browsing import cell_position, large_map, signature, with_board  # noqa: E402
from helpers import EMBEDDED  # noqa: E402

import awrsr  # noqa: E402

pytestmark = pytest.mark.benchmark
DATASET = awrsr.load_dataset(EMBEDDED)
LONG_USERS = [DATASET.user_ids[i] for i in (DATASET.lengths() > 51).nonzero()[0][:12]]
HISTORIES = 500
WATCH = """() => {
    const find = root => [...root.querySelectorAll('*')].flatMap(e =>
        [...(e.matches('.ab') ? [e] : []), ...(e.shadowRoot ? find(e.shadowRoot) : [])]);
    window.asked = 0; window.drawn = 0;
    const ask = () => { window.asked = performance.now(); window.drawn = 0; };
    document.addEventListener('keydown', event => event.key === 'Enter' && ask(), true);
    document.addEventListener('pointerdown', ask, true);
    new MutationObserver(() => { window.drawn ||= performance.now(); })
        .observe(find(document)[0], {attributes: true, attributeFilter: ['data-signature']});
}"""
IDLE = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
FRAMES = """() => { window.frames_ = []; let before = performance.now();
    const step = now => { window.frames_.push(now - before); before = now;
        if (window.frames_.length < 400) requestAnimationFrame(step); };
    requestAnimationFrame(step); }"""

SWITCH = """async (board, steps) => {
    const after = new MessageChannel();
    const frame = work => new Promise(done => requestAnimationFrame(() => {
        const start = performance.now();
        work();
        after.port1.onmessage = () => done(performance.now() - start);
        after.port2.postMessage(0);
    }));
    const took = [];
    for (const [selector, value] of steps) {
        await new Promise(done => setTimeout(done, 250));
        const node = board.querySelector(selector);
        const chosen = await frame(() => {
            if (value === null) return node.click();
            node.value = value;
            node.dispatchEvent(new Event('change'));
        });
        took.push([chosen, await frame(() => {})]);
    }
    return took;
}"""
"""Of each choice: milliseconds until the browser's main thread has done the frame of the maps, and
those of the next frame, which draws what may come later.

A choice is made at a frame's start; a message posted then is read when the frame's script, style,
layout and paint are done.
"""
SWITCHES = {
    "layer": [[f".ab-thumb[aria-label*=', layer {layer}, head 1,']", None] for layer in (1, 2)],
    "colours": [["select[aria-label='Colours']", name] for name in ("linear", "even")],
    "view": [["select[aria-label='View']", name] for name in ("difference", "maps")],
}


def shown(text: str) -> None:
    print(f"\n{text}", end="")


def watched(page):
    page.evaluate(WATCH)
    return page


def seconds_to_draw(page) -> float:
    """Seconds from a key or button to the drawing of the new data, by the browser's clock."""
    page.wait_for_function("window.drawn > 0", timeout=60_000)
    return page.evaluate("(window.drawn - window.asked) / 1000")


def choose_user(page, user: str) -> None:
    page.get_by_role("textbox", name="User").fill(user)
    page.keyboard.press("Enter")


def counted_bytes(page) -> list[int]:
    received: list[int] = []
    page.on(
        "websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(len(frame)))
    )
    return received


@pytest.mark.parametrize(
    "choices, users",
    [
        ({"user": LONG_USERS[0]}, LONG_USERS[1:]),
        ({"dataset": "two-hundred", "user": "long1"}, ["long2", "long3", "long1", "long2"]),
    ],
    ids=["50 items", "200 items"],
)
def test_choosing_a_user(visit, request, choices, users):
    items = request.node.callspec.id
    page = visit()
    received = counted_bytes(page)
    page.goto(page.url.split("?")[0] + "?" + "&".join(f"{k}={v}" for k, v in choices.items()))
    watched(with_board(page))
    shown(f"{items}: {sum(received) / 1e3:.0f} kB sent to the browser for the first picture")
    took, sizes = [], []
    for user in users:
        received.clear()
        choose_user(page, user)
        took.append(seconds_to_draw(page))
        with_board(page)
        sizes.append(sum(received))
    shown(
        f"{items}: from choosing a user to the board drawn {statistics.median(took) * 1e3:.0f} ms "
        f"(median of {len(took)}; from {min(took) * 1e3:.0f} to {max(took) * 1e3:.0f}), "
        f"{statistics.median(sizes) / 1e3:.0f} kB sent"
    )
    took = []
    board = page.locator(".ab")
    for name, steps in SWITCHES.items():
        times = [time for _ in range(10) for time in board.evaluate(SWITCH, steps)]
        maps, rest = zip(*times, strict=True)
        took.append(
            f"{name} {statistics.median(maps):.1f} ms (longest {max(maps):.1f}), "
            f"the rest {statistics.median(rest):.1f} ms"
        )
    shown(f"{items}: main thread's time for the frame of a choice, median of 20: {'; '.join(took)}")
    m = 50 if "50" in items else 200
    page.evaluate(FRAMES)
    for step in range(120):
        query = m - 1 - step % (m // 2)
        at = cell_position(page, m, query, step * 7 % query)
        large_map(page, 0).hover(position=at)
    page.wait_for_function("window.frames_.length >= 400", timeout=60_000)
    frames = sorted(page.evaluate("window.frames_"))
    shown(
        f"{items}: frames while pointing at the maps: median {statistics.median(frames):.1f} ms, "
        f"95 % below {frames[int(len(frames) * 0.95)]:.1f} ms, longest {frames[-1]:.1f} ms"
    )


def test_eight_people_at_once(visit):
    pages = [watched(with_board(visit(user=user))) for user in LONG_USERS[:8]]
    took, seen = [], set()
    for turn in range(4):
        for number, page in enumerate(pages):
            choose_user(page, LONG_USERS[(number + turn + 1) % 12])
        for page in pages:
            took.append(seconds_to_draw(page))
        seen = {signature(page) for page in pages}
        for page in pages:
            with_board(page)
    assert len(seen) == 8  # each sees another board
    shown(
        f"eight people at once: median answer {statistics.median(took) * 1e3:.0f} ms, "
        f"longest {max(took) * 1e3:.0f} ms of {len(took)} answers"
    )


def test_memory_over_many_histories(visit, server):
    page = watched(with_board(visit(user=DATASET.user_ids[0])))
    sizes, took, start = [resident(server.process)], [], time.perf_counter()
    for number in range(1, HISTORIES + 1):
        page.locator(".st-key-next_user button").first.click()
        took.append(seconds_to_draw(page))
        page.wait_for_function(IDLE)  # until the rest of the page has arrived
        if number % 100 == 0:
            sizes.append(resident(server.process))
    shown(
        f"{HISTORIES} histories in {time.perf_counter() - start:.0f} s, median answer "
        f"{statistics.median(took) * 1e3:.0f} ms; the server's memory after each hundred: "
        + ", ".join(f"{size:.0f}" for size in sizes)
        + " MB"
    )


def resident(process: int) -> float:
    """Resident memory in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1e3
    raise AssertionError("no VmRSS")
