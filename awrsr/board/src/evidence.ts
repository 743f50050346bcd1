/** The evidence: one row per item, with the attention to it and the effect of its removal. */

import type { Board } from "./board";
import { byItem } from "./axis";
import { kindName, lastPlace, shownKind } from "./data";
import { button, element } from "./dom";
import { barsOf, shownKinds, sortedBy } from "./effects";
import { KINDS, headName } from "./kinds";
import type { Kind, Measure } from "./kinds";
import { EXTRA } from "./layout";
import type { EvidenceLayout } from "./layout";
import { Sheet } from "./marks";
import type { DrawnEvidence } from "./marks";
import { isMissing } from "./maps";
import { Painter, widthOf } from "./painter";
import type { Shown } from "./painter";
import { pointing } from "./pointer";
import { modelColour } from "./scales";
import { CanvasSurface, sized } from "./surface";
import { inSource, panelOf } from "./view";

const HEADS: Record<Kind, string> = {
  first: "first",
  second: "second",
  refined: "attends refined",
};
/** The heading of the one column of a vanilla model; it mixes the values, as "refined" does. */
const ALONE = "attends first";
/** Narrower columns have shorter headings. */
const NARROW = 36;
const NARROW_BAR = 66;
const NARROW_HEADS: Record<Kind, string> = { first: "1st", second: "2nd", refined: "mix" };

/** The sources on view, without repeats. */
export const sourcesOnView = ({ data, state }: Board): number[] => {
  const found = new Set(state.view.panels.map(({ source }) => source));
  return [...data.sources.keys()].filter((source) => found.has(source));
};

export class Evidence {
  readonly box = element("div", "ab-evidence");
  drawn: DrawnEvidence[] = [];
  /** Space above the headings, beside the small maps. */
  readonly above = element("div", "ab-above");
  private readonly heads = element("div", "ab-heads");
  private readonly holder = element("div", "ab-box");
  private readonly canvas = element("canvas");
  private readonly own: DrawnEvidence;
  private headsFor = "";
  /** The sort column, "source.column"; null sorts by time. */
  private sort: string | null = null;

  constructor(private readonly board: Board) {
    const sheet = new Sheet();
    const first = board.data.sources[0];
    const place = { x: 0, y: 0, cell: 0, line: 1, width: 0, order: [], first, blocks: [] };
    const spec = board.state.view.panels[0];
    this.own = { type: "evidence", sheet, canvas: this.canvas, spec, ...place };
    this.canvas.setAttribute("role", "img");
    this.holder.append(this.canvas, sheet.over);
    this.box.append(this.above, this.heads, this.holder);
    pointing(board, this.canvas, this.own);
  }

  draw(layout: EvidenceLayout): void {
    const { data, theme, state } = this.board;
    const sources = sourcesOnView(this.board);
    const columns = sources.map((source) => this.columnsOf(source));
    const named = columns.flat().map((one) => this.nameOf(one));
    if (this.sort !== null && !named.includes(this.sort)) this.sort = null;
    const by = columns.flat().find((one) => this.nameOf(one) === this.sort);
    const rows = this.board.axes.rows();
    const order = by ? sortedBy(by.values).filter((row) => rows.includes(row)) : rows;
    const first = data.sources[sources[0]];
    this.drawHeads(layout, columns);
    const context = sized(this.canvas, layout.width, layout.height);
    new Painter(this.board, new CanvasSurface(context), layout, order).paint(columns);
    const blocks = layout.blocks.map((block, i) => ({ ...block, source: sources[i] }));
    const { x, y, cell, line, width, height } = layout;
    const drawn = { spec: state.view.panels[0], x, y, cell, line, width, order, first, blocks };
    Object.assign(this.own, drawn);
    this.own.sheet.fit(width, height);
    this.drawn = [this.own];
    const about = "One row per item, oldest first: attention of the newest item (the prediction) ";
    const words = `${about}to it in each model, and the score that the target loses without it`;
    if (this.canvas.ariaLabel !== words) this.canvas.setAttribute("aria-label", words);
    this.canvas.dataset.look = theme.name;
  }

  private nameOf({ source, kind, measure, column }: Shown): string {
    return [this.board.data.sources[source].name, kind ?? column?.title, measure].join(".");
  }

