/** The axis of a map: the places of the histories on view, or of one history in its own order. */

import { shownAt } from "./data";
import type { Data, Source } from "./data";

export interface Axis {
  /** The place of every row and column. */
  places: number[];
  /** The data of these places alone. */
  data: Data;
}

/** Whether two histories have an item of both at different places, as after a change of order. */
export const isReordered = (a: Source, b: Source): boolean =>
  a.places.some((place) => b.where[place] >= 0 && b.where[place] !== place);

const PRIME = "\u2032";

/** The number of a slot in a source's history; one in another order numbers its own slots. */
export const slotIn = (data: Data, source: Source, place: number): string =>
  isReordered(data.sources[0], source)
    ? `${source.start + source.itemAt[place]}${PRIME}`
    : data.slots[place];

/** One history in its own order. */
export function ownAxis(data: Data, source: Source): Axis {
  const axis = axisOf(data, source.places);
  const slots = source.places.map((place) => slotIn(data, source, place));
  return { ...axis, data: { ...axis.data, slots } };
}

/** These places of the data. */
export function axisOf(data: Data, places: number[]): Axis {
  const at = <T>(values: T[]): T[] => places.map((place) => values[place]);
  const { groups } = data;
  const own = {
    n: places.length,
    items: at(data.items),
    slots: at(data.slots),
    titles: at(data.titles),
    repeats: at(data.repeats),
    groups: groups && { ...groups, each: at(groups.each) },
  };
  return { places, data: { ...data, ...own } };
}

/** All places at which one of these histories has an item. */
export const sharedPlaces = (sources: Source[]): number[] =>
  [...new Set(sources.flatMap(({ places }) => places))].sort((a, b) => a - b);

/** The row of an item in a map of a source; -1 if there is none. */
export const indexIn = (axis: Axis, source: Source, place: number): number =>
  axis.places.indexOf(shownAt(source, place));

/** One row per item of histories in several orders: the places of the first, and of items it
 * lacks. */
export const rowsOf = ([first, ...others]: Source[]): number[] => [
  ...first.places,
  ...new Set(others.flatMap(({ places }) => places.filter((place) => first.where[place] < 0))),
];

/** Values at the places of rows, each from the place where its source has the row's item. */
export function byItem(values: Float64Array, { where }: Source, rows: number[]): Float64Array {
  const found = new Float64Array(values.length).fill(NaN);
  for (const row of rows) if (where[row] >= 0) found[row] = values[where[row]];
  return found;
}
