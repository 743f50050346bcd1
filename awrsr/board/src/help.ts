/** The words and keys of the board, each with one small picture; opened by "?". */

import type { Board } from "./board";
import { button, element, svg } from "./dom";

const EDGE = 9;
const ROWS = 4;
const SIZE = EDGE * ROWS + 2;

type Picture = (query: number, key: number) => string;

const FAINT = "color-mix(in srgb, currentColor 14%, transparent)";
const STRONG = "var(--st-primary-color, #2f5fc4)";
const MIDDLE = "color-mix(in srgb, var(--st-primary-color, #2f5fc4) 45%, transparent)";

/** Words, their meaning, and which cells of a small map are coloured. */
const WORDS: [word: string, meaning: string, picture: Picture][] = [
  [
    "query, a row",
    "The item whose attention is shown. The last row makes the prediction.",
    (query) => (query === 2 ? STRONG : FAINT),
  ],
  [
    "key, a column",
    "The item that receives attention: the query itself or an older item.",
    (_, key) => (key === 1 ? STRONG : FAINT),
  ],
  [
    "first order, A",
    "The weights of ordinary attention. Each row sums to one.",
    (query, key) => (key === query - 1 ? STRONG : FAINT),
  ],
  [
    "second order, S",
    "Attention over rows of A: items with related attention attend to each other.",
    (query, key) => (query === 3 && key === 0 ? STRONG : query === key ? MIDDLE : FAINT),
  ],
  [
    "refined, M",
    "The weights that mix the values: A and S combined as the model's formula says.",
    (query, key) => (key === query - 1 ? MIDDLE : query === 3 && key === 0 ? STRONG : FAINT),
  ],
];

const KEYS: [keys: string, meaning: string][] = [
  ["arrows, Page Up, Page Down", "move in the map that has the focus"],
  ["Enter", "lock the cell: its sum is shown above the rows"],
  ["R", "lock the row"],
  ["Escape", "release"],
  ["N, P", "next and previous example of Start here"],
  ["?", "open and close this help"],
];

export class Help {
  readonly box = element("dialog", "ab-help");
  private built = false;

  constructor(private readonly board: Board) {
    this.box.setAttribute("aria-label", "Words and keys of the board");
    const press = (event: KeyboardEvent) => {
      if (!board.box.isConnected) document.removeEventListener("keydown", press);
      else if (event.key === "?" && !isTyped(event)) this.toggle();
    };
    document.addEventListener("keydown", press);
  }

  /** The button that opens it. */
  opener(): HTMLButtonElement {
    const made = button("ab-act", "?", "Words and keys of the board");
    made.title = "Words and keys of the board (?)";
    made.onclick = () => {
      this.toggle();
    };
    return made;
  }

  toggle(): void {
    if (!this.built) this.build();
    if (this.box.open) this.box.close();
    else this.box.showModal();
  }

  private build(): void {
    this.built = true;
    const close = button("ab-close", "\u00d7", "Close");
    close.onclick = () => {
      this.box.close();
    };
    const words = element("div", "ab-words");
    for (const [word, meaning, picture] of WORDS)
      words.append(pictureOf(picture), described(word, meaning));
    const keys = element("div", "ab-keys");
    for (const [key, meaning] of KEYS)
      if (this.board.inApp || !key.startsWith("N"))
        keys.append(element("kbd", "", key), element("span", "", meaning));
    this.box.append(close, element("h4", "", "Words"), words, element("h4", "", "Keys"), keys);
    this.box.onclick = (event) => {
      if (event.target === this.box) this.box.close(); // a click outside
    };
  }
}

function described(word: string, meaning: string): HTMLElement {
  const made = element("div");
  made.append(element("b", "", word), element("div", "", meaning));
  return made;
}

function pictureOf(picture: Picture): SVGSVGElement {
  const drawn = svg("svg", { width: SIZE, height: SIZE, "aria-hidden": "true" });
  for (let query = 0; query < ROWS; query++)
    for (let key = 0; key <= query; key++) {
      const place = { x: key * EDGE + 1, y: query * EDGE + 1, width: EDGE - 1, height: EDGE - 1 };
      const cell = svg("rect", place);
      cell.style.fill = picture(query, key);
      drawn.append(cell);
    }
  return drawn;
}

/** Whether a key is pressed in an input. */
function isTyped(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}
