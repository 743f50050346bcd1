/** The large maps and the choices above them. */

import type { Board } from "./board";
import { kindChoice, specName } from "./data";
import { chooser, element } from "./dom";
import type { Control } from "./dom";
import { paintFrame } from "./frame";
import { KINDS, TOGETHER, isOneOf, keysOf } from "./kinds";
import { isNumbered, pageLayout, roomOf } from "./layout";
import type { MapLayout } from "./layout";
import { Sheet } from "./marks";
import type { DrawnMap } from "./marks";
import { isMissing } from "./maps";
import type { Grid, Missing } from "./maps";
import { steering, pointing } from "./pointer";
import { painted } from "./scales";
import { CanvasSurface, putCells, sized } from "./surface";
import { comparedPair } from "./view";
import type { MapSpec } from "./view";

/** From this width on the left map's place is held free beside a difference. */
const PAIR_WIDTH = 700;

/** A canvas for titles and frames, one for cells, a sheet for what is pointed at. */
class LargeMap {
  readonly holder = element("div", "ab-box");
  readonly drawn: DrawnMap;
  private readonly frame = element("canvas");
  private readonly cells = element("canvas", "ab-cells");
  private framedFor = "";
  /** Of so many titles one is drawn. */
  every = 1;

  constructor(
    private readonly board: Board,
    spec: MapSpec,
  ) {
    const sheet = new Sheet();
    const place = { x: 0, y: 0, cell: 0, width: 0 };
    this.drawn = { type: "large", sheet, canvas: this.frame, spec, signed: false, ...place };
    this.holder.tabIndex = 0;
    this.holder.setAttribute("role", "application");
    this.holder.setAttribute("aria-roledescription", "attention map");
    this.holder.append(this.frame, this.cells, sheet.over);
    pointing(board, this.holder, this.drawn);
    steering(board, this.holder, this.drawn);
  }

  draw(grid: Grid, spec: MapSpec, signed: boolean, title: string, layout: MapLayout): void {
    const { data, theme } = this.board;
    const { x, y, cell, size, width, height, every } = layout;
    this.every = every;
    Object.assign(this.drawn, { signed, spec, x, y, cell, width });
    this.drawn.sheet.fit(width, height);
    const shading = this.board.shading(grid, signed, theme.ink);
    const look = [data.signature, theme.name, width, cell, window.devicePixelRatio, grid.missing];
    const frameFor = look.join();
    if (isNumbered(layout) || frameFor !== this.framedFor) {
      const context = sized(this.frame, width, height);
      paintFrame(new CanvasSurface(context), data, shading, layout);
    }
    this.framedFor = frameFor;
    const [left, top, edge] = [x, y, size].map((length) => `${length}px`);
    Object.assign(this.cells.style, { left, top, width: edge, height: edge });
    putCells(this.cells, painted(shading)); // enlarged by the browser
    const keys = "arrow keys move, Enter locks the cell, R the row, Escape releases";
    this.holder.setAttribute("aria-label", `${title}: ${keys}`);
  }
}

interface Head {
  part: HTMLElement;
  controls: Control[];
}

export class Panels {
  readonly box = element("div", "ab-panels");
  drawn: DrawnMap[] = [];
  /** Of so many titles of a map one is drawn. */
  every = 1;
  private heads: Head[] = [];
  private headsFor = "";
  private readonly maps = new Map<number | "difference", LargeMap>();
  private readonly between = element("div", "ab-panel ab-between");
  private readonly note = element("div", "ab-note");

  constructor(private readonly board: Board) {
    this.between.append(this.note);
  }

