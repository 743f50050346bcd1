/** The large maps and the choices above them. */

import type { Board } from "./board";
import { specName } from "./data";
import { element } from "./dom";
import { FlowMap } from "./flow";
import { paintFrame } from "./frame";
import { isNumbered, pageLayout, roomOf } from "./layout";
import type { MapLayout } from "./layout";
import { Sheet } from "./marks";
import type { DrawnMap } from "./marks";
import { isMissing } from "./maps";
import type { Grid, Missing } from "./maps";
import { Picks } from "./picks";
import { steering, pointing } from "./pointer";
import { painted } from "./scales";
import { CanvasSurface, putCells, sized } from "./surface";
import { comparedPair } from "./view";
import type { MapSpec } from "./view";
import { shadingOf } from "./shading";

/** Minimum width to keep the left map's place free beside a difference. */
const PAIR_WIDTH = 700;

const FLOW_NEEDS = "The flow of the score needs the app; this page is offline.";

/** A canvas for titles and frames, one for cells, and a sheet for outlines. */
class LargeMap {
  readonly holder = element("div", "ab-box");
  readonly drawn: DrawnMap;
  private readonly frame = element("canvas");
  private readonly cells = element("canvas", "ab-cells");
  private framedFor = "";
  /** One of this many titles is drawn. */
  every = 1;

  constructor(
    private readonly board: Board,
    spec: MapSpec,
  ) {
    const sheet = new Sheet();
    const axis = board.axes.axis(spec.source);
    const place = { x: 0, y: 0, cell: 0, line: 0, width: 0, aligned: false, axis };
    this.drawn = { type: "large", sheet, canvas: this.frame, spec, signed: false, ...place };
    this.holder.tabIndex = 0;
    this.holder.setAttribute("role", "application");
    this.holder.setAttribute("aria-roledescription", "attention map");
    this.holder.append(this.frame, this.cells, sheet.over);
    pointing(board, this.holder, this.drawn);
    steering(board, this.holder, this.drawn);
  }

  draw(grid: Grid, spec: MapSpec, signed: boolean, title: string, layout: MapLayout): void {
    const { theme } = this.board;
    const axis = this.board.axes.axis(spec.source);
    const { x, y, cell, line, size, down, width, height, every, aligned } = layout;
    this.every = every;
    Object.assign(this.drawn, { signed, spec, x, y, cell, line, width, aligned, axis });
    this.drawn.sheet.fit(width, height);
    const shading = shadingOf(this.board, grid, signed, theme.ink);
    const room = [width, height, cell, line, aligned, window.devicePixelRatio];
    const frameFor = [axis.data.signature, axis.places, theme.name, ...room, grid.missing].join();
    if (isNumbered(layout) || frameFor !== this.framedFor) {
      const context = sized(this.frame, width, height);
      paintFrame(new CanvasSurface(context), axis.data, shading, layout);
    }
    this.framedFor = frameFor;
    const [left, top, across, along] = [x, y, size, down].map((length) => `${length}px`);
    Object.assign(this.cells.style, { left, top, width: across, height: along });
    putCells(this.cells, painted(shading)); // enlarged by the browser
    const keys = "arrow keys move, Enter locks the cell, R the row, Escape releases";
    this.holder.setAttribute("aria-label", `${title}: ${keys}`);
  }
}

interface Head {
  part: HTMLElement;
  picks: Picks;
}

export class Panels {
  readonly box = element("div", "ab-panels");
  drawn: DrawnMap[] = [];
  /** One of this many titles of a map is drawn. */
  every = 1;
  private heads: Head[] = [];
  private beside: MapLayout | null = null;
  private room = 0;
  private headsFor = "";
  private readonly maps = new Map<number | "difference", LargeMap>();
  private readonly flows = new Map<number, FlowMap>();
  private readonly between = element("div", "ab-panel ab-between");
  private readonly note = element("div", "ab-note");

  constructor(private readonly board: Board) {
    this.between.append(this.note);
  }

