/** Where everything stands, in pixels, and which cell is under a point. */

import type { Position } from "./view";

/** Cells in a canvas: their left top corner, width and height. */
export interface Cells {
  x: number;
  y: number;
  cell: number;
  line: number;
}

/** Of one large map. */
export interface MapLayout extends Cells {
  /** Width and height of all cells together. */
  size: number;
  down: number;
  /** Whether its rows stand beside the rows of the evidence, which have the titles. */
  aligned: boolean;
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

/** Width of each of so many large maps, side by side where there is room. */
export function roomOf(width: number, maps: number): number {
  const across = Math.max(1, Math.min(maps, Math.floor((width + GAP) / (LEAST_MAP + GAP))));
  return Math.floor((width - GAP * (across - 1)) / across);
}

/** Heights of a row, for so many rows at most; from `titled` on each has its title. */
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

/** The height of a row of n. */
export function lineOf(n: number): number {
  const step = LINES.steps.find(([rows]) => n <= rows);
  return step ? step[1] : Math.max(LINES.least, Math.floor((LINES.most / n) * 2) / 2);
}

/** What stands in a row for one source: cells of attention, and bars. */
export interface Block {
  kinds: number;
  bars: number;
  /** Of the bars, so many that have words beside them. */
  worded: number;
}

/** Where a source's columns stand. */
export interface PlacedBlock extends Block {
  x: number;
  width: number;
}

/** Rows of items, each with its evidence. */
export interface EvidenceLayout extends Cells {
  /** Room of a title, and where it begins. */
  titles: number;
  titlesAt: number;
  /** Of so many titles one is drawn. */
  every: number;
  font: number;
  /** Width of a cell of attention and of a bar. */
  kind: number;
  bar: number;
  blocks: PlacedBlock[];
  width: number;
  height: number;
}

/** The evidence, and the maps beside it where there is room; else null. */
export interface Together {
  evidence: EvidenceLayout;
  map: MapLayout | null;
}

/** Room of a mark between cells and bars, and of words beside a bar. */
export const EXTRA = { mark: 12, words: 28 };
const NUMBERS = 26;
const BLOCK_GAP = 12;
/** Below the rows: numbers of the columns and the name of the axis. */
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
const MOST_CELL = 40;
const MOST_TITLES = 260;

/** The evidence of n items and, where the page is wide enough, so many maps on the same rows. */
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
  const spare = Math.max(0, (room - 4 - cell * n) * maps);
  const titles = Math.min(MOST_TITLES - beside.titles, spare);
  const map = {
    ...{ x: 2, y: 0, cell, line, size: cell * n, down: line * n, aligned: true, every: 1 },
    ...{ width: Math.ceil(cell * n) + 4, height: line * n + FOOT },
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

/** Small maps over a large one: between them, the least and the largest edge. */
const THUMBS = { gap: 6, least: 22, most: 42 };

/** Edge of each of so many small maps in a line. */
export const thumbEdge = (room: number, count: number): number =>
  Math.max(THUMBS.least, Math.min(THUMBS.most, Math.floor(room / count) - THUMBS.gap));

export const thumbStep = (edge: number): number => edge + THUMBS.gap;

/** The row of the evidence at a height of its canvas. */
export function rowAt({ y, line }: Cells, n: number, py: number): number | null {
  const row = Math.floor((py - y) / line);
  return row >= 0 && row < n ? row : null;
}

/** Right of the triangle and a little to its left a whole row is meant. */
const LEFT_OF_ROW = -6;

/** The cell of a map of n places at a point of its canvas. */
export function cellAt(cells: Cells, n: number, px: number, py: number): Position | null {
  const { x, y, cell, line } = cells;
  const query = Math.floor((py - y) / line);
  const key = Math.floor((px - x) / cell);
  if (query < 0 || query >= n || key < LEFT_OF_ROW) return null;
  return { query, key: key >= 0 && key <= query ? key : null };
}
