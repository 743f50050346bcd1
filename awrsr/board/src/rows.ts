/** The last rows side by side, and where the weight of a row lies. */

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

/** One row for every source and kind, at the layer and head that are chosen for it. */
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

/** Where the weight of a row lies: each key counts once, under the first name that fits. Null where
 * the source has not the item of that place. */
export function massesOf(data: Data, maps: Maps, spec: MapSpec, place: number): Masses | null {
  const source = data.sources[spec.source];
  const query = source.where[place];
  if (query < 0) return null;
  const weights = maps.weights(spec);
  const own = source.itemAt[query];
  const previous = own > 0 ? source.places[own - 1] : -1;
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