  /** @param beside the layout of maps beside the evidence; null if they are below it. */
  draw(beside: MapLayout | null): void {
    const { data, width, state } = this.board;
    const { view } = state;
    const wide = view.size === "large";
    const apart = view.mode === "difference";
    this.beside = beside;
    const pair = apart && (beside !== null || width >= PAIR_WIDTH);
    const style = beside ? " ab-beside" : pair ? " ab-pair" : wide ? " ab-large" : "";
    this.box.className = `ab-panels${style}`;
    this.drawn = [];
    this.every = 1;
    this.drawHeads();
    this.room = beside ? beside.width : roomOf(width, wide ? 1 : view.panels.length);
    const { room } = this;
    this.fit();
    view.panels.forEach((spec, place) => {
      const { part } = this.heads[place];
      if (view.mode === "flow") show(part, this.flow(place, spec, room));
      else if (apart) show(part, null);
      else
        show(part, this.map(place, this.board.axes.grid(spec), spec, specName(data, spec), room));
    });
    // A large canvas takes too much memory to be kept for reuse.
    if (wide) for (const place of apart ? [0, 1] : ["difference" as const]) this.maps.delete(place);
    if (apart) this.drawDifference(room);
    else this.between.remove();
  }

  /** Draw the difference at the place and size of the left map, for blink comparison. */
  private drawDifference(room: number): void {
    const { data, state } = this.board;
    const [left, right] = state.view.panels;
    const names = [right, left].map((spec) => specName(data, spec)).join(" \u2212 ");
    this.note.textContent = `Right minus left: ${names}`;
    const found = this.board.axes.difference();
    show(this.between, this.map("difference", found, left, "the difference", room));
    if (!this.between.parentNode) this.box.append(this.between);
  }

  /** Beside the evidence, a panel is as wide as its map, not as the parts above it. */
  private fit(): void {
    for (const { part } of this.heads) part.style.width = this.beside ? `${this.room}px` : "";
  }

  /** Draw the small maps, which can follow a frame later. */
  drawPicks(): void {
    for (const { picks } of this.heads) {
      picks.draw(this.room);
      this.drawn.push(...picks.drawn);
    }
  }

  /** The containers of the choices are rebuilt for other sources. */
  private drawHeads(): void {
    const headsFor = comparedPair(this.board.state.view);
    if (headsFor === this.headsFor) return;
    this.heads = this.board.state.view.panels.map((_, place) => {
      const part = element("div", "ab-panel");
      const picks = new Picks(this.board, place);
      part.append(picks.box);
      return { part, picks };
    });
    this.box.replaceChildren(...this.heads.map(({ part }) => part));
    this.headsFor = headsFor;
  }

  private flow(place: number, { source }: MapSpec, room: number): HTMLElement {
    const { data, answers, ask } = this.board;
    const found = answers.flow(data.sources[source].name);
    if (!found) {
      const refused = answers.now?.refused ?? "";
      const why = ask ? (refused === "" ? "Computing the flow\u2026" : refused) : FLOW_NEEDS;
      return element("div", "ab-why", why);
    }
    const map = this.flows.get(place) ?? new FlowMap(this.board, source);
    this.flows.set(place, map);
    map.draw(source, found, this.beside ?? pageLayout(data.slots, room, false));
    return map.holder;
  }

  private map(
    place: number | "difference",
    found: Grid | Missing,
    spec: MapSpec,
    title: string,
    room: number,
  ): HTMLElement {
    if (isMissing(found)) return element("div", "ab-why", found.why);
    const map = this.maps.get(place) ?? new LargeMap(this.board, spec);
    this.maps.set(place, map);
    const { state } = this.board;
    const { slots } = this.board.axes.axis(spec.source).data;
    const large = state.view.size === "large";
    const layout = this.beside ?? pageLayout(slots, room, large);
    map.draw(found, spec, place === "difference", title, layout);
    this.drawn.push(map.drawn);
    this.every = Math.max(this.every, map.every);
    return map.holder;
  }
}

/** Put a child below a part's first child; an unchanged child is kept. */
function show(part: HTMLElement, drawn: HTMLElement | null): void {
  const old = part.children.item(1);
  if (old === drawn) return;
  old?.remove();
  if (drawn) part.append(drawn);
}
