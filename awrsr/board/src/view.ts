/** The user's choices; only these are written into the address. */

import type { Data, Source } from "./data";
import { FACTS, KINDS, TOGETHER, isOneOf, keysOf } from "./kinds";
import type { Fact, Head, Kind, Measure, Mode, Scale, Size } from "./kinds";

/** Identifies one map. */
export interface MapSpec {
  /** Index of the source. */
  source: number;
  layer: number;
  head: Head;
  kind: Kind;
}

/** A cell by places on the common axis; a whole row without a key. */
export interface Position {
  query: number;
  key: number | null;
}

/** A cell under the pointer, with the layer and head of that map. */
export interface Cell extends Position {
  layer?: number;
  head?: Head;
}

export interface View {
  /** The large maps: one, or two side by side. */
  panels: MapSpec[];
  /** Whether both large maps show the same layer, head and kind. */
  linked: boolean;
  mode: Mode;
  measure: Measure;
  scale: Scale;
  /** Percentage of a row's sum in the drawn keys. */
  share: number;
  size: Size;
  /** The columns of the evidence. */
  facts: Fact[];
  lock: Position | null;
}

/** The last map that mixes the values, over all heads; the cards above the board describe it. */
const lastRefined = (data: Data, source: number): MapSpec => ({
  source,
  layer: data.sources[source].layers - 1,
  head: data.sources[source].heads > 1 ? "mean" : 0,
  kind: "refined",
});

export const defaults = (data: Data): View => ({
  panels: (data.sources.length > 1 ? [0, 1] : [0]).map((source) => lastRefined(data, source)),
  linked: true,
  mode: "maps",
  measure: "weight",
  scale: "even",
  share: 100,
  size: "fit",
  facts: keysOf(FACTS).filter((fact) => fact !== "value"),
  lock: null,
});

/** An unchecked choice from an address. */
export interface AskedSpec {
  source: number;
  layer: number;
  head: number | string;
  kind: string | undefined;
}

/** The nearest existing map; null if the choice is invalid. */
export function valid(data: Data, asked: AskedSpec): MapSpec | null {
  const source = data.sources[asked.source] as Source | undefined;
  if (!source || !isOneOf(KINDS, asked.kind)) return null;
  const within = (value: number, count: number) => Math.min(Math.max(0, value), count - 1);
  const layer = within(asked.layer, source.layers);
  const head = isOneOf(TOGETHER, asked.head)
    ? asked.head
    : within(Number(asked.head), source.heads);
  if (!Number.isInteger(layer) || Number.isNaN(head)) return null;
  return { source: asked.source, layer, head, kind: asked.kind };
}

/** The nearest layer, head and kind in another source. */
export const inSource = (data: Data, spec: MapSpec, source: number): MapSpec =>
  valid(data, { ...spec, source }) ?? spec;

/** One map's layer, head and kind for all large maps, each with its own source. */
export const alike = (data: Data, panels: MapSpec[], spec: MapSpec): MapSpec[] =>
  panels.map(({ source }) => inSource(data, spec, source));

/** The large maps after a change of one; linked maps follow. */
export function changed(
  data: Data,
  { panels, linked }: View,
  place: number,
  change: Partial<MapSpec>,
): MapSpec[] {
  const asked = { ...panels[place], ...change };
  const spec = valid(data, asked) ?? asked;
  const others = panels.map((panel, i) => (i === place ? spec : panel));
  return linked ? alike(data, others, spec) : others;
}

/** The sources of the large maps, "0|1". */
export const comparedPair = (view: View): string =>
  view.panels.map(({ source }) => source).join("|");

/** All pairs of sources, plus the pair on view if it is not among them. */
export function pairs(data: Data, view: View): string[] {
  const found = data.sources.flatMap((_, a) =>
    data.sources.slice(a + 1).map((__, i) => `${a}|${a + 1 + i}`),
  );
  const now = comparedPair(view);
  return found.includes(now) ? found : [now, ...found];
}

/** The large maps after another pair of sources is chosen. */
export const ofPair = (data: Data, view: View, pair: string): MapSpec[] =>
  pair.split("|").map((source, i) => inSource(data, view.panels[i], Number(source)));

/** The large map of a source, or the first large map if it has none. */
export const panelOf = (view: View, source: number): MapSpec =>
  view.panels.find((panel) => panel.source === source) ?? view.panels[0];

export const sameMap = (a: MapSpec, b: MapSpec): boolean =>
  a.layer === b.layer && a.head === b.head && a.kind === b.kind;

/** The same choices on other data, if they are valid for them. */
export function carriedOver(view: View, before: Data, data: Data): View {
  const fresh = defaults(data);
  const panels = fresh.panels.map((panel, i) => {
    const old = view.panels.at(i);
    if (!old) return panel;
    const { name } = before.sources[old.source];
    const source = data.sources.findIndex((other) => other.name === name);
    return valid(data, { ...old, source: source < 0 ? panel.source : source }) ?? panel;
  });
  const next: View = {
    ...view,
    panels,
    mode: panels.length > 1 ? view.mode : "maps",
    lock: lockOn(view.lock, before, data),
  };
  // Show the added variant: the first model on both histories.
  if (data.sources.length > before.sources.length && data.sources.length > 2) {
    const first = data.sources[0].name;
    const variant = data.sources.findIndex((other, i) => i > 0 && other.name.startsWith(first));
    next.panels = [0, Math.max(variant, 0)].map((source, i) =>
      inSource(data, next.panels[i], source),
    );
  }
  return next;
}

/** The lock on the same two items; repeats are counted from the newest. */
function lockOn(lock: Position | null, before: Data, data: Data): Position | null {
  if (!lock) return null;
  const moved = (place: number): number => {
    const item = before.items[place];
    const later = before.items.slice(place).filter((other) => other === item).length;
    const places = data.items.flatMap((other, i) => (other === item ? [i] : []));
    return places.length >= later ? places[places.length - later] : -1;
  };
  const query = moved(lock.query);
  if (query < 0) return null;
  if (lock.key === null) return { query, key: null };
  const key = moved(lock.key);
  return key < 0 || key > query ? null : { query, key };
}
