"""The board of the first page, and reading boards in a browser."""

import io

import numpy as np
import pytest
from browsing import (
    cell_position,
    large_map,
    read_out,
)
from helpers import EMBEDDED
from PIL import Image

import awrsr
from awrsr.explain import rollout
from awrsr.studies import read_examples

DATASET = awrsr.load_dataset(EMBEDDED)
OPENED = read_examples(EMBEDDED / "scan", DATASET).examples[0].user_id
HISTORY = DATASET.sequence(DATASET.user_index(OPENED))[:-1].tolist()
M = len(HISTORY)
TRACES = {
    side: awrsr.trace(awrsr.load_model(EMBEDDED / "models" / name), HISTORY)
    for side, name in (("A", "sasrec-none"), ("B", "sasrec-additive"))
}
KINDS = {"first": "first_order", "second": "second_order", "refined": "refined"}
CELLS = [(0, 0), (M - 1, 0), (M - 1, M - 1), (M // 2, M // 3)]
SVG = "{http://www.w3.org/2000/svg}"
VIRIDIS = "440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"  # ten equal steps
MARKED = """boxes => boxes.map(box => {
    const over = box.closest('.ab-thumbs, .ab-box').querySelector('canvas.ab-over');
    const sheet = over.getBoundingClientRect(), at = box.getBoundingClientRect();
    const scale = over.width / sheet.width, c = over.getContext('2d');
    const place = [at.x - sheet.x, at.y - sheet.y, at.width, at.height].map(x => x * scale);
    return c.getImageData(...place).data.some((value, i) => i % 4 === 3 && value > 0);
})"""
"""For every map, whether anything is outlined in it."""
FILL = "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }"
"""Move a slider, visible or not."""


def expected(layer: int, head: int | str, contribution: bool = False):
    """Maps by (model, kind), as the library computes them."""
    found = {}
    for side, trace in TRACES.items():
        for kind, field in KINDS.items():
            maps = trace.maps(field)
            if maps[0] is None or (side == "A" and kind == "refined"):
                continue
            weights = maps[layer]
            if contribution:
                weights = weights * trace.layers[layer].transformed_value_norm[:, None, :]
            of_head = {
                "mean": lambda w: w.mean(0),
                "max": lambda w: w.amax(0),
                "rollout": lambda w, m=maps: rollout(m)[layer],
            }
            found[side, kind] = of_head[head](weights) if head in of_head else weights[head]
    return found


def check_cells(page, wanted, m: int = M, cells=CELLS, tolerance: float = 5.1e-5) -> None:
    """The numbers next to the pointer equal those of the library in all printed digits."""
    for query, key in cells:
        large_map(page, 0).hover(position=cell_position(page, m, query, key))
        shown = read_out(page)
        assert shown.keys() == wanted.keys()
        for name, text in shown.items():
            value = float(text.split(" \u00b7 ")[-1])  # weight, then contribution
            assert value == pytest.approx(float(wanted[name][query, key]), abs=tolerance), name


def picture(page, place: int) -> np.ndarray:
    """A large map as on the screen: (height, width, 3), one page pixel per entry."""
    drawn = Image.open(io.BytesIO(large_map(page, place).screenshot()))
    return np.asarray(drawn.convert("RGB"))


def ramp() -> np.ndarray:
    """The colours from weight 0 to 1, (256, 3)."""
    stops = np.array([[int(h[i : i + 2], 16) for i in (0, 2, 4)] for h in VIRIDIS.split()])
    steps = np.linspace(0, 9, 256)
    return np.stack([np.interp(steps, range(10), stops[:, c]) for c in range(3)], axis=1)
