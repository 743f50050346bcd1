/** A cell in words and numbers. */

import { slotIn } from "./axis";
import { cellIn, kindName, kindsOf } from "./data";
import type { Data, Source } from "./data";
import { PLACES, headName, headingOf, keysOf } from "./kinds";
import type { Head } from "./kinds";
import { isMissing } from "./maps";
import type { Maps } from "./maps";
import { digits, signedDigits } from "./numbers";
import { massesOf, rowsOf } from "./rows";
import { inSource, panelOf } from "./view";
import type { Cell, View } from "./view";

/** Up to this number of layers times heads, all are read out. */
const ALL_READ_OUT = 8;

/** A cell and the data for its description. */
export interface Described {
  data: Data;
  maps: Maps;
  view: View;
  cell: Cell;
}

/** One text for screen readers. */
export function spoken(described: Described): string {
  const { data, cell } = described;
  const query = `query ${data.slots[cell.query]} ${data.titles[cell.query]}`;
  if (cell.key === null) return `${query}. ${spokenRow(described)}`;
  const key = `key ${data.slots[cell.key]} ${data.titles[cell.key]}`;
  return `${query}, ${key}. ${spokenValues(described)}`;
}

function spokenRow({ data, maps, view, cell }: Described): string {
  return rowsOf(data, view)
    .flatMap(({ spec, label }) => {
      const masses = massesOf(data, maps, spec, cell.query);
      if (!masses) return [];
      const parts = keysOf(PLACES).filter((place) => masses[place] > 0);
      return [`${label}: ${parts.map((p) => `${PLACES[p]} ${masses[p].toFixed(3)}`).join(", ")}`];
    })
    .join(". ");
}

function spokenValues({ data, maps, view, cell }: Described): string {
  return data.sources
    .map((from, source) => {
      const panel = panelOf(view, source);
      const asked = { layer: cell.layer ?? panel.layer, head: cell.head ?? panel.head };
      const spec = inSource(data, { ...panel, ...asked }, source);
      const at = cellIn(data, from, cell);
      const values = kindsOf(from).flatMap((kind) => {
        const found = maps.grid({ ...spec, kind }, view.measure);
        const value = at === null || isMissing(found) ? NaN : found.z[at];
        return Number.isNaN(value) ? [] : [`${kindName(from, kind)} ${digits(value)}`];
      });
      const place = `${from.name}, layer ${spec.layer + 1}, ${headName(spec.head)}`;
      return `${place}: ${values.join(", ")}`;
    })
    .join(". ");
}

/** Sources that have the items at other places, lack one, or have the key after the query. */
export function elsewhere({ data, cell }: Described): string[] {
  const places =
    cell.key === null || cell.key === cell.query ? [cell.query] : [cell.query, cell.key];
  const found = new Map<string, string[]>();
  for (const source of data.sources) {
    const { name, where } = source;
    if (places.every((place) => where[place] === place)) continue;
    const lacking = places.filter((place) => where[place] < 0).map((place) => data.slots[place]);
    const text = lacking.length
      ? `${lacking.join(" and ")} not seen`
      : elsewhereAt(
          data,
          source,
          places.map((place) => where[place]),
        );
    found.set(text, [...(found.get(text) ?? []), name]);
  }
  return [...found].map(([text, names]) => `${names.join(", ")}: ${text}`);
}

function elsewhereAt(data: Data, source: Source, [query, ...keys]: number[]): string {
  const [key] = keys;
  const text = `query at ${slotIn(data, source, query)}`;
  if (!keys.length) return text;
  const newer = key > query ? ", newer: no such cell" : "";
  return `${text}, key at ${slotIn(data, source, key)}${newer}`;
}

/** A layer and head with values to read out. */
export interface Column {
  layer: number;
  head: Head;
  label: string;
  /** Whether it is under the pointer or, for a locked cell, on view. */
  now: boolean;
}

/** All layers and heads if there is room, else those of the layers under the pointer. */
export function columnsOf({ data, view, cell }: Described): Column[] {
  const { layer, head } = cell;
  const now = layer === undefined || head === undefined ? view.panels : [{ layer, head }];
  const column = (l: number, h: Head): Column => ({
    layer: l,
    head: h,
    label: headingOf(l, h),
    now: now.some((one) => one.layer === l && one.head === h),
  });
  const largest = (count: (source: Data["sources"][number]) => number) =>
    Math.max(...data.sources.map(count));
  const all = largest((source) => source.layers * source.heads) <= ALL_READ_OUT;
  const found: Column[] = [];
  for (let l = 0; l < largest((source) => source.layers); l++)
    for (let h = 0; h < largest((source) => source.heads); h++)
      if (all || now.some((one) => one.layer === l)) found.push(column(l, h));
  for (const one of now)
    if (
      typeof one.head === "string" &&
      !found.some((other) => other.layer === one.layer && other.head === one.head)
    )
      found.push(column(one.layer, one.head));
  return found;
}

/** The values of one kind of map of a source, one text per column. */
export function valueTexts(
  { data, maps, view, cell }: Described,
  source: number,
  kind: ReturnType<typeof kindsOf>[number],
  columns: Column[],
): string[] {
  const from = data.sources[source];
  const at = cellIn(data, from, cell);
  return columns.map(({ layer, head }) => {
    const has = layer < from.layers && (typeof head === "string" || head < from.heads);
    if (at === null || !has) return digits(NaN);
    const spec = { source, layer, head, kind };
    const weight = digits(maps.weights(spec)[at]);
    if (view.measure === "weight") return weight;
    const contribution = maps.grid(spec, "contribution");
    return isMissing(contribution) ? weight : `${weight} \u00b7 ${digits(contribution.z[at])}`;
  });
}

/** The difference at the cell, if differences are drawn. */
export function differenceText({ data, maps, view, cell }: Described): string | null {
  if (view.mode !== "difference" || cell.key === null) return null;
  const found = maps.difference(view.panels, view.measure);
  const at = cellIn(data, data.sources[view.panels[0].source], cell);
  const value = isMissing(found) || at === null ? NaN : found.z[at];
  return Number.isNaN(value) ? null : `right minus left: ${signedDigits(value)}`;
}
