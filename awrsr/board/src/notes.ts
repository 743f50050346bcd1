/** How to read the maps, in a few sentences. */

import type { Data } from "./data";
import type { View } from "./view";

const READING =
  "Rows are queries and columns are keys, both older to newer; titles are on the diagonal. " +
  "Cells of later items are empty (causal mask). The last row of the last layer makes the " +
  "prediction.";

/** Whether the large maps show the same history. */
const sameItems = ({ sources }: Data, { panels }: View): boolean =>
  new Set(panels.map(({ source }) => sources[source].places.join())).size < 2;

/** The meaning of a cell's value. */
function cellNote(data: Data, view: View): string {
  if (view.measure === "contribution")
    return (
      "A cell is the attention weight times the norm of the key's value after the output " +
      "projection (of the mean, for STOSA): how far this weight moves the query's state. Rows " +
      "have no fixed sum."
    );
  if (view.mode === "difference") {
    const where = sameItems(data, view)
      ? "."
      : " over the keys of both histories; only items at a common place of the axis are drawn.";
    return `Weights of a row sum to 1 in both maps, so differences sum to 0${where}`;
  }
  if (view.panels.some(({ head }) => head === "max"))
    return "Rows of one head sum to 1; the maximum over heads sums to more.";
  return "A row is the attention of one item to itself and to older items; it sums to 1.";
}

/**
 * @param every one of this many titles of a large map is drawn.
 * @param strange parts of the address that were not understood.
 */
export function notes(data: Data, view: View, every: number, strange: string[]): string {
  const summed = view.mode === "difference" ? "absolute difference" : "sum";
  return [
    cellNote(data, view),
    READING,
    view.share < 100
      ? `In colour: the fewest keys that hold ${view.share} % of a row's ${summed}.`
      : "",
    every > 1
      ? `One of ${every} titles is drawn; for the others point at cells or choose "Size: large".`
      : "",
    data.repeats.some(Boolean) ? "\u21ba and framed cells: the same item at several slots." : "",
    strange.length ? `Not understood in the address and left out: ${strange.join(", ")}.` : "",
  ].join(" ");
}
