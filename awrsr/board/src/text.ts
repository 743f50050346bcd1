/** Text in a given width: measured, cut, wrapped. */

export const FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";
/** Number of cut texts in the cache. */
const MOST_REMEMBERED = 5000;

const remembered = new Map<string, string>();
let ruler: CanvasRenderingContext2D | null = null;
let family = FONT;

/** The font of all drawings: the page's font. */
export const fontFamily = (): string => family;

export function setFont(name: string): void {
  if (name === family) return;
  family = name;
  remembered.clear();
}

/** Width in pixels. */
export function measured(text: string, size: number): number {
  ruler ??= contextOf(document.createElement("canvas"));
  ruler.font = `${size}px ${family}`;
  return ruler.measureText(text).width;
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no 2D context for a canvas");
  return context;
}

/** The text, cut to the width. */
export function clipped(text: string, room: number, size: number): string {
  const name = `${room} ${size} ${text}`;
  let found = remembered.get(name);
  if (found === undefined) {
    if (remembered.size > MOST_REMEMBERED) remembered.clear();
    found = cutTo(text, room, (part) => measured(part, size));
    remembered.set(name, found);
  }
  return found;
}

/** The longest beginning that fits with an ellipsis; an id at the end, which distinguishes items
 * with the same title, is kept if there is room. */
export function cutTo(text: string, room: number, width: (text: string) => number): string {
  if (width(text) <= room) return text;
  const id = / \[[^[\]]+\](?: \u21ba)?$/.exec(text)?.[0] ?? "";
  const end = width(`\u2026${id}`) < room ? `\u2026${id}` : "\u2026";
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (width(text.slice(0, middle) + end) <= room) low = middle;
    else high = middle - 1;
  }
  return low || end.length > 1 ? text.slice(0, low).trimEnd() + end : "";
}

/** Lines of words; a word longer than a line is cut. */
export function wrapped(text: string, room: number, width: (text: string) => number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    const longer = last ? `${last} ${word}` : word;
    if (!last || width(longer) <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => cutTo(line, room, width));
}
