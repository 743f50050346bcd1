/** Positions in pixels, and the cell under a point. */

import type { Position } from "./view";

/** Cells in a canvas: their top left corner, width and height. */
export interface Cells {
  x: number;
  y: number;
  cell: number;
  line: number;
}

/** The layout of one large map. */
export interface MapLayout extends Cells {
  /** Width and height of all cells together. */
  size: number;
  down: number;
  /** Whether its rows continue those of the evidence, which have the titles. */
  aligned: boolean;
  /** One of this many titles is drawn. */
  every: number;
  width: number;
  height: number;
}

const MAP = { left: 46, above: 6, below: 40, most: 34 };
/** Digits of a slot number that fit beside a map, and the width of each further digit. */
const SLOT_DIGITS = { fit: 3, width: 6 };
/** Share of the width for titles to the right of a map, with limits. */
const TITLES = { share: 0.27, least: 84, most: 150 };
const LINE = 9.5;
/** Minimum cell size for numbers in cells. */
const NUMBERED = 26;
/** Minimum cell size with "Size: large". */
const LARGE_CELL = 12;
/** Extra width for titles if there is room. */
const SPARE = 60;

/** The layout of a map of n places in a given width, with the largest cells or the wanted size. */
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
  const square = { cell, line: cell, size, down: size, aligned: false };
  return { x: left, y: MAP.above, ...square, every, width, height };
}

/** The layout of a map on the page. */
export function pageLayout(slots: string[], room: number, large: boolean): MapLayout {
  const fitting = mapLayout(slots, room);
  const enlarged = large && fitting.cell < LARGE_CELL;
  const layout = enlarged ? mapLayout(slots, room, LARGE_CELL) : fitting;
  return { ...layout, width: Math.max(layout.width, Math.min(room, layout.width + SPARE)) };
}

export const isNumbered = ({ cell, line }: Cells): boolean =>
  cell >= NUMBERED && line >= LINES.titled;

const GAP = 20;
const LEAST_MAP = 320;

/** Width of each of several large maps, side by side if there is room. */
export function roomOf(width: number, maps: number): number {
  const across = Math.max(1, Math.min(maps, Math.floor((width + GAP) / (LEAST_MAP + GAP))));
  return Math.floor((width - GAP * (across - 1)) / across);
}

/** Row heights by maximum number of rows; rows of at least `titled` all have titles. */
const LINES = {
  steps: [
    [24, 18],
    [36, 14],
    [60, 11],
  ],
  most: 660,
  least: 2,
  titled: 11,
} as const;

/** The height of one of n rows. */
export function lineOf(n: number): number {
  const step = LINES.steps.find(([rows]) => n <= rows);
  return step ? step[1] : Math.max(LINES.least, Math.floor((LINES.most / n) * 2) / 2);
}

/** The parts of a row for one source: cells of attention, and bars. */
export interface Block {
  kinds: number;
  bars: number;
  /** The number of bars with words beside them. */
  worded: number;
}

/** The position of a source's columns. */
export interface PlacedBlock extends Block {
  x: number;
  width: number;
}

/** Rows of items, each with its evidence. */
export interface EvidenceLayout extends Cells {
  /** Width of a title, and its start. */
  titles: number;
  titlesAt: number;
  /** One of this many titles is drawn. */
  every: number;
  font: number;
  /** Width of a cell of attention and of a bar. */
  kind: number;
  bar: number;
  blocks: PlacedBlock[];
  width: number;
  height: number;
}

/** The evidence, and the maps beside it; null if they do not fit. */
export interface Together {
  evidence: EvidenceLayout;
  map: MapLayout | null;
}

/** Width of a mark between cells and bars, and of words beside a bar. */
export const EXTRA = { mark: 12, words: 28 };
const NUMBERS = 26;
const BLOCK_GAP = 12;
/** Height below the rows, for the numbers of the columns and the name of the axis. */
const FOOT = 36;
interface Widths {
  kind: number;
  bar: number;
  titles: number;
}
const BESIDE: Widths[] = [
  { kind: 40, bar: 56, titles: 170 },
  { kind: 40, bar: 48, titles: 150 },
  { kind: 36, bar: 40, titles: 132 },
];
const ABOVE: Widths[] = [
  ...BESIDE,
  { kind: 34, bar: 30, titles: 104 },
  { kind: 26, bar: 22, titles: 72 },
];
const LEAST_BESIDE = 176;
/** Width of the choices above a map, which is kept for a map of few items if there is room. */
const HEAD = 228;
const MOST_CELL = 40;
const MOST_TITLES = 260;

