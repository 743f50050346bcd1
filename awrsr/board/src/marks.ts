/** Outlines of the cell under the pointer and of the locked cell, in all drawings. */

import type { Board } from "./board";
import { indexIn } from "./axis";
import type { Axis } from "./axis";
import { itemName, shownAt } from "./data";
import type { Source } from "./data";
import { element } from "./dom";
import type { Cells, PlacedBlock } from "./layout";
import type { Ink } from "./scales";
import { sized } from "./surface";
import { clipped, contextOf, fontFamily, measured } from "./text";
import type { MapSpec, Position } from "./view";

const HOVER = "#ff3d71";
const LOCK = "#ff9f1a";
const LABEL = { size: 12, height: 18, ink: "#111111" };

/** A canvas over others, only for outlines. */
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

  /** Clear the sheet if anything is drawn on it. */
  clear(willBeMarked: boolean): void {
    if (this.marked) this.context.clearRect(0, 0, this.width, this.height);
    this.marked = willBeMarked;
  }
}

/** A drawing in which cells are outlined and pointed at. */
interface Drawn extends Cells {
  sheet: Sheet;
  canvas: HTMLCanvasElement;
  spec: MapSpec;
}
export interface DrawnMap extends Drawn {
  type: "large" | "small";
  signed: boolean;
  width: number;
  /** Whether the row titles are drawn elsewhere. */
  aligned: boolean;
  axis: Axis;
}
export interface DrawnEvidence extends Drawn {
  type: "evidence";
  width: number;
  /** The place of every row, in the history of the first source. */
  order: number[];
  first: Source;
  /** The columns of each source on view. */
  blocks: (PlacedBlock & { source: number })[];
}
export type AnyDrawn = DrawnMap | DrawnEvidence;

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
    if (this.drawn.type === "evidence") this.inEvidence(this.drawn, cell);
    else this.inMap(this.drawn, cell, labelled);
  }

  /** The key's row and, with a thinner line, the query's row. */
  private inEvidence(drawn: DrawnEvidence, { query, key }: Position): void {
    const { y, line, width, order, first } = drawn;
    const rowOf = (place: number) =>
      order.includes(place) ? order.indexOf(place) : order.indexOf(shownAt(first, place));
    const top = (place: number) => y + rowOf(place) * line;
    const height = Math.max(3, line);
    if (key !== null && key !== query) this.bareBox(0.5, top(query), width - 1, height, 1);
    this.box(1, top(key ?? query), width - 2, height, 1.5);
  }

  private inMap(drawn: DrawnMap, cell: Position, labelled: boolean): void {
    const { x, y, cell: edge, line, spec, aligned, axis } = drawn;
    const source = this.board.data.sources[spec.source];
    const large = drawn.type === "large";
    const query = indexIn(axis, source, cell.query);
    const key = cell.key === null ? null : indexIn(axis, source, cell.key);
    if (query < 0 || (key !== null && key < 0)) return; // the item is not in this history
    const thin = large ? 1.25 : 1;
    this.bareBox(x, y + query * line, (query + 1) * edge, Math.max(2, line), thin);
    if (key !== null) {
      if (large) this.columnAndRepeats(drawn, query, key, thin);
      // Small cells are outlined at a distance.
      const [beside, above] = [edge, line].map((length) => Math.max(0, (5 - length) / 2));
      const [left, top] = [x + key * edge - beside, y + query * line - above];
      const [width, height] = [edge + 2 * beside, line + 2 * above];
      if (key <= query) this.box(left, top, width, height, large ? 2.5 : 1.5);
    }
    if (large && labelled && !aligned) this.labels(drawn, query, key);
  }

  /** The key's column, and the same items at other slots. */
  private columnAndRepeats(drawn: DrawnMap, query: number, key: number, thin: number): void {
    const { x, y, cell, line } = drawn;
    const { n, items } = drawn.axis.data;
    this.bareBox(x + key * cell, y + key * line, Math.max(2, cell), (n - key) * line, thin);
    for (let i = 0; i < n; i++)
      if (i !== query && i !== key && (items[i] === items[query] || items[i] === items[key]))
        this.box(x + i * cell, y + i * line, cell, line, 2);
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
  private label({ x, y, cell: edge, width, axis }: DrawnMap, place: number, lower: number): void {
    const { context: c } = this;
    const { data } = axis;
    const left = x + (place + 1) * edge + 2;
    const top = Math.max(0, y + (place + 0.5) * edge - LABEL.height / 2 + lower);
    const text = `${data.slots[place]} ${itemName(data, place)}`;
    const shown = clipped(text, width - left - 11, LABEL.size);
    c.fillStyle = this.colour;
    c.fillRect(left, top, measured(shown, LABEL.size) + 10, LABEL.height);
    c.fillStyle = LABEL.ink;
    c.font = `${LABEL.size}px ${fontFamily()}`;
    c.textBaseline = "middle";
    c.textAlign = "left";
    c.fillText(shown, left + 5, top + 9.5);
  }

  /** Drawn on a wider line in the page's colour, to be visible on every cell. */
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
