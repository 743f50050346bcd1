/** Above a large map: its model, and small maps to choose its layer, head and kind. */

import type { Board } from "./board";
import { kindName, kindsOf, shownKind, specName } from "./data";
import type { Source } from "./data";
import { button, element } from "./dom";
import { KINDS, TOGETHER, headingOf, keysOf } from "./kinds";
import type { Kind, Together } from "./kinds";
import { thumbEdge, thumbStep } from "./layout";
import { Sheet } from "./marks";
import type { DrawnMap } from "./marks";
import { isMissing } from "./maps";
import { pointing } from "./pointer";
import { modelColour, painted } from "./scales";
import { CanvasSurface, sized } from "./surface";
import { contextOf } from "./text";
import type { MapSpec } from "./view";
import { shadingOf } from "./shading";

/** Beside the evidence the rows of a map are its rows. */
const QUERY = "query, older \u2193 newer";

const SHORT: Record<Together, string> = { mean: "mean", max: "max", rollout: "rollout" };

interface Thumbnail {
  button: HTMLButtonElement;
  words: HTMLElement;
  layer: number;
  head: number;
  drawn: DrawnMap;
}

/** A choice without a picture. */
interface Pill {
  button: HTMLButtonElement;
  change: Partial<MapSpec>;
}

export class Picks {
  readonly box = element("div", "ab-picks");
  drawn: DrawnMap[] = [];
  private thumbnails: Thumbnail[] = [];
  private pills: Pill[] = [];
  private readonly cells = element("canvas");
  private readonly sheet = new Sheet();
  private builtFor = "";
  private paintedFor = "";

  constructor(
    private readonly board: Board,
    private readonly place: number,
  ) {}

  private get spec(): MapSpec {
    return this.board.state.view.panels[this.place];
  }

  private get source(): Source {
    return this.board.data.sources[this.spec.source];
  }

  /** Rebuilt for another source or width, repainted for another kind, otherwise only marked. */
  draw(room: number): void {
    const { data, theme, state } = this.board;
    const { measure, scale, share } = state.view;
    const places = this.board.axes.places(this.spec.source);
    const buildFor = [data.signature, theme.name, room, this.spec.source, places].join();
    if (buildFor !== this.builtFor) this.build(room);
    this.builtFor = buildFor;
    const kind = shownKind(this.source, this.spec.kind);
    const paintFor = [buildFor, kind, measure, scale, share].join();
    if (paintFor !== this.paintedFor) this.paint(kind);
    this.paintedFor = paintFor;
    const together = typeof this.spec.head === "string"; // then all heads of the layer are on view
    for (const { button: made, layer, head } of this.thumbnails)
      press(made, layer === this.spec.layer && (together || head === this.spec.head));
    for (const { button: made, change } of this.pills)
      press(
        made,
        change.kind === undefined ? change.head === this.spec.head : change.kind === kind,
      );
    this.drawn = this.thumbnails.map((one) => one.drawn);
  }

  private build(room: number): void {
    const { theme } = this.board;
    const { name, title, formula, floor, layers, heads, unrefined, noSecondOrder } = this.source;
    const model = element("div", "ab-whose");
    const letter = element("b", "", name);
    letter.style.color = modelColour(name, theme.ink);
    model.append(letter, ` ${title} `);
    if (!unrefined || floor !== null) model.append(element("i", "", formula));
    model.title = [`${name}: ${title}, ${formula}`, noSecondOrder].filter(Boolean).join(". ");
    const count = layers * heads;
    const edge = thumbEdge(room, count);
    const line = element("div", "ab-thumbs");
    const step = thumbStep(edge);
    line.append(this.cells, this.sheet.over);
    this.thumbnails = Array.from({ length: count }, (_, i) =>
      this.thumbnail(Math.floor(i / heads), i % heads, i * step, edge),
    );
    line.append(...this.thumbnails.map((one) => one.button.parentElement ?? one.button));
    sized(this.cells, count * step, edge);
    this.sheet.fit(count * step, edge);
    const kinds = unrefined ? [] : kindsOf(this.source);
    const together = keysOf(TOGETHER).filter((head) => heads > 1 || head === "rollout");
    this.pills = [
      ...kinds.map((kind) => this.pill(kindName(this.source, kind), KINDS[kind], { kind })),
      ...together.map((head) => this.pill(SHORT[head], TOGETHER[head], { head })),
    ];
    const pills = [kinds.length, together.length].map((length, i) => {
      const made = element("div", "ab-pills");
      const start = i * kinds.length;
      made.append(...this.pills.slice(start, start + length).map((pill) => pill.button));
      return made;
    });
    this.box.replaceChildren(model, line, ...pills, element("div", "ab-query", QUERY));
  }

  private thumbnail(layer: number, head: number, x: number, edge: number): Thumbnail {
    const { board } = this;
    const made = button("ab-thumb", undefined, "");
    made.style.width = made.style.height = `${edge}px`;
    const words = element("span", "ab-even");
    const part = element("div", "ab-pick");
    part.style.width = `${edge}px`;
    part.append(made, words);
    const axis = board.axes.axis(this.spec.source);
    const cell = (edge - 2) / axis.data.n;
    const spec = { ...this.spec, layer, head };
    const place = { x: x + 1, y: 1, cell, line: cell, width: edge, aligned: false, axis };
    const { cells: canvas, sheet } = this;
    const drawn: DrawnMap = { type: "small", spec, signed: false, sheet, canvas, ...place };
    pointing(board, made, drawn);
    made.onclick = (event) => {
      const { kind, source } = this.spec;
      const other = event.shiftKey && board.state.view.panels.length > 1;
      board.choose(other ? 1 - this.place : this.place, { source, layer, head, kind });
    };
    return { button: made, words, layer, head, drawn };
  }

  private pill(text: string, about: string, change: Partial<MapSpec>): Pill {
    const { board, place } = this;
    const side =
      board.state.view.panels.length > 1 ? ` in the ${["left", "right"][place]} map` : "";
    const made = button("ab-pill", text, `Show ${about}${side}`);
    made.title = about;
    made.onclick = () => {
      board.choose(place, change);
    };
    return { button: made, change };
  }

  private paint(kind: Kind): void {
    const { board } = this;
    const surface = new CanvasSurface(contextOf(this.cells));
    surface.clear();
    for (const { button: made, words, layer, head, drawn } of this.thumbnails) {
      drawn.spec = { source: this.spec.source, layer, head, kind };
      const found = board.axes.grid(drawn.spec);
      const label = headingOf(layer, head).replace(/[LH]/g, "").replace(" ", "\u00b7");
      const even = isMissing(found) ? null : found.evenness;
      const evenness = even === null ? "\u2013" : even.toFixed(2).replace(/^0/, "");
      const name = `Show ${specName(board.data, drawn.spec)}`;
      made.setAttribute("aria-label", name);
      const how = "1: uniform over the items, 0: a single item. With Shift: in the other large map";
      made.title = `${name}. Evenness ${evenness}: ${how}`;
      words.replaceChildren(element("b", "", label), ` ${evenness}`);
      if (isMissing(found)) continue;
      surface.cells(painted(shadingOf(board, found, false, board.theme.ink)), drawn);
    }
  }
}

const press = (made: HTMLButtonElement, pressed: boolean) => {
  made.setAttribute("aria-pressed", String(pressed));
};
