/** What changes while a person looks at one payload, and who is told of it. */

import type { Asked } from "./answers";
import type { Cell, MapSpec, View } from "./view";

/** A locked cell as Python is told of it, and the maps that were on view. */
export interface Told {
  query: number;
  key: number | null;
  panels: { source: string; layer: number; head: MapSpec["head"]; kind: MapSpec["kind"] }[];
}
export type Tell = (lock: Told | null) => void;
/** Asks Python for what it has to compute. */
export type Ask = (asked: Asked) => void;

/** There is one of it; every part of the board reads it. */
export interface State {
  view: View;
  /** The cell under the pointer or the keyboard's cursor. */
  hover: Cell | null;
  /** Whether it was reached by keys: then there is no pointer to read it out beside. */
  steered: boolean;
  /** The maps on view when the cell was locked; null where it was locked by the address. */
  lockedOn: string | null;
  /** The locked places that were told last. */
  told: string;
  /** What was not understood in the address. */
  strange: string[];
}
