/** Rows of several maps side by side, and their weight by kind of key. */

import { kindName, kindsOf } from "./data";
import type { Data } from "./data";
import { headingOf } from "./kinds";
import type { Place } from "./kinds";
import type { Maps } from "./maps";
import { inSource, panelOf } from "./view";
import type { MapSpec, View } from "./view";

export interface Row {
  spec: MapSpec;
  label: string;
}

/** One row for every source and kind, at its chosen layer and head. */
export function rowsOf(data: Data, view: View): Row[] {
  return data.sources.flatMap((from, source) => {
    const spec = inSource(data, panelOf(view, source), source);
    const apart = view.linked ? "" : ` ${headingOf(spec.layer, spec.head)}`;
    return kindsOf(from).map((kind) => ({
      spec: { ...spec, kind },
      label: `${from.name} ${kindName(from, kind)}${apart}`,
    }));
  });
}

export type Masses = Record<Place, number>;

/** The weight of a row by kind of key; each key counts once, under the first kind that applies.
 * Null if the source lacks the item at that place. */
export function massesOf(data: Data, maps: Maps, spec: MapSpec, place: number): Masses | null {
  const source = data.sources[spec.source];
  const query = source.where[place];
  if (query < 0) return null;
  const weights = maps.weights(spec);
  const item = source.itemAt[query];
  const previous = item > 0 ? source.places[item - 1] : -1;
  const { items, groups } = data;
  const placeOf = (key: number): Place => {
    if (key === query) return "self";
    if (items[key] === items[query]) return "repeats";
    if (key === previous) return "previous";
    if (key === source.places[0]) return "first";
    return groups && groups.each[key] === groups.each[query] ? "group" : "rest";
  };
  const masses = { self: 0, repeats: 0, previous: 0, first: 0, group: 0, rest: 0 };
  for (const key of source.places) {
    if (key > query) break;
    masses[placeOf(key)] += weights[query * data.n + key];
  }
  return masses;
}

export const total = (masses: Masses): number => Object.values(masses).reduce((a, b) => a + b, 0);
