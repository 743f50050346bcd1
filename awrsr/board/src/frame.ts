/** All of a large map except the cell colours: titles, numbers, frames, bands. */

import { itemName } from "./data";
import type { Data } from "./data";
import { isNumbered } from "./layout";
import type { MapLayout } from "./layout";
import { short, shortTimes } from "./numbers";
import { MISSING_FILL, groupColour, inkOn, isFaded, rampOf, timesEven, tone } from "./scales";
import type { Shading } from "./scales";
import type { Surface } from "./surface";
import { clipped } from "./text";

/** Minimum cell size for frames around repeated items. */
const FRAMED = 5;
/** A smaller map has short axis labels. */
const TINY = 120;
const OLDER_NEWER = "older \u2192 newer";

interface Frame {
  surface: Surface;
  data: Data;
  shading: Shading;
  layout: MapLayout;
}

/** @param down distance below the layout's place. */
export function paintFrame(
  surface: Surface,
  data: Data,
  shading: Shading,
  layout: MapLayout,
  down = 0,
): void {
  const frame = { surface, data, shading, layout: { ...layout, y: layout.y + down } };
  paintMissing(frame);
  if (layout.cell >= FRAMED) paintRepeats(frame);
  if (isNumbered(layout)) paintNumbers(frame);
  if (data.groups) paintBands(frame);
  paintTitles(frame);
  paintAxes(frame);
}

/** Lines through the slots that this history lacks. */
function paintMissing({ surface, shading, layout: { x, y, cell, line, down } }: Frame): void {
  for (const i of shading.grid.missing) {
    const [across, along] = [Math.max(1, cell * 0.1), Math.max(1, line * 0.1)];
    surface.rect(x, y + i * line + line * 0.45, (i + 1) * cell, along, MISSING_FILL);
    surface.rect(x + i * cell + cell * 0.45, y + i * line, across, down - i * line, MISSING_FILL);
  }
}

/** Frames around cells of an item and its earlier occurrence. */
function paintRepeats({ surface, data, shading, layout: { x, y, cell, line } }: Frame): void {
  const { n, items, repeats } = data;
  for (let q = 0; q < n; q++) {
    if (!repeats[q]) continue;
    for (let k = 0; k < q; k++) {
      if (items[k] !== items[q] || Number.isNaN(shading.grid.z[q * n + k])) continue;
      const [left, top] = [x + k * cell + 1, y + q * line + 1];
      surface.frame(left, top, cell - 2, line - 2, "#000000", 2.5);
      surface.frame(left, top, cell - 2, line - 2, "#ffffff", 1);
    }
  }
}

/** A value as text in its cell: a multiple of an even row if the colours are. */
export function cellText(shading: Shading, query: number, value: number): string {
  if (shading.scale !== "even" || shading.signed) return short(value, shading.signed);
  return shortTimes(timesEven(shading, query, value));
}

function paintNumbers({ surface, shading, layout: { x, y, cell, line } }: Frame): void {
  const { n, z } = shading.grid;
  const { signed, scale, ink } = shading;
  const colours = rampOf(signed, scale, ink);
  for (let q = 0; q < n; q++)
    for (let k = 0; k <= q; k++) {
      const value = z[q * n + k];
      if (Number.isNaN(value) || isFaded(shading, q * n + k)) continue;
      const fill = inkOn(colours, tone(shading, q, value));
      const [middle, height] = [x + (k + 0.5) * cell, y + (q + 0.5) * line];
      const look = { size: 11, align: "center", fill } as const;
      surface.text(cellText(shading, q, value), middle, height, look);
    }
}

/** Colours of the items' groups along both axes. */
function paintBands({ surface, data, layout: { x, y, cell, line, down, aligned } }: Frame): void {
  for (let i = 0; i < data.n; i++) {
    const colour = groupColour(data, i) ?? "none";
    if (!aligned) surface.rect(x - 7, y + i * line, 4, line + 0.3, colour);
    surface.rect(x + i * cell, y + down + 3, cell + 0.3, 4, colour);
  }
}

/** Titles on the diagonal: of the row to their left and of the column below. */
function paintTitles({ surface, data, shading, layout }: Frame): void {
  const { x, y, cell, down, every, width, aligned } = layout;
  const { ink } = shading.ink;
  const missing = new Set(shading.grid.missing);
  const font = Math.max(8.5, Math.min(12, cell * 0.86));
  const beside = Math.min(10, font);
  for (let i = data.n - 1; i >= 0 && !aligned; i -= every) {
    const middle = y + (i + 0.5) * cell;
    const number = { size: beside, align: "right", fill: ink, alpha: 0.8 } as const;
    surface.text(data.slots[i], x - 11, middle, number);
    const from = x + (i + 1) * cell + 4;
    const title = clipped(itemName(data, i), width - from - 2, font);
    surface.text(title, from, middle, { size: font, fill: ink, alpha: missing.has(i) ? 0.5 : 1 });
  }
  const across = every * Math.ceil(19 / (cell * every));
  const below = aligned ? 11 : Math.min(10, Math.max(8.5, font));
  for (let i = data.n - 1; i >= 0; i -= across) {
    const number = { size: below, align: "center", fill: ink, alpha: 0.8 } as const;
    surface.text(data.slots[i], x + (i + 0.5) * cell, y + down + 15, number);
  }
}

function paintAxes({ surface, shading, layout: { x, y, size, down, aligned } }: Frame): void {
  const tiny = size < TINY;
  const look = { size: 11, fill: shading.ink.ink, alpha: 0.8 };
  const query = tiny ? "query" : `query, ${OLDER_NEWER}`;
  if (!aligned) surface.text(query, 9, y + down / 2, { ...look, align: "center", turn: 90 });
  const align = tiny ? "left" : "center";
  const at = tiny ? x : x + size / 2;
  surface.text(`key, ${OLDER_NEWER}`, at, y + down + 29, { ...look, align });
}
