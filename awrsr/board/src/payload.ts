// Made from awrsr/board/schema.py by `python tools/board_types.py`.

/**
 * Weights of every layer and head, by kind.
 *
 * Lower triangles, row by row, as little-endian 24-bit steps in base64; the name of another kind
 * if both are equal; null if the trace has no such maps.
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
 *     start: the number of its first item in its history, from 1.
 *     where: for every place of the axis the place of the same item in this trace, -1 if it lacks
 *         the item.
 *     layers: number of layers.
 *     heads: number of heads per layer.
 *     formula: the formula of the refined weights.
 *     noSecondOrder: if there is no second order, a sentence that says what mixes the values
 *         instead; otherwise empty.
 *     floor: the name of a model that learns no attention, and of its maps; otherwise null.
 *     norms: norms of transformed values, (layer, head, key) as little-endian float32 in base64;
 *         None if the model does not record them.
 *     maps: the weights.
 *     columns: further numbers for each item.
 */
export interface PackedSource {
  name: string;
  title: string;
  places: number[];
  start: number;
  where: number[];
  layers: number;
  heads: number;
  formula: string;
  noSecondOrder: string;
  floor: string | null;
  norms: string | null;
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
 *     signature: a hash of all other fields.
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

/**
 * A part of a sum.
 *
 * Args:
 *     label: its name, a few words.
 *     value: its value, in the unit of the sum.
 */
export interface Term {
  label: string;
  value: number;
}

/**
 * The value of a locked cell in one map, as a sum.
 *
 * Args:
 *     source: the name of the trace.
 *     layer: 0-based.
 *     head: 0-based, or "mean" for the mean over heads.
 *     kind: first, second or refined.
 *     text: a description of the sum in a few words.
 *     terms: its largest terms.
 *     others: the number of further terms.
 *     other: the sum of the further terms.
 *     total: the sum of all terms.
 */
export interface Why {
  source: string;
  layer: number;
  head: number | string;
  kind: string;
  text: string;
  terms: Term[];
  others: number;
  other: number;
  total: number;
}

/**
 * The score of the target as a flow through layers, see `awrsr.explain.score_flow`.
 *
 * Args:
 *     source: the name of the trace.
 *     score: the score.
 *     nodes: for the input and after each layer the contribution of every item of the trace.
 *     first: by layer, the flow through first-order weights, all heads together: a lower triangle,
 *         row by row, as little-endian float32 in base64.
 *     refinement: by layer, the flow through the weights added by refinement; null if refinement
 *         adds nothing.
 *     residual: by layer, the flow around attention, for every item.
 *     constants: by layer, the constant terms.
 */
export interface PackedFlow {
  source: string;
  score: number;
  nodes: number[][];
  first: string[];
  refinement: (string | null)[];
  residual: number[][];
  constants: number[];
}

/**
 * One connection between two items in one layer, all heads together.
 *
 * Args:
 *     source: the name of the trace.
 *     layer: 0-based.
 *     query: the place of the query's item.
 *     key: the place of the key's item.
 *     part: attention, the complete weight; or refinement, the part added by refinement.
 */
export interface Band {
  source: string;
  layer: number;
  query: number;
  key: number;
  part: "attention" | "refinement";
}

/**
 * The score and rank of the target.
 *
 * Args:
 *     score: its score.
 *     rank: its rank, 1 is best.
 */
export interface Standing {
  score: number;
  rank: number;
}

/**
 * The effect of a cut: the weights of a band are set to 0, or refinement's part is undone.
 *
 * Args:
 *     band: the band.
 *     before: the target in the unchanged model.
 *     after: the target after the cut.
 */
export interface Cut {
  band: Band;
  before: Standing;
  after: Standing;
}

/**
 * The results that the server has computed for the board after it was drawn.
 *
 * Args:
 *     signature: the signature of the data that the board showed.
 *     whys: the sums of the locked cell; empty if no cell is locked.
 *     flows: the flows of the visible models; an empty list unless requested.
 *     refused: the reason if there is no flow; otherwise empty.
 *     cut: the effect of the last cut, or null.
 */
export interface Answer {
  signature: string;
  whys: Why[];
  flows: PackedFlow[];
  refused: string;
  cut: Cut | null;
}
