/** The outlines of the cell that is pointed at and of the locked one, in everything drawn. */

import type { Board } from "./board";
import { itemName, lastPlace, shownAt } from "./data";
import { element } from "./dom";
import { STRIP } from "./layout";
import type { Cells } from "./layout";
import type { Row } from "./rows";
import type { Ink } from "./scales";
import { sized } from "./surface";
import { FONT, clipped, contextOf, measured } from "./text";
import type { MapSpec, Position } from "./view";

const HOVER = "#ff3d71";
const LOCK = "#ff9f1a";
const LABEL = { size: 12, height: 18, ink: "#111111" };

/** A canvas over others, for outlines alone. */
export class Sheet {
  readonly over = element("canvas", "ab-over");
  readonly context = contextOf(this.over);
  private marked = false;
  private width = 0;
  private height = 0;

  fit(width: number, height: number): void {
    sized(this.over, width, height, !this.marked);
    this.width = width;
    this.height = height;
    this.marked = false;
  }

  /** Empty; an untouched sheet costs nothing. */
  clear(willBeMarked: boolean): void {
    if (this.marked) this.context.clearRect(0, 0, this.width, this.height);
    this.marked = willBeMarked;
  }
}

/** What cells are outlined in and pointed at. */
interface Drawn extends Cells {
  sheet: Sheet;
  canvas: HTMLCanvasElement;
  spec: MapSpec;
}
export interface DrawnMap extends Drawn {
  type: "large" | "small";
  signed: boolean;
  width: number;
}
export interface DrawnStrip extends Drawn {
  type: "strip";
  rows: Row[];
}
export type AnyDrawn = DrawnMap | DrawnStrip;

export function mark(board: Board): void {
  const { hover, view } = board.state;
  const { ink } = board.theme;
  const all = board.drawn();
  for (const sheet of new Set(all.map((drawn) => drawn.sheet)))
    sheet.clear(view.lock !== null || hover !== null);
  for (const drawn of all) {
    if (view.lock) new Outline(board, drawn, LOCK, ink).draw(view.lock, !hover);
    if (hover) new Outline(board, drawn, HOVER, ink).draw(hover, true);
  }
}

class Outline {
  private readonly context: CanvasRenderingContext2D;

  constructor(
    private readonly board: Board,
    private readonly drawn: AnyDrawn,
    private readonly colour: string,
    private readonly ink: Ink,
  ) {
    this.context = drawn.sheet.context;
  }

  draw(cell: Position, labelled: boolean): void {
    if (this.drawn.type === "strip") this.inStrip(this.drawn, cell);
    else this.inMap(this.drawn, cell, labelled);
  }

  /** One box for neighbours that have the key on one place. */
  private inStrip({ x, y, cell: edge, rows }: DrawnStrip, cell: Position): void {
    const { sources } = this.board.data;
    const { key } = cell;
    const isLast = rows.some(({ spec }) => lastPlace(sources[spec.source]) === cell.query);
    if (key === null || !isLast) return;
    const keys = rows.map(({ spec }) => shownAt(sources[spec.source], key));
    keys.forEach((k, row) => {
      if (k === keys[row - 1]) return;
      const next = keys.findIndex((other, i) => i > row && other !== k);
      const rowsHere = (next < 0 ? keys.length : next) - row;
      const [top, height] = [y + row * STRIP.pitch - 2, rowsHere * STRIP.pitch + 2];
      this.box(x + k * edge, top, Math.max(3, edge), height, 1.5);
    });
  }

  private inMap(drawn: DrawnMap, cell: Position, labelled: boolean): void {
    const { x, y, cell: edge, signed, spec } = drawn;
    const source = this.board.data.sources[spec.source];
    const placed = (place: number) => (signed ? place : shownAt(source, place));
    const large = drawn.type === "large";
    const query = placed(cell.query);
    const key = cell.key === null ? null : placed(cell.key);
    const thin = large ? 1.25 : 1;
    this.bareBox(x, y + query * edge, (query + 1) * edge, Math.max(2, edge), thin);
    if (key !== null) {
      if (large) this.columnAndRepeats(drawn, query, key, thin);
      const pad = Math.max(0, (5 - edge) / 2); // small cells are outlined from some way off
      const size = edge + 2 * pad;
      const [left, top] = [x + key * edge - pad, y + query * edge - pad];
      if (key <= query) this.box(left, top, size, size, large ? 2.5 : 1.5);
    }
    if (large && labelled) this.labels(drawn, query, key);
  }

  /** The key's column, and the same items at other slots. */
  private columnAndRepeats(drawn: DrawnMap, query: number, key: number, thin: number): void {
    const { x, y, cell: edge } = drawn;
    const { n, items } = this.board.data;
    this.bareBox(x + key * edge, y + key * edge, Math.max(2, edge), (n - key) * edge, thin);
    for (let i = 0; i < n; i++)
      if (i !== query && i !== key && (items[i] === items[query] || items[i] === items[key]))
        this.box(x + i * edge, y + i * edge, edge, edge, 2);
  }

  private labels(drawn: DrawnMap, query: number, key: number | null): void {
    this.label(drawn, query, 0);
    if (key === null || key === query) return;
    const apart = (query - key) * drawn.cell;
    const room = LABEL.height + 1;
    const close = Math.abs(apart) < room;
    this.label(drawn, key, close ? Math.sign(apart) * (Math.abs(apart) - room) : 0);
  }

  /** An item's title on the diagonal, never over a cell. */
  private label({ x, y, cell: edge, width }: DrawnMap, place: number, lower: number): void {
    const { context: c } = this;
    const { data } = this.board;
    const left = x + (place + 1) * edge + 2;
    const top = Math.max(0, y + (place + 0.5) * edge - LABEL.height / 2 + lower);
    const text = `${data.slots[place]} ${itemName(data, place)}`;
    const shown = clipped(text, width - left - 11, LABEL.size);
    c.fillStyle = this.colour;
    c.fillRect(left, top, measured(shown, LABEL.size) + 10, LABEL.height);
    c.fillStyle = LABEL.ink;
    c.font = `${LABEL.size}px ${FONT}`;
    c.textBaseline = "middle";
    c.textAlign = "left";
    c.fillText(shown, left + 5, top + 9.5);
  }

  /** On a wider line in the page's colour, so that it stands out on every cell. */
  private box(x: number, y: number, width: number, height: number, line: number): void {
    this.context.lineWidth = line + 1.5;
    this.context.strokeStyle = this.ink.paper;
    this.context.strokeRect(x, y, width, height);
    this.bareBox(x, y, width, height, line);
  }

  private bareBox(x: number, y: number, width: number, height: number, line: number): void {
    this.context.lineWidth = line;
    this.context.strokeStyle = this.colour;
    this.context.strokeRect(x, y, width, height);
  }
}