  private columnsOf(source: number): Shown[] {
    const { data, maps, state } = this.board;
    const from = data.sources[source];
    const spec = inSource(data, panelOf(state.view, source), source);
    const last = lastPlace(from) * data.n;
    const rows = this.board.axes.rows();
    const { reordered } = this.board.axes;
    const onRows = (values: Float64Array) => (reordered ? byItem(values, from, rows) : values);
    const { facts, measure: chosen } = state.view;
    const cells = (kind: Kind, measure: Measure): Shown => {
      const found = maps.grid({ ...spec, kind }, measure);
      const values = new Float64Array(data.n).fill(NaN);
      if (!isMissing(found)) values.set(found.z.subarray(last, last + data.n));
      return { source, kind, measure, column: null, values: onRows(values) };
    };
    const kinds = shownKinds(from, facts).map((kind) => cells(kind, chosen));
    if (facts.includes("value")) kinds.push(cells(shownKind(from, "refined"), "contribution"));
    const columns = barsOf(from, this.board.width, facts).map((column): Shown => {
      const values = new Float64Array(data.n).fill(NaN);
      column.values.forEach((value, i) => {
        values[from.places[i]] = value ?? NaN;
      });
      return { source, kind: null, measure: chosen, column, values: onRows(values) };
    });
    return [...kinds, ...columns];
  }

  // --- headings ----------------------------------------------------------------------------------

  private drawHeads(layout: EvidenceLayout, columns: Shown[][]): void {
    const { data, theme, state } = this.board;
    const { panels } = state.view;
    const look = [data.signature, theme.name, JSON.stringify(layout), this.sort];
    const headsFor = [...look, JSON.stringify(panels)].join();
    if (headsFor === this.headsFor) return;
    this.headsFor = headsFor;
    const time = this.head("older \u2193 newer", "Items of the history, oldest first", null);
    place(time, layout.titlesAt, layout.titles);
    const parts = [time];
    layout.blocks.forEach((block, i) => {
      const { source } = columns[i][0];
      const from = data.sources[source];
      const name = element("span", "ab-side", `${from.name} `);
      name.style.color = modelColour(from.name, theme.ink);
      name.append(element("span", "", from.title));
      name.title = `${from.name}: ${from.title}`;
      place(name, block.x, block.width);
      parts.push(name);
      let x = block.x;
      for (const one of columns[i]) {
        if (one === columns[i].find((other) => !other.kind)) x += EXTRA.mark;
        const width = widthOf(layout, one);
        const head = this.head(this.headText(one, width), this.about(one), this.nameOf(one));
        place(head, x, width);
        x += width;
        parts.push(head);
      }
    });
    this.heads.replaceChildren(...parts);
    for (const part of [this.heads, this.above]) part.style.width = `${layout.width}px`;
  }

  private head(text: string, about: string, sort: string | null): HTMLElement {
    const made = button("ab-sort", text, `Sort the rows: ${about}`);
    made.title = `${about}. Click to sort the rows by it.`;
    if (sort === null) made.title = `${about}. Click to sort by time.`;
    made.setAttribute("aria-pressed", String(this.sort === sort));
    made.onclick = () => {
      this.sort = sort;
      this.board.redraw();
    };
    return made;
  }

  private headText({ source, kind, measure, column }: Shown, width: number): string {
    const { data, state } = this.board;
    const from = data.sources[source];
    if (!kind) {
      const ranked = column?.texts.length && width > NARROW_BAR;
      return `${column?.title}${ranked ? ": score\u00a0\u2192\u00a0rank" : ""}`;
    }
    if (measure !== state.view.measure) return "\u00d7 value";
    if (from.floor !== null) return kindName(from, kind);
    if (width < NARROW) return NARROW_HEADS[from.unrefined ? "refined" : kind];
    return from.unrefined ? ALONE : HEADS[kind];
  }

  private about({ source, kind, measure, column }: Shown): string {
    const { data, state } = this.board;
    const from = data.sources[source];
    if (!kind) return `${from.name}: ${column?.about}`;
    const { layer, head } = inSource(data, panelOf(state.view, source), source);
    const what = from.unrefined ? kindName(from, kind) : KINDS[kind];
    const length = measure === "contribution" ? ", times the length of the value" : "";
    const where = `layer ${layer + 1}, ${headName(head)}${length}`;
    return `${from.name}: what the newest item attends to, ${what}, ${where}`;
  }
}

function place(part: HTMLElement, left: number, width: number): void {
  part.style.left = `${left}px`;
  part.style.width = `${width}px`;
}
