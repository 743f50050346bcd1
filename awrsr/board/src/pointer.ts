/** Pointing, clicking and keys in all drawings of cells. */

import type { Board } from "./board";
import { indexIn } from "./axis";
import { lastPlace } from "./data";
import { cellAt, rowAt } from "./layout";
import type { AnyDrawn, DrawnMap } from "./marks";
import { afterClick, steered } from "./steering";
import { panelOf } from "./view";
import type { Cell, Position } from "./view";

function cellUnder(board: Board, drawn: AnyDrawn, event: MouseEvent): Cell | null {
  const { data } = board;
  const canvas = drawn.canvas.getBoundingClientRect();
  const x = event.clientX - canvas.left;
  const y = event.clientY - canvas.top;
  if (drawn.type === "evidence") {
    const row = rowAt(drawn, drawn.order.length, y);
    if (row === null) return null;
    const block = drawn.blocks.find((one) => x <= one.x + one.width) ?? drawn.blocks[0];
    const { layer, head } = panelOf(board.state.view, block.source);
    const query = lastPlace(data.sources[block.source]);
    return { query, key: drawn.order[row], layer, head };
  }
  const { places } = drawn.axis;
  const found = cellAt(drawn, places.length, x, y);
  if (!found) return null;
  const { layer, head } = drawn.spec;
  // In a small map, a row is hard to distinguish from its newest key.
  const key = drawn.type === "small" ? (found.key ?? found.query) : found.key;
  return { query: places[found.query], key: key === null ? null : places[key], layer, head };
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

/** The row and column of a map from which keys move; the newest ones if it lacks the items. */
function startOf(board: Board, { axis, spec }: DrawnMap): Position {
  const source = board.data.sources[spec.source];
  const last = axis.places.length - 1;
  const from = board.state.hover ?? board.state.view.lock;
  const query = from ? indexIn(axis, source, from.query) : -1;
  const key = from?.key == null ? query : indexIn(axis, source, from.key);
  return query < 0 || key < 0 || key > query ? { query: last, key: last } : { query, key };
}

/** Keys move from the cell under the pointer, the locked cell or the last cell. */
export function steering(board: Board, node: HTMLElement, drawn: DrawnMap): void {
  const { reading, state } = board;
  node.addEventListener("keydown", (event) => {
    const { axis } = drawn;
    const n = axis.places.length;
    const found = steered(event.key, startOf(board, drawn), n);
    if (!found) return;
    event.preventDefault();
    const { layer, head } = drawn.spec;
    const { query, key } = found.cell;
    const places = { query: axis.places[query], key: key === null ? null : axis.places[key] };
    const cell = { ...places, layer, head };
    if (found.act === "lock") {
      board.lock(cell);
      reading.hideTip();
      return;
    }
    board.point(cell);
    state.steered = true;
    reading.draw();
    const at = drawn.canvas.getBoundingClientRect();
    const clientX = at.left + drawn.x + ((key ?? query) + 0.5) * drawn.cell;
    const clientY = at.top + drawn.y + (query + 0.5) * drawn.line;
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
