/** Entry point of the bundle, for the component of the app and for the offline page. */

import { Board } from "./board";
import type { Ask, Tell } from "./state";
import { openPage } from "./page";
import type { Payload } from "./payload";

const boards = new WeakMap<ParentNode, Board>();

/** Draw the board into an element, or update the board that it already has. */
function mount(
  root: ParentNode,
  payload: Payload,
  tell: Tell | null = null,
  ask: Ask | null = null,
): void {
  const board = boards.get(root);
  if (board) board.load(payload, tell, ask);
  else boards.set(root, new Board(root, payload, tell, ask));
}

openPage(mount);

/** The arguments of a Streamlit component. */
interface Component {
  parentElement: ParentNode;
  data: Payload;
  setStateValue: (name: string, value: unknown) => void;
}

export default function component({ parentElement, data, setStateValue }: Component): void {
  mount(
    parentElement,
    data,
    (lock) => {
      setStateValue("lock", lock);
    },
    (asked) => {
      setStateValue("asked", asked);
    },
  );
}
