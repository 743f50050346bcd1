/** The decoded payload: data of every source and of every place of the common axis. */

import type { Column, Groups, PackedSource, Payload } from "./payload";
import { KINDS, headName, isOneOf, keysOf } from "./kinds";
import type { Kind } from "./kinds";
import type { Cell, MapSpec } from "./view";

/** The step of a weight of 1, see awrsr/board/payload.py. */
const STEPS = 2 ** 24 - 1;

export interface Source {
  name: string;
  title: string;
  formula: string;
  noSecondOrder: string;
  floor: string | null;
  layers: number;
  heads: number;
  /** The places of its items on the axis, increasing. */
  places: number[];
  /** The number of its first item in its history. */
  start: number;
  /** For every place of the axis, the place where the source has that item; -1 if it lacks it. */
  where: number[];
  /** For every place of the axis, the index of the source's item there; -1 if none. */
  itemAt: Int32Array;
  /** Lower triangles of all layers and heads, row after row. */
  maps: Record<Kind, Float32Array | null>;
  /** Norms of transformed values: layer, head, key. */
  norms: Float32Array | null;
  /** Further columns of values for its items. */
  columns: Column[];
  /** Whether the first-order weights mix the values. */
  unrefined: boolean;
}

export interface Data {
  payload: Payload;
  signature: string;
  title: string;
  /** The number of places of the axis. */
  n: number;
  items: number[];
  slots: string[];
  titles: string[];
  groups: Groups | null;
  sources: Source[];
  /** For every place, whether one history also has its item at another place. */
  repeats: boolean[];
}

export function decode(payload: Payload): Data {
  const { items, signature, title, slots, titles, groups } = payload;
  const sources = payload.sources.map((source) => decodeSource(source, items.length));
  const repeats = items.map((item, i) =>
    sources.some(
      ({ itemAt, places }) => itemAt[i] >= 0 && places.some((j) => j !== i && items[j] === item),
    ),
  );
  return {
    payload,
    signature,
    title,
    n: items.length,
    items,
    slots,
    titles,
    groups,
    sources,
    repeats,
  };
}

function decodeSource(source: PackedSource, n: number): Source {
  const maps: Record<Kind, Float32Array | null> = { first: null, second: null, refined: null };
  for (const kind of keysOf(KINDS)) {
    const packed = source.maps[kind];
    if (packed !== null)
      maps[kind] = isOneOf(KINDS, packed) ? maps[packed] : unpacked(bytesOf(packed));
  }
  const itemAt = new Int32Array(n).fill(-1);
  source.places.forEach((place, i) => {
    itemAt[place] = i;
  });
  const norms = source.norms === null ? null : floatsOf(source.norms);
  return { ...source, maps, norms, itemAt, unrefined: maps.second === null };
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** Little-endian numbers of 32 bits. */
export const floatsOf = (base64: string): Float32Array => new Float32Array(bytesOf(base64).buffer);

/** Weights from little-endian steps of 24 bits. */
export function unpacked(bytes: Uint8Array): Float32Array {
  const weights = new Float32Array(bytes.length / 3);
  for (let i = 0, j = 0; i < weights.length; i++, j += 3)
    weights[i] = (bytes[j] | (bytes[j + 1] << 8) | (bytes[j + 2] << 16)) / STEPS;
  return weights;
}

/** The kinds of maps to show; without the refined map if it equals the first-order map. */
export const kindsOf = (source: Source): Kind[] =>
  keysOf(KINDS).filter((kind) => source.maps[kind] && !(source.unrefined && kind === "refined"));

/** The name of a kind of map; a model that learns no attention has its own name for it. */
export const kindName = (source: Source, kind: Kind): string =>
  source.floor !== null && kind !== "second" ? source.floor : KINDS[kind];

/** The kind that is drawn for a requested kind. */
export const shownKind = (source: Source, kind: Kind): Kind =>
  kind === "refined" && source.unrefined ? "first" : kind;

/** The name of a map, without its source. */
export function mapName(data: Data, { source, layer, head, kind }: MapSpec): string {
  const from = data.sources[source];
  return `layer ${layer + 1}, ${headName(head)}, ${kindName(from, shownKind(from, kind))}`;
}

export const specName = (data: Data, spec: MapSpec): string =>
  `${data.sources[spec.source].name}, ${mapName(data, spec)}`;

/** An item's title, marked where the item repeats. */
export const itemName = (data: Data, place: number): string =>
  data.titles[place] + (data.repeats[place] ? " \u21ba" : "");

export const lastPlace = (source: Source): number => source.places[source.places.length - 1];

/** The place where a source shows an item; if it lacks the item, the same place, which is empty. */
export const shownAt = (source: Source, place: number): number =>
  source.where[place] < 0 ? place : source.where[place];

/** Index of the cell of the same two items in a source's map; null if there is none. */
export function cellIn(data: Data, source: Source, cell: Cell): number | null {
  if (cell.key === null) return null;
  const query = source.where[cell.query];
  const key = source.where[cell.key];
  return query < 0 || key < 0 || key > query ? null : query * data.n + key;
}
