/** Where everything stands, in pixels, and which cell is under a point. */

import type { Position } from "./view";

/** Cells in a canvas: their left top corner and edge. */
export interface Cells {
  x: number;
  y: number;
  cell: number;
}

/** Of one large map. */
export interface MapLayout extends Cells {
  /** Edge of all cells together. */
  size: number;
  /** Of so many titles one is drawn. */
  every: number;
  width: number;
  height: number;
}

const MAP = { left: 46, above: 6, below: 40, most: 34 };
/** Digits of a slot's number that fit beside a map; each further one takes some room. */
const SLOT_DIGITS = { fit: 3, width: 6 };
/** To the right of a map titles have this share of the room, within limits. */
const TITLES = { share: 0.27, least: 84, most: 150 };
const LINE = 9.5;
/** Cells from this size on have a number in them. */
const NUMBERED = 26;
/** "Size: large" makes cells at least this large. */
const LARGE_CELL = 12;
/** Where there is room, titles have this much more of it. */
const SPARE = 60;

/** The layout of a map of n places in a room, with cells as large as fit or as wanted. */
export function mapLayout(slots: string[], room: number, wanted?: number): MapLayout {
  const n = slots.length;
  const longest = Math.max(...slots.map((slot) => slot.length));
  const left = MAP.left + SLOT_DIGITS.width * Math.max(0, longest - SLOT_DIGITS.fit);
  const right = Math.min(TITLES.most, Math.max(TITLES.least, room * TITLES.share));
  let cell = Math.min(MAP.most, wanted ?? (room - left - right) / n);
  if (cell >= 4) cell = Math.floor(cell * 2) / 2; // sharp edges
  const size = cell * n;
  const every = Math.ceil(LINE / cell);
  const [width, height] = [left + size + right, MAP.above + size + MAP.below];
  return { x: left, y: MAP.above, cell, size, every, width, height };
}

/** The layout of a map on the page. */
export function pageLayout(slots: string[], room: number, large: boolean): MapLayout {
  const fitting = mapLayout(slots, room);
  const enlarged = large && fitting.cell < LARGE_CELL;
  const layout = enlarged ? mapLayout(slots, room, LARGE_CELL) : fitting;
  return { ...layout, width: Math.max(layout.width, Math.min(room, layout.width + SPARE)) };
}

export const isNumbered = ({ cell }: Cells): boolean => cell >= NUMBERED;

const GAP = 20;
const LEAST_MAP = 340;

/** Width of each of so many large maps, side by side where there is room. */
export function roomOf(width: number, maps: number): number {
  const across = Math.max(1, Math.min(maps, Math.floor((width + GAP) / (LEAST_MAP + GAP))));
  return Math.floor((width - GAP * (across - 1)) / across);
}

/** Of the grid of small maps: padding, room for labels, gap. */
export const THUMBS = { pad: 3, label: 76, head: 14, gap: 5 };

/** Edge of a small map where a source has at most so many in a row. */
export function thumbEdge(width: number, sources: number, columns: number): number {
  const across = Math.min(2, sources, Math.max(1, Math.floor(width / 324)));
  const room = Math.max(280, Math.min(width, (width - 24) / across));
  return Math.max(40, Math.min(72, Math.floor((room - 90) / columns) - 8));
}

/** Left top corner of a small map. */
export const thumbPlace = (edge: number, column: number, row: number) => ({
  x: THUMBS.pad + THUMBS.label + THUMBS.gap + column * (edge + THUMBS.gap),
  y: THUMBS.pad + THUMBS.head + THUMBS.gap + row * (edge + THUMBS.gap),
});

export interface StripLayout extends Cells {
  width: number;
  height: number;
}

/** Of the strip of last rows: a bar's height, from one bar to the next, the slant of titles. */
export const STRIP = { bar: 20, pitch: 22, slant: 52 };
const STRIP_SIDES = { linked: 112, apart: 160, right: 76, head: 104 };

/** The layout of the strip; rows that stand for several layers and heads have longer labels. */
export function stripLayout(n: number, width: number, rows: number, linked: boolean): StripLayout {
  const left = linked ? STRIP_SIDES.linked : STRIP_SIDES.apart;
  const cell = Math.max(4, Math.min(46, (width - left - STRIP_SIDES.right) / n));
  return {
    x: left,
    y: STRIP_SIDES.head,
    cell,
    width: left + cell * n + STRIP_SIDES.right,
    height: STRIP_SIDES.head + rows * STRIP.pitch + STRIP.pitch,
  };
}

/** Right of the triangle and a little to its left a whole row is meant. */
const LEFT_OF_ROW = -6;

/** The cell of a map of n places at a point of its canvas. */
export function cellAt({ x, y, cell }: Cells, n: number, px: number, py: number): Position | null {
  const query = Math.floor((py - y) / cell);
  const key = Math.floor((px - x) / cell);
  if (query < 0 || query >= n || key < LEFT_OF_ROW) return null;
  return { query, key: key >= 0 && key <= query ? key : null };
}

/** The row and key of the strip at a point of its canvas; above it, along the slanted titles. */
export function stripCellAt(
  { x, y, cell }: Cells,
  n: number,
  rows: number,
  px: number,
  py: number,
): { row: number; key: number } | null {
  const along = Math.max(0, y - 6 - py) / Math.tan((STRIP.slant * Math.PI) / 180);
  const key = Math.floor((px - along - x) / cell);
  const row = Math.max(0, Math.min(rows - 1, Math.floor((py - y) / STRIP.pitch)));
  return key >= 0 && key < n ? { row, key } : null;
}
