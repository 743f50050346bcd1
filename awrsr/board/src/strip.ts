/** The strip: what the last row of every map attends to. */

import type { Board } from "./board";
import { itemName, lastPlace } from "./data";
import type { Data } from "./data";
import { element } from "./dom";
import { headName } from "./kinds";
import { STRIP, stripLayout } from "./layout";
import type { StripLayout } from "./layout";
import { Sheet } from "./marks";
import type { DrawnStrip } from "./marks";
import { isMissing } from "./maps";
import { short } from "./numbers";
import { pointing } from "./pointer";
import { rowsOf } from "./rows";
import type { Row } from "./rows";
import { FADED_FILL, inkOn, isFaded, rampOf, rgb, tone } from "./scales";
import type { Ink } from "./scales";
import { CanvasSurface, sized } from "./surface";
import type { Surface } from "./surface";
import { clipped, contextOf } from "./text";

/** Bars from this width on have a number in them. */
const NUMBERED = 28;

export class Strip {
  readonly title = element("h4");
  readonly box = element("div", "ab-box");
  drawn: DrawnStrip[] = [];
  private readonly canvas = element("canvas");
  private readonly context = contextOf(this.canvas);
  private readonly own: DrawnStrip;
  private titledFor = "";

  constructor(private readonly board: Board) {
    const sheet = new Sheet();
    const place = { x: 0, y: 0, cell: 0 };
    const spec = board.state.view.panels[0];
    this.own = { type: "strip", sheet, canvas: this.canvas, spec, rows: [], ...place };
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute(
      "aria-label",
      "Last row of every map: the same numbers as the last rows of the maps above",
    );
    this.box.append(this.canvas, sheet.over);
    pointing(board, this.canvas, this.own);
  }

  draw(): void {
    const { data, width, theme, state } = this.board;
    const { panels, linked } = state.view;
    const rows = rowsOf(data, state.view);
    const layout = stripLayout(data.n, width, rows.length, linked);
    this.drawTitle();
    const labels = rows.map(({ label }) => label);
    const look = [data.signature, theme.name, layout.width, layout.x, labels];
    const titleFor = [...look, window.devicePixelRatio].join();
    if (titleFor !== this.titledFor) {
      const context = sized(this.canvas, layout.width, layout.height);
      paintTitles(new CanvasSurface(context), data, layout, rows, theme.ink);
    }
    this.titledFor = titleFor;
    this.context.clearRect(layout.x, layout.y - 1, layout.width, rows.length * STRIP.pitch);
    const surface = new CanvasSurface(this.context);
    rows.forEach((row, i) => {
      this.paintRow(surface, layout, row, layout.y + i * STRIP.pitch);
    });
    const { x, y, cell } = layout;
    Object.assign(this.own, { spec: panels[0], rows, x, y, cell });
    this.own.sheet.fit(layout.width, layout.height);
    this.drawn = [this.own];
  }

  private drawTitle(): void {
    const { panels, linked } = this.board.state.view;
    const [{ layer, head }] = panels;
    const place = linked
      ? `layer ${layer + 1}, ${headName(head)}`
      : "layer and head as chosen above";
    const what = "what the newest item, where the prediction is made, attends to";
    this.title.textContent = "The last row ";
    this.title.append(element("span", "", `\u00b7 ${what}; ${place}`));
  }

  private paintRow(surface: Surface, layout: StripLayout, { spec }: Row, y: number): void {
    const { data, theme } = this.board;
    const { x, cell } = layout;
    const middle = y + STRIP.bar / 2;
    const found = this.board.grid(spec);
    if (isMissing(found)) {
      const look = { size: 10.5, fill: theme.ink.ink, alpha: 0.7 };
      surface.text("\u2014 no rollout of contributions", x + 4, middle, look);
      return;
    }
    const last = lastPlace(data.sources[spec.source]);
    const shading = this.board.shading(found, false, theme.ink);
    const colours = rampOf(false, theme.ink);
    for (let k = 0; k < data.n; k++) {
      const index = last * data.n + k;
      const value = found.z[index];
      if (Number.isNaN(value)) continue;
      const t = tone(shading, last, value);
      const faded = isFaded(shading, index);
      const fill = faded ? FADED_FILL : rgb(colours, t);
      surface.rect(x + k * cell + 0.5, y, Math.max(1, cell - 1), STRIP.bar, fill);
      if (cell < NUMBERED || faded) continue;
      const look = { size: 10, align: "center", fill: inkOn(colours, t) } as const;
      surface.text(short(value), x + (k + 0.5) * cell, middle, look);
    }
  }
}

/** Slanted titles above the bars, numbers below, labels beside. */
function paintTitles(
  surface: Surface,
  data: Data,
  { x, y, cell }: StripLayout,
  rows: Row[],
  { ink }: Ink,
): void {
  const every = Math.ceil(13.5 / cell);
  const across = Math.ceil((data.slots[data.n - 1].length * 6 + 6) / cell);
  const size = 10.5;
  for (let i = data.n - 1; i >= 0; i -= every) {
    const title = clipped(itemName(data, i), (y - 14) * 1.25, size);
    surface.text(title, x + (i + 0.5) * cell, y - 6, { size, turn: -STRIP.slant, fill: ink });
  }
  const below = y + rows.length * STRIP.pitch + 8;
  for (let i = data.n - 1; i >= 0; i -= across) {
    const look = { size: 10, align: "center", fill: ink, alpha: 0.8 } as const;
    surface.text(data.slots[i], x + (i + 0.5) * cell, below, look);
  }
  rows.forEach(({ label }, i) => {
    const middle = y + i * STRIP.pitch + STRIP.bar / 2;
    surface.text(label, x - 8, middle, { size: 11, align: "right", fill: ink });
  });
}
