/** How to read what is drawn, in a few sentences. */

import type { Data } from "./data";
import type { View } from "./view";

const READING =
  "What could only be a later item is left empty. Rows run downwards and keys to the right, " +
  "older to newer; titles stand on the diagonal. The last row of the last layer makes the " +
  "prediction.";

/** Whether the large maps are of one history. */
const sameItems = ({ sources }: Data, { panels }: View): boolean =>
  new Set(panels.map(({ source }) => sources[source].places.join())).size < 2;

/** What a number in a cell is. */
function cellNote(data: Data, view: View): string {
  if (view.measure === "contribution")
    return (
      "A cell is the attention weight times the length of the key's value after the output " +
      "projection (of the mean, for STOSA): how far that weight moves the query's state; rows " +
      "have no fixed sum."
    );
  if (view.mode === "difference") {
    const where = sameItems(data, view)
      ? "."
      : " over the keys of both histories; only what both have on one place of the axis is drawn.";
    return `Weights of a row sum to 1 in both maps, so differences sum to 0${where}`;
  }
  if (view.panels.some(({ head }) => head === "max"))
    return "Rows of one head sum to 1; the maximum over heads sums to more.";
  return "Every row of a map is one item attending to itself and to older items, and sums to 1.";
}

/**
 * @param every of so many titles of a large map one is drawn.
 * @param strange what was not understood in the address.
 */
export function notes(data: Data, view: View, every: number, strange: string[]): string {
  const summed = view.mode === "difference" ? "absolute difference" : "sum";
  return [
    cellNote(data, view),
    READING,
    view.share < 100
      ? `Kept are the fewest keys that hold ${view.share} % of a row's ${summed}.`
      : "",
    every > 1
      ? `Of ${every} titles one is drawn; all are under the pointer, and with "Size: large".`
      : "",
    data.repeats.some(Boolean) ? "\u21ba and framed cells: the same item at another slot." : "",
    strange.length ? `Not understood in the address and left out: ${strange.join(", ")}.` : "",
  ].join(" ");
}
