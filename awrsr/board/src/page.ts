/** The board on an offline page without a server; see awrsr/board/page.html.j2. */

import type { Payload } from "./payload";
import type { Tell } from "./state";

const UNTITLED = "Attention board";

/** The id of the element with the payload. */
const DATA = "data";
const SCRIPT = "script";

/** The name of the function that is the bundle, to copy its own text; see build.js. */
declare function attentionBoard(): unknown;

/** Report the locked cell to the page around a frame, see widget.js. */
const tellParent: Tell = (lock) => {
  parent.postMessage({ attentionBoard: "lock", lock }, "*");
};

/** Mount the board if the document is such a page. */
export function openPage(
  mount: (root: HTMLElement, payload: Payload, tell: Tell | null) => void,
): void {
  const data = document.getElementById(DATA);
  const root = document.getElementById("board");
  const heading = document.getElementById("title");
  if (data?.getAttribute("type") !== "application/json" || !root || !heading) return;
  const payload = JSON.parse(data.textContent) as Payload;
  heading.textContent = payload.title || UNTITLED;
  mount(root, payload, parent === window ? null : tellParent);
}

/** The page of a payload, as awrsr.board.page makes it, by filling the placeholders. */
export function pageOf(payload: Payload): string {
  const page = new DOMParser().parseFromString(payload.page, "text/html");
  page.title = payload.title || UNTITLED;
  const put = (id: string, text: string) => {
    const place = page.getElementById(id);
    if (!place) throw new Error(`the page has no element ${id}`);
    place.textContent = text;
  };
  // "<" occurs only inside JSON strings, where \u003c is equivalent: no tag can be closed.
  put(DATA, JSON.stringify(payload).replace(/</g, "\\u003c"));
  put(SCRIPT, `${attentionBoard.toString()}\nattentionBoard();\n`);
  return `<!doctype html>\n${page.documentElement.outerHTML}\n`;
}
