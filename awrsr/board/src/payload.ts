// Made from awrsr/board/schema.py by `python tools/board_types.py`.

/**
 * Weights of every layer and head, by kind.
 *
 * Lower triangles, row by row, as little-endian 24-bit steps in base64; the name of another kind
 * if both are equal; null if there are none.
 */
export interface PackedMaps {
  first: string | null;
  second: string | null;
  refined: string | null;
}

/**
 * A number for every item of a trace, drawn beside its rows of attention.
 *
 * Args:
 *     title: one or two words; columns with the same title share a scale.
 *     about: a full description of the numbers.
 *     values: one per item of the trace, oldest first; positive helps the target; null if missing.
 *     texts: one further text per item, or an empty list.
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
 *     name: a short, unique name, "A".
 *     title: the title of the model.
 *     places: the places of its items on the axis, ascending.
 *     where: for every place of the axis the place of the same item in this trace, -1 if it lacks
 *         the item.
 *     layers: number of layers.
 *     heads: number of heads per layer.
 *     formula: the formula of the refined weights.
 *     noSecondOrder: if there is no second order, what mixes the values instead; otherwise empty.
 *     floor: the name of a model that learns no attention, and of its maps; otherwise null.
 *     norms: norms of transformed values, (layer, head, key) as little-endian float32 in base64.
 *     maps: the weights.
 *     columns: further numbers for each item.
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
 *     name: the word for the groups, "genres".
 *     coloured: the groups with their own colour.
 *     each: the group of the item at every place of the axis.
 */
export interface Groups {
  name: string;
  coloured: string[];
  each: string[];
}

/**
 * All data that the board draws.
 *
 * Args:
 *     title: title of the board; may be empty.
 *     items: the items of the axis that all traces share, older to newer.
 *     slots: the number of every place of the axis in its history.
 *     titles: titles of the items.
 *     groups: groups of the items, or null.
 *     sources: the traces.
 *     page: the template of a page that shows only the board.
 *     signature: changes if anything else changes.
 *     view: the view to open with, as in an address: "#left=A.1.1.first"; default: the first view.
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
