/** Pointing, clicking and keys in all drawings of cells. */

import type { Board } from "./board";
import { lastPlace } from "./data";
import { cellAt, rowAt } from "./layout";
import type { AnyDrawn, DrawnMap } from "./marks";
import { afterClick, steered } from "./steering";
import { panelOf } from "./view";
import type { Cell } from "./view";

function cellUnder(board: Board, drawn: AnyDrawn, event: MouseEvent): Cell | null {
  const { data } = board;
  const canvas = drawn.canvas.getBoundingClientRect();
  const x = event.clientX - canvas.left;
  const y = event.clientY - canvas.top;
  if (drawn.type === "evidence") {
    const row = rowAt(drawn, data.n, y);
    if (row === null) return null;
    const block = drawn.blocks.find((one) => x <= one.x + one.width) ?? drawn.blocks[0];
    const { layer, head } = panelOf(board.state.view, block.source);
    const query = lastPlace(data.sources[block.source]);
    return { query, key: drawn.order[row], layer, head };
  }
  const found = cellAt(drawn, data.n, x, y);
  if (!found) return null;
  const { layer, head } = drawn.spec;
  // In a small map, a row is hard to distinguish from its newest key.
  const key = drawn.type === "small" ? (found.key ?? found.query) : found.key;
  return { query: found.query, key, layer, head };
}

/** Outline and describe the cell under the pointer; a click locks it, except in small maps. */
export function pointing(board: Board, node: HTMLElement, drawn: AnyDrawn): void {
  const { reading, state } = board;
  node.addEventListener("pointermove", (event) => {
    if (state.steered) {
      state.steered = false;
      reading.draw();
    }
    const cell = cellUnder(board, drawn, event);
    board.point(cell);
    if (cell) reading.showTip(event, cell);
    else reading.hideTip();
  });
  node.addEventListener("pointerleave", () => {
    board.point(null);
    reading.hideTip();
  });
  if (drawn.type === "small") return;
  node.addEventListener("click", (event) => {
    const cell = cellUnder(board, drawn, event);
    if (!cell) return;
    const asked = state.lockedOn === null || state.lockedOn === board.mapsOnView();
    board.lock(afterClick(cell, state.view.lock, asked));
  });
}

/** Keys move from the cell under the pointer, the locked cell or the last cell. */
export function steering(board: Board, node: HTMLElement, drawn: DrawnMap): void {
  const { reading, state } = board;
  node.addEventListener("keydown", (event) => {
    const { n } = board.data;
    const from = state.hover ?? state.view.lock ?? { query: n - 1, key: n - 1 };
    const found = steered(event.key, from, n);
    if (!found) return;
    event.preventDefault();
    const { layer, head } = drawn.spec;
    const cell = { ...found.cell, layer, head };
    if (found.act === "lock") {
      board.lock(cell);
      reading.hideTip();
      return;
    }
    board.point(cell);
    state.steered = true;
    reading.draw();
    const at = drawn.canvas.getBoundingClientRect();
    const clientX = at.left + drawn.x + ((cell.key ?? cell.query) + 0.5) * drawn.cell;
    const clientY = at.top + drawn.y + (cell.query + 0.5) * drawn.line;
    reading.showTip({ clientX, clientY }, cell);
    reading.say(cell);
  });
  node.addEventListener("blur", () => {
    if (!state.steered) return;
    state.steered = false;
    reading.hideTip();
    board.point(null);
    reading.draw();
  });
}
