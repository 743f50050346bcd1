/** Paints the rows of the evidence: titles, cells of attention, bars, and disagreements. */

import type { Board } from "./board";
import { itemName, lastPlace, shownAt, shownKind } from "./data";
import { disagreements, largest } from "./effects";
import { cellText } from "./frame";
import type { Kind, Measure } from "./kinds";
import { EXTRA } from "./layout";
import type { EvidenceLayout } from "./layout";
import { isMissing } from "./maps";
import type { Column } from "./payload";
import { FADED_FILL, HELPS, HURTS, groupColour, inkOn, isFaded } from "./scales";
import { pageOf, rampOf, rgb, tone } from "./scales";
import type { CanvasSurface } from "./surface";
import { clipped } from "./text";
import { inSource, panelOf } from "./view";
import { shadingOf } from "./shading";

/** One column: its values by place, NaN if missing. */
export interface Shown {
  source: number;
  /** For attention, the kind of map, and the measure: with or without the value's length. */
  kind: Kind | null;
  measure: Measure;
  column: Column | null;
  values: Float64Array;
}

export const widthOf = ({ kind, bar }: EvidenceLayout, one: Shown): number =>
  one.kind ? kind : bar + (one.column?.texts.length ? EXTRA.words : 0);

export class Painter {
  /** @param order the place of every row. */
  constructor(
    private readonly board: Board,
    private readonly surface: CanvasSurface,
    private readonly layout: EvidenceLayout,
    private readonly order: number[],
  ) {}

  paint(columns: Shown[][]): void {
    this.titles();
    const { layout } = this;
    layout.blocks.forEach((block, i) => {
      const kinds = columns[i].filter((one) => one.kind);
      const bars = columns[i].filter((one) => !one.kind);
      let { x } = block;
      for (const one of kinds) {
        if (one.kind) this.kind(one, one.kind, x);
        x += layout.kind;
      }
      if (bars.length && kinds.length) this.marks(kinds[kinds.length - 1], bars[0], x);
      x += EXTRA.mark;
      for (const one of bars) {
        this.bars(one, x);
        x += widthOf(layout, one);
      }
    });
  }

  private titles(): void {
    const { surface, order } = this;
    const { data, theme } = this.board;
    const { line, titles, titlesAt, font, every } = this.layout;
    const { ink } = theme.ink;
    order.forEach((place, row) => {
      const middle = (row + 0.5) * line;
      const colour = groupColour(data, place);
      if (colour) surface.rect(titlesAt - 6, row * line, 3, line + 0.3, colour);
      if ((order.length - 1 - row) % every) return;
      const slot = { size: 11, align: "right", fill: ink, alpha: 0.75 } as const;
      surface.text(data.slots[place], titlesAt - 9, middle, slot);
      const title = clipped(itemName(data, place), titles - 8, font);
      surface.text(title, titlesAt, middle, { size: font, fill: ink });
    });
  }

  private kind({ source, values, measure }: Shown, kind: Kind, x: number): void {
    const { surface, order } = this;
    const { line, kind: width } = this.layout;
    const { data, theme, state } = this.board;
    const from = data.sources[source];
    const spec = { ...inSource(data, panelOf(state.view, source), source), kind };
    const found = this.board.maps.grid({ ...spec, kind: shownKind(from, kind) }, measure);
    if (isMissing(found)) return;
    const shading = shadingOf(this.board, found, false, theme.ink);
    const colours = rampOf(false, shading.scale, theme.ink);
    const last = lastPlace(from);
    const marked = largest(values);
    order.forEach((place, row) => {
      const value = values[place];
      if (Number.isNaN(value)) return;
      const faded = isFaded(shading, last * data.n + shownAt(from, place));
      const t = tone(shading, last, value);
      const gap = line > 4 ? 1 : 0;
      const fill = faded ? FADED_FILL : rgb(colours, t);
      surface.rect(x + 0.5, row * line, width - 1, line - gap, fill);
      if (line < 11 || faded) return;
      const weight = marked.has(place) ? 700 : 400;
      const look = { size: 11, align: "center", fill: inkOn(colours, t), weight } as const;
      surface.text(cellText(shading, last, value), x + width / 2, (row + 0.5) * line, look);
    });
  }

  /** Marks of items where attention and effect disagree. */
  private marks(mixed: Shown, effect: Shown, x: number): void {
    const { surface, order } = this;
    const { line } = this.layout;
    const { data, theme } = this.board;
    const count = mixed.values.filter((value) => !Number.isNaN(value)).length;
    const sum = mixed.values.reduce((all, value) => all + (Number.isNaN(value) ? 0 : value), 0);
    if (!sum || line < 6) return;
    const times = mixed.values.map((value) => (value * count) / sum);
    const found = disagreements(times, effect.values);
    const middle = x + EXTRA.mark / 2;
    order.forEach((place, row) => {
      const sort = found.get(place);
      if (!sort || !data.n) return;
      const fill = theme.ink.ink;
      const y = (row + 0.5) * line;
      if (sort === "unattended") surface.dot(middle, y, 3, fill, true);
      else surface.dot(middle, y, 3, fill, false);
    });
  }

  /** Bars from zero, to the right if the item helps the target. */
  private bars({ source, column, values }: Shown, x: number): void {
    const { surface, layout, order } = this;
    const { data, theme } = this.board;
    const { line, bar: width } = layout;
    const page = pageOf(theme.ink);
    const [least, most] = this.ends(column?.title ?? "");
    const marked = largest(values);
    const unit = most - least ? (width - 8) / (most - least) : 0;
    const nothing = x + 2 - least * unit;
    surface.rect(nothing - 0.5, 0, 1, line * order.length, theme.ink.ink, 0.25);
    order.forEach((place, row) => {
      const value = values[place];
      if (Number.isNaN(value)) return;
      const middle = (row + 0.5) * line;
      const length = Math.abs(value) * unit;
      const thick = Math.max(1, Math.min(9, line * 0.55));
      const fill = (value < 0 ? HURTS : HELPS)[page];
      const left = value < 0 ? nothing - length : nothing;
      const strong = marked.has(place);
      surface.rect(left, middle - thick / 2, Math.max(1, length), thick, fill, strong ? 1 : 0.5);
      const text = column?.texts[data.sources[source].itemAt[place]];
      if (!text || !strong || line < 11) return;
      const look = { size: 11, fill: theme.ink.ink };
      surface.text(text, Math.max(nothing, left + length) + 3, middle, look);
    });
  }

  /** The smallest and the largest value, including 0, of all columns with one title. */
  private ends(title: string): [number, number] {
    const all = this.board.data.sources.flatMap(({ columns }) =>
      columns.filter((column) => column.title === title).flatMap(({ values }) => values),
    );
    const known = all.map((value) => value ?? 0);
    return [Math.min(0, ...known), Math.max(0, ...known)];
  }
}
