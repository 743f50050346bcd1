/** The state of a board for one payload, and the lock reported to Python. */

import type { Asked } from "./answers";
import type { Cell, MapSpec, View } from "./view";

/** A locked cell as reported to Python, with the maps that were on view. */
export interface Told {
  query: number;
  key: number | null;
  panels: { source: string; layer: number; head: MapSpec["head"]; kind: MapSpec["kind"] }[];
}
export type Tell = (lock: Told | null) => void;
/** Sends a request to Python. */
export type Ask = (asked: Asked) => void;

/** One object, read by every part of the board. */
export interface State {
  view: View;
  /** The cell under the pointer or the keyboard's cursor. */
  hover: Cell | null;
  /** Whether it was reached by keys: then no pointer shows where to put the description. */
  steered: boolean;
  /** The maps on view when the cell was locked; null if the address locked it. */
  lockedOn: string | null;
  /** The locked places in the last report. */
  told: string;
  /** Parts of the address that were not understood. */
  strange: string[];
}
