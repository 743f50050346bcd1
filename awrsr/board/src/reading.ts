/** The description of a cell: beside the pointer, and below the maps while it is locked. */

import type { Board } from "./board";
import { kindName, kindsOf, lastPlace } from "./data";
import { columnsOf, differenceText, elsewhere, spoken, valueTexts } from "./description";
import type { Described } from "./description";
import { button, element } from "./dom";
import { columnTexts } from "./effects";
import type { Cell } from "./view";

const HELP =
  "Point at a cell to find it in every map; click to lock it, Escape to release it. " +
  "Keys: arrows, Enter, R for the row.";

/** A point of the window. */
interface Point {
  clientX: number;
  clientY: number;
}

const line = (text: string) => element("div", "ab-line", text);

export class Reading {
  readonly box = element("div", "ab-reading");
  readonly tip = element("div", "ab-tip");
  /** Read aloud when its text changes. */
  readonly live = element("div", "ab-hidden");

  constructor(private readonly board: Board) {
    this.tip.setAttribute("aria-hidden", "true");
    this.live.setAttribute("role", "status");
    this.live.setAttribute("aria-live", "polite");
  }

  draw(): void {
    const { state } = this.board;
    const cell = state.steered && state.hover ? state.hover : state.view.lock;
    this.box.replaceChildren();
    if (!cell) {
      this.box.append(element("span", "", HELP));
      return;
    }
    const described = this.described(cell);
    const names = element("div");
    const values = element("div");
    names.append(...this.names(described), ...this.difference(described));
    values.append(...this.values(described));
    this.box.append(names, values);
    if (!state.view.lock) return;
    const release = button("ab-act", "Release", "Release the locked cell");
    release.onclick = () => {
      this.board.lock(null);
    };
    this.box.append(release);
  }

  say(cell: Cell, before = ""): void {
    this.live.textContent = before + spoken(this.described(cell));
  }

  hideTip(): void {
    this.tip.style.visibility = "hidden";
  }

  showTip(at: Point, cell: Cell): void {
    const described = this.described(cell);
    this.tip.replaceChildren(
      ...this.names(described),
      ...this.values(described),
      ...this.difference(described),
    );
    this.placeTip(at);
  }

  showWords(at: Point, words: string[]): void {
    this.tip.replaceChildren(...words.map(line));
    this.placeTip(at);
  }

  /** Place the description next to a point and inside the window. */
  private placeTip(at: Point): void {
    const { tip } = this;
    const page = this.board.box.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = tip;
    let x = at.clientX - page.left + 16;
    let y = at.clientY - page.top + 18;
    if (x + width > page.width) x = Math.max(0, at.clientX - page.left - width - 14);
    if (at.clientY + height + 24 > window.innerHeight) y = at.clientY - page.top - height - 14;
    tip.style.left = `${x}px`;
    tip.style.top = `${y}px`;
    tip.style.visibility = "visible";
  }

  private described(cell: Cell): Described {
    const { data, maps, state } = this.board;
    return { data, maps, view: state.view, cell };
  }

  private names(described: Described): HTMLElement[] {
    const { query, key } = described.cell;
    const items = [this.itemLine("query", query)];
    if (key !== null) items.push(this.itemLine("key", key));
    for (const source of key === null ? [] : this.board.data.sources)
      if (query === lastPlace(source)) items.push(...columnTexts(source, key ?? query).map(line));
    return [...items, ...elsewhere(described).map(line)];
  }

  private itemLine(label: string, place: number): HTMLElement {
    const { slots, titles, groups } = this.board.data;
    const made = element("div", "ab-line");
    const group = groups ? ` \u00b7 ${groups.each[place]}` : "";
    made.append(element("b", "", `${label} ${slots[place]} `), titles[place] + group);
    return made;
  }

  /** The values in all maps: a line per source and kind, a column per layer and head. */
  private values(described: Described): HTMLElement[] {
    if (described.cell.key === null) return [];
    const table = element("table");
    const columns = columnsOf(described);
    const style = ({ now }: { now: boolean }) => (now ? "ab-now" : "");
    const head = element("tr");
    const unit = described.view.measure === "contribution" ? "weight \u00b7 \u00d7 norm" : "";
    head.append(element("th", "", unit));
    head.append(...columns.map((column) => element("th", style(column), column.label)));
    table.append(head);
    this.board.data.sources.forEach((from, source) => {
      for (const kind of kindsOf(from)) {
        const row = element("tr");
        row.append(element("td", "", `${from.name} ${kindName(from, kind)}`));
        valueTexts(described, source, kind, columns).forEach((text, i) => {
          row.append(element("td", style(columns[i]), text));
        });
        table.append(row);
      }
    });
    return [table];
  }

  private difference(described: Described): HTMLElement[] {
    const text = differenceText(described);
    return text === null ? [] : [line(text)];
  }
}
