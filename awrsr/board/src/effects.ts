/** Effects of items next to their attention, and items for which the two disagree. */

import { kindsOf } from "./data";
import type { Source } from "./data";
import type { Fact, Kind } from "./kinds";
import type { Block } from "./layout";
import { signed } from "./numbers";
import type { Column } from "./payload";

/** Number of a column's largest values that are marked. */
const MARKED = 3;
/** A narrower page shows one column of bars per model. */
const ONE_BAR = 480;

/** The columns of a source. */
export function blockOf(source: Source, width: number, facts: Fact[]): Block {
  const columns = barsOf(source, width, facts);
  const worded = columns.filter(({ texts }) => texts.length).length;
  const cells = shownKinds(source, facts).length + Number(facts.includes("value"));
  return { kinds: cells, bars: columns.length, worded };
}

/** The chosen kinds of attention; a model without a second order has one. */
export const shownKinds = (source: Source, facts: Fact[]): Kind[] =>
  kindsOf(source).filter(
    (kind) => facts.includes(kind) || (source.unrefined && facts.includes("refined")),
  );

/** The chosen bars: those of removals have ranks as texts, attributions have none. */
export function barsOf({ columns }: Source, width: number, facts: Fact[]): Column[] {
  const chosen = columns.filter(({ texts }) =>
    facts.includes(texts.length ? "removal" : "attribution"),
  );
  return width < ONE_BAR ? chosen.slice(0, 1) : chosen;
}

/** The places of the largest values, by magnitude. */
export function largest(values: Float64Array, count = MARKED): Set<number> {
  const places = [...values.keys()].filter((i) => !Number.isNaN(values[i]) && values[i] !== 0);
  places.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  return new Set(places.slice(0, count));
}

/** The places sorted by value, largest first; places without a value are last. */
export function sortedBy(values: Float64Array): number[] {
  const weight = (i: number) => (Number.isNaN(values[i]) ? -Infinity : values[i]);
  return [...values.keys()].sort((a, b) => weight(b) - weight(a) || a - b);
}

/** An effect below this share of the largest is unimportant. */
const HARDLY = 0.1;
/** Attention of at least this multiple of an even share is large. */
const MUCH = 2;

/**
 * Important items with less than an even share of attention, and unimportant items with large
 * attention.
 *
 * @param times attention of each item, in multiples of an even share.
 * @param effects score that the target loses without each item.
 */
export function disagreements(
  times: Float64Array,
  effects: Float64Array,
): Map<number, "unattended" | "unimportant"> {
  const found = new Map<number, "unattended" | "unimportant">();
  const important = largest(effects);
  const strongest = Math.max(0, ...[...important].map((place) => Math.abs(effects[place])));
  times.forEach((share, place) => {
    if (Number.isNaN(share) || Number.isNaN(effects[place])) return;
    if (important.has(place) && share < 1) found.set(place, "unattended");
    else if (share >= MUCH && Math.abs(effects[place]) < HARDLY * strongest)
      found.set(place, "unimportant");
  });
  return found;
}

/** An item's values in the columns beside attention, one text per column. */
export const columnTexts = (source: Source, place: number): string[] => {
  const item = source.itemAt[place];
  if (item < 0) return [];
  return source.columns.flatMap(({ title, values, texts }) => {
    const value = values[item];
    if (value === null) return [];
    const more = texts.length ? `, ${texts[item]}` : "";
    return [`${source.name}, ${title}: ${signed(value)}${more}`];
  });
};