/** The evidence of n items and, if the page is wide enough, maps on the same rows. */
export function together(width: number, n: number, blocks: Block[], maps: number): Together {
  const need = ({ kind, bar, titles }: Widths) =>
    blocks.reduce((sum, block) => sum + BLOCK_GAP + widthOf(block, kind, bar), NUMBERS + titles);
  const beside = BESIDE.find((widths) => (width - need(widths)) / maps - GAP >= LEAST_BESIDE);
  const line = lineOf(n);
  if (!beside) {
    const widths = ABOVE.find((one) => need(one) <= width) ?? ABOVE[ABOVE.length - 1];
    const spare = Math.max(0, Math.min(MOST_TITLES - widths.titles, width - need(widths)));
    return { evidence: evidenceLayout(n, line, blocks, wider(widths, spare)), map: null };
  }
  const room = Math.floor((width - need(beside)) / maps - GAP);
  const cell = Math.min(MOST_CELL, (room - 4) / n);
  const across = Math.max(Math.min(HEAD, room), Math.ceil(cell * n) + 4);
  const spare = Math.max(0, (room - across) * maps);
  const titles = Math.min(MOST_TITLES - beside.titles, spare);
  const map = {
    ...{ x: 2, y: 0, cell, line, size: cell * n, down: line * n, aligned: true, every: 1 },
    ...{ width: across, height: line * n + FOOT },
  };
  return { evidence: evidenceLayout(n, line, blocks, wider(beside, titles)), map };
}

const widthOf = ({ kinds, bars, worded }: Block, kind: number, bar: number): number =>
  kinds * kind + bars * bar + worded * EXTRA.words + (bars ? EXTRA.mark : 0);

const wider = (widths: Widths, by: number): Widths => ({ ...widths, titles: widths.titles + by });

function evidenceLayout(
  n: number,
  line: number,
  blocks: Block[],
  { kind, bar, titles }: Widths,
): EvidenceLayout {
  let x = NUMBERS + titles;
  const placed = blocks.map((block) => {
    const width = widthOf(block, kind, bar);
    x += BLOCK_GAP + width;
    return { ...block, x: x - width, width };
  });
  const titled = line >= LINES.titled;
  return {
    ...{ x: 0, y: 0, cell: kind, line, titles, titlesAt: NUMBERS, kind, bar, blocks: placed },
    every: titled ? 1 : Math.ceil(LINES.titled / line),
    font: titled ? Math.min(12.5, Math.max(11, line - 5)) : 11,
    width: x,
    height: line * n,
  };
}

/** Small maps over a large one: gap, smallest and largest edge. */
const THUMBS = { gap: 6, least: 22, most: 42 };

/** Edge of each of several small maps in one line. */
export const thumbEdge = (room: number, count: number): number =>
  Math.max(THUMBS.least, Math.min(THUMBS.most, Math.floor(room / count) - THUMBS.gap));

export const thumbStep = (edge: number): number => edge + THUMBS.gap;

/** The row of the evidence at a height of its canvas. */
export function rowAt({ y, line }: Cells, n: number, py: number): number | null {
  const row = Math.floor((py - y) / line);
  return row >= 0 && row < n ? row : null;
}

/** To the right of the triangle, and a little to its left, a point selects a whole row. */
const LEFT_OF_ROW = -6;

/** The cell of a map of n places at a point of its canvas. */
export function cellAt(cells: Cells, n: number, px: number, py: number): Position | null {
  const { x, y, cell, line } = cells;
  const query = Math.floor((py - y) / line);
  const key = Math.floor((px - x) / cell);
  if (query < 0 || query >= n || key < LEFT_OF_ROW) return null;
  return { query, key: key >= 0 && key <= query ? key : null };
}
