/** Text in a given room: measured, cut, wrapped. */

export const FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";
/** So many cut texts are remembered. */
const MOST_REMEMBERED = 5000;

const remembered = new Map<string, string>();
let ruler: CanvasRenderingContext2D | null = null;
let family = FONT;

/** The font of everything that is drawn: the page's. */
export const fontFamily = (): string => family;

export function setFont(name: string): void {
  if (name === family) return;
  family = name;
  remembered.clear();
}

/** Pixels. */
export function measured(text: string, size: number): number {
  ruler ??= contextOf(document.createElement("canvas"));
  ruler.font = `${size}px ${family}`;
  return ruler.measureText(text).width;
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser gives no 2D context to a canvas");
  return context;
}

/** The text, or as much of it as there is room for. */
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

/** The longest beginning that fits with an ellipsis; an id at the end, which tells an item from
 * others of its title, is kept where there is room for it. */
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

/** Lines of words; a word that is longer than a line is cut. */
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
