// Made from awrsr/board/schema.py by `python tools/board_types.py`.

/**
 * Weights of every layer and head, by kind.
 *
 * Lower triangles, row after row, as little-endian 24-bit steps in base64; the name of another
 * kind where both are the same; null where there are none.
 */
export interface PackedMaps {
  first: string | null;
  second: string | null;
  refined: string | null;
}

/**
 * A number for every item of a trace, beside its rows of attention.
 *
 * Args:
 *     title: a word or two; columns of one title share a scale.
 *     about: what the numbers are, in full.
 *     values: one per item of the trace, oldest first; positive helps the target. Null where there
 *         is none.
 *     texts: what more is said of each; empty where nothing is.
 */
export interface Column {
  title: string;
  about: string;
  values: (number | null)[];
  texts: string[];
}

/**
 * One trace.
 *
 * Args:
 *     name: short and distinct, "A".
 *     title: the model's.
 *     places: of its items on the axis, increasing.
 *     where: for every place of the axis the place of the same item in this trace, -1 where it
 *         lacks it.
 *     layers: how many.
 *     heads: of each layer.
 *     formula: what the refined weights are.
 *     noSecondOrder: where there is no second order, what mixes the values instead; else empty.
 *     floor: of a model that learns no attention what it is called, and so its maps; else null.
 *     norms: lengths of transformed values, (layer, head, key) as little-endian float32 in base64.
 *     maps: the weights.
 *     columns: what else is known of each item.
 */
export interface PackedSource {
  name: string;
  title: string;
  places: number[];
  where: number[];
  layers: number;
  heads: number;
  formula: string;
  noSecondOrder: string;
  floor: string | null;
  norms: string;
  maps: PackedMaps;
  columns: Column[];
}

/**
 * The colour band.
 *
 * Args:
 *     name: what the groups are, "genres".
 *     coloured: the groups that have a colour of their own.
 *     each: the group of the item at every place of the axis.
 */
export interface Groups {
  name: string;
  coloured: string[];
  each: string[];
}

/**
 * All that the board draws.
 *
 * Args:
 *     title: what it shows, in words; may be empty.
 *     items: of the axis that all traces share, older to newer.
 *     slots: the number of every place of the axis in its history.
 *     titles: of the items.
 *     groups: of the items, where there are any.
 *     sources: the traces.
 *     page: the template of a page that shows the board alone.
 *     signature: differs where anything else differs.
 *     view: to open with, as in an address: "#left=A.1.1.first"; the first view where not given.
 */
export interface Payload {
  title: string;
  items: number[];
  slots: string[];
  titles: string[];
  groups: Groups | null;
  sources: PackedSource[];
  page: string;
  signature: string;
  view?: string;
}
