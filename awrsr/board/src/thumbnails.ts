/** The small maps: every layer, head and kind of every source. */

import type { Board } from "./board";
import { kindName, kindsOf, shownKind, specName } from "./data";
import type { Source } from "./data";
import { button, element } from "./dom";
import { KINDS, headingOf } from "./kinds";
import { THUMBS, thumbEdge, thumbPlace } from "./layout";
import { Sheet } from "./marks";
import type { DrawnMap } from "./marks";
import { isMissing } from "./maps";
import { pointing } from "./pointer";
import { painted } from "./scales";
import type { Ink } from "./scales";
import { CanvasSurface, sized } from "./surface";
import type { MapSpec } from "./view";

interface Thumbnail {
  button: HTMLButtonElement;
  drawn: DrawnMap;
  paint(ink: Ink): void;
}

/** One canvas and one sheet for all small maps of a source: the browser pays by the canvas. */
interface Canvas {
  cells: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
  sheet: Sheet;
}

export class Thumbnails {
  readonly box = element("div", "ab-sources");
  drawn: DrawnMap[] = [];
  private thumbnails: Thumbnail[] = [];
  private builtFor = "";
  private paintedFor = "";

  constructor(private readonly board: Board) {}

  /** Built anew for other data or another width, painted anew for other colours, else marked. */
  draw(): void {
    const { data, width, theme, state } = this.board;
    const { measure, scale, share } = state.view;
    const buildFor = [data.signature, width].join();
    const paintFor = [buildFor, measure, scale, share, theme.name].join();
    if (buildFor !== this.builtFor) this.build();
    if (paintFor !== this.paintedFor) for (const one of this.thumbnails) one.paint(theme.ink);
    this.builtFor = buildFor;
    this.paintedFor = paintFor;
    for (const one of this.thumbnails)
      one.button.setAttribute("aria-pressed", String(this.isOnView(one.drawn.spec)));
    this.drawn = this.thumbnails.map((one) => one.drawn);
  }

  private isOnView(spec: MapSpec): boolean {
    const { data, state } = this.board;
    const source = data.sources[spec.source];
    return state.view.panels.some(
      (panel) =>
        panel.source === spec.source &&
        panel.layer === spec.layer &&
        panel.head === spec.head &&
        shownKind(source, panel.kind) === spec.kind,
    );
  }

  private build(): void {
    const { sources } = this.board.data;
    const columns = Math.max(...sources.map(({ layers, heads }) => layers * heads));
    const edge = thumbEdge(this.board.width, sources.length, columns);
    this.thumbnails = [];
    this.box.replaceChildren(...sources.map((source, s) => this.part(source, s, edge)));
  }

  private part(source: Source, s: number, edge: number): HTMLElement {
    const { name, title, formula, layers, heads, noSecondOrder, unrefined } = source;
    const heading = element("div", "ab-name", `${name}: ${title}`);
    heading.append(element("span", "", ` \u00b7 ${formula}`));
    const kinds = kindsOf(source);
    const columns = Array.from({ length: layers * heads }, (_, i) => {
      return { layer: Math.floor(i / heads), head: i % heads };
    });
    const { pad, gap, head, label } = THUMBS;
    const rows = element("div", "ab-thumbs");
    const grid = `${head}px repeat(${kinds.length}, ${edge}px)`;
    const across = `${label}px repeat(${columns.length}, ${edge}px)`;
    rows.style.cssText = `padding: ${pad}px; gap: ${gap}px; grid-template: ${grid} / ${across}`;
    const canvas = canvasOf(edge, columns.length, kinds.length);
    rows.append(canvas.cells, canvas.sheet.over, element("span"));
    for (const column of columns)
      rows.append(element("span", "ab-head", headingOf(column.layer, column.head)));
    kinds.forEach((kind, row) => {
      rows.append(element("span", "ab-kind", kindName(source, kind)));
      columns.forEach((column, i) => {
        const spec = { source: s, ...column, kind };
        rows.append(this.thumbnail(spec, edge, canvas, thumbPlace(edge, i, row)));
      });
    });
    if (unrefined) {
      const none = element("div", "ab-none", noSecondOrder);
      none.style.gridColumn = `span ${columns.length}`;
      rows.append(element("span", "ab-kind", KINDS.second), none);
    }
    const part = element("div");
    part.append(heading, rows);
    return part;
  }

  private thumbnail(
    spec: MapSpec,
    edge: number,
    { cells, context, sheet }: Canvas,
    { x, y }: { x: number; y: number },
  ): HTMLElement {
    const { board } = this;
    const made = button("ab-thumb", undefined, `Show ${specName(board.data, spec)}`);
    made.style.width = made.style.height = `${edge}px`;
    const cell = (edge - 2) / board.data.n;
    const place = { x: x + 1, y: y + 1, cell, width: edge };
    const drawn: DrawnMap = { type: "small", spec, signed: false, sheet, canvas: cells, ...place };
    const paint = (ink: Ink) => {
      const found = board.grid(spec);
      context.clearRect(x, y, edge, edge);
      if (isMissing(found)) return;
      const pixels = painted(board.shading(found, false, ink));
      new CanvasSurface(context).cells(pixels, drawn.x, drawn.y, cell);
    };
    this.thumbnails.push({ button: made, drawn, paint });
    pointing(board, made, drawn);
    made.onclick = (event) => {
      board.choose(this.placeFor(spec.source, event.shiftKey), spec);
    };
    return made;
  }

  /** The large map that shows a chosen small one: the right one with shift, else its source's. */
  private placeFor(source: number, shift: boolean): number {
    const { panels } = this.board.state.view;
    const two = panels.length > 1;
    const own = panels.findIndex((panel) => panel.source === source);
    if (two && shift) return 1;
    return own >= 0 ? own : Number(two);
  }
}

function canvasOf(edge: number, across: number, down: number): Canvas {
  const end = thumbPlace(edge, across, down);
  const width = end.x - THUMBS.gap + THUMBS.pad;
  const height = end.y - THUMBS.gap + THUMBS.pad;
  const cells = element("canvas");
  const sheet = new Sheet();
  sheet.fit(width, height);
  return { cells, context: sized(cells, width, height), sheet };
}
