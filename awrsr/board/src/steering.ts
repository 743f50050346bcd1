/** Effect of keys and clicks on the cell under the pointer and on the locked cell. */

import type { Cell, Position } from "./view";

const STEPS = new Map([
  ["ArrowUp", [-1, 0]],
  ["ArrowDown", [1, 0]],
  ["ArrowLeft", [0, -1]],
  ["ArrowRight", [0, 1]],
  ["PageUp", [-5, 0]],
  ["PageDown", [5, 0]],
]);

export interface Steered {
  act: "point" | "lock";
  cell: Cell;
}

/** The effect of a key at a cell of a map of n places; null if it has none. */
export function steered(pressed: string, from: Position, n: number): Steered | null {
  const { query } = from;
  const key = from.key ?? query;
  const point = (cell: Position): Steered => ({ act: "point", cell });
  switch (pressed) {
    case "Enter":
    case " ":
      return { act: "lock", cell: { query, key } };
    case "r":
    case "R":
      return { act: "lock", cell: { query, key: null } };
    case "Home":
      return point({ query, key: 0 });
    case "End":
      return point({ query, key: query });
  }
  const step = STEPS.get(pressed);
  if (!step) return null;
  const row = Math.max(0, Math.min(n - 1, query + step[0]));
  return point({ query: row, key: Math.max(0, Math.min(row, key + step[1])) });
}

export const sameCell = (a: Position | null, b: Position | null): boolean =>
  a === b || (a !== null && b !== null && a.query === b.query && a.key === b.key);

/**
 * The locked cell after a click on a cell.
 *
 * @param asked whether the cell was locked on the maps now on view, or by the address; on other
 *   maps a click locks it again.
 */
export const afterClick = (cell: Cell, locked: Position | null, asked: boolean): Cell | null =>
  sameCell(cell, locked) && asked ? null : cell;