  draw(): void {
    const { data, width, state } = this.board;
    const { view } = state;
    const wide = view.size === "large";
    const apart = view.mode === "difference";
    const style = apart && width >= PAIR_WIDTH ? " ab-pair" : wide ? " ab-large" : "";
    this.box.className = `ab-panels${style}`;
    this.drawn = [];
    this.every = 1;
    this.drawHeads();
    const room = roomOf(width, wide ? 1 : view.panels.length);
    view.panels.forEach((spec, place) => {
      const map = apart
        ? null
        : this.map(place, this.board.grid(spec), spec, specName(data, spec), room);
      show(this.heads[place].part, map);
    });
    // A large canvas takes too much memory to keep it for later.
    if (wide) for (const place of apart ? [0, 1] : ["difference" as const]) this.maps.delete(place);
    if (apart) this.drawDifference(room);
    else this.between.remove();
  }

  /** At the left map's place and in its size, so that they can be blinked. */
  private drawDifference(room: number): void {
    const { data, state } = this.board;
    const [left, right] = state.view.panels;
    const names = [right, left].map((spec) => specName(data, spec)).join(" \u2212 ");
    this.note.textContent = `Right minus left: ${names}`;
    const found = this.board.difference();
    show(this.between, this.map("difference", found, right, "the difference", room));
    if (!this.between.parentNode) this.box.append(this.between);
  }

  /** The choices are built anew for other sources, else they follow the view. */
  private drawHeads(): void {
    const { data, state } = this.board;
    const told = data.sources.map(({ name, title, floor, layers, heads, unrefined }) => {
      return [name, title, floor, layers, heads, unrefined];
    });
    const headsFor = JSON.stringify([told, comparedPair(state.view)]);
    if (headsFor === this.headsFor) {
      for (const { controls } of this.heads) for (const control of controls) control.follow();
      return;
    }
    this.heads = state.view.panels.map((_, place) => this.head(place));
    this.box.replaceChildren(...this.heads.map(({ part }) => part));
    this.headsFor = headsFor;
  }

  private head(place: number): Head {
    const { board } = this;
    const { data, state } = board;
    const { panels } = state.view;
    const side = panels.length > 1 ? ["left", "right"][place] : "the";
    const source = data.sources[panels[place].source];
    const options = {
      source: data.sources.map(({ name, title }, i) => option(i, `${name}: ${title}`)),
      layer: counted(source.layers).map((i) => option(i, `layer ${i + 1}`)),
      head: [
        ...counted(source.heads).map((i) => option(i, `head ${i + 1}`)),
        ...keysOf(TOGETHER).map((key) => option(key, TOGETHER[key])),
      ],
      kind: keysOf(KINDS).map((kind) => option(kind, kindChoice(source, kind))),
    };
    const choice = (what: keyof MapSpec, change: (value: string) => Partial<MapSpec> | null) =>
      chooser(
        `${what === "source" ? "Model" : capitalised(what)} of the ${side} map`,
        options[what],
        () => String(state.view.panels[place][what]),
        (value) => {
          board.choose(place, change(value) ?? {});
        },
        false,
      );
    const controls = [
      choice("source", (value) => ({ source: Number(value) })),
      choice("layer", (value) => ({ layer: Number(value) })),
      choice("head", (value) => ({ head: isOneOf(TOGETHER, value) ? value : Number(value) })),
      choice("kind", (value) => (isOneOf(KINDS, value) ? { kind: value } : null)),
    ];
    const part = element("div", "ab-panel");
    const pick = element("div", "ab-pick");
    pick.append(...controls.map((control) => control.part));
    part.append(pick);
    return { part, controls };
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
    const { data, state } = this.board;
    const layout = pageLayout(data.slots, room, state.view.size === "large");
    map.draw(found, spec, place === "difference", title, layout);
    this.drawn.push(map.drawn);
    this.every = Math.max(this.every, map.every);
    return map.holder;
  }
}

const option = (value: number | string, text: string): [string, string] => [String(value), text];
const counted = (count: number) => [...Array(count).keys()];
const capitalised = (text: string) => text[0].toUpperCase() + text.slice(1);

/** Put under a part's first child; what stays is not touched. */
function show(part: HTMLElement, drawn: HTMLElement | null): void {
  const old = part.children.item(1);
  if (old === drawn) return;
  old?.remove();
  if (drawn) part.append(drawn);
}
