/** The ledger: attention weight of a row by kind of key, for every map. */

import { slotIn } from "./axis";
import type { Board } from "./board";
import { lastPlace } from "./data";
import { element } from "./dom";
import { PLACES, keysOf } from "./kinds";
import type { Place } from "./kinds";
import { massesOf, rowsOf, total } from "./rows";
import type { Masses } from "./rows";

interface Column {
  label: string;
  masses: Masses | null;
}

/** A cell of the table; without a place it is the sum of its column. */
interface TableCell {
  place: Place | null;
  column: number;
  words: Text;
  td: HTMLElement;
}

export class Ledger {
  readonly title = element("h4");
  readonly box = element("div", "ab-ledger");
  private cells: TableCell[] = [];
  private drawnFor = "";
  private builtFor = "";

  constructor(private readonly board: Board) {}

  draw(): void {
    const { data, state } = this.board;
    const { lock, linked, panels } = state.view;
    const drawFor = JSON.stringify([data.signature, lock ? lock.query : null, linked, panels]);
    if (drawFor === this.drawnFor) return;
    this.drawnFor = drawFor;
    this.drawTitle();
    const columns = this.columns();
    const buildFor = JSON.stringify([data.groups?.name, columns.map(({ label }) => label)]);
    if (buildFor !== this.builtFor) this.box.replaceChildren(this.table(columns));
    this.builtFor = buildFor;
    // Changing the words of a table is faster than building a new one.
    for (const { place, column, words, td } of this.cells) {
      const { masses } = columns[column];
      const mass = masses && (place ? masses[place] : total(masses));
      words.data = mass === null ? "not seen" : mass.toFixed(3);
      if (place) td.style.background = mass === null ? "" : barOf(mass);
    }
  }

  private drawTitle(): void {
    const { data, state } = this.board;
    const { lock } = state.view;
    const row = lock ? lock.query : lastPlace(data.sources[0]);
    const isOne = lock !== null || data.sources.every((source) => lastPlace(source) === row);
    this.title.textContent = isOne
      ? `Row ${data.slots[row]}, ${data.titles[row]} `
      : "The last row of each history ";
    const what = lock
      ? "locked"
      : "the last row, which makes the prediction; lock a cell to see another row";
    const how =
      "attention weight by kind of key; each key counts once, in the first line that applies";
    this.title.append(element("span", "", `\u00b7 ${what} \u00b7 ${how}`));
  }

  private columns(): Column[] {
    const { data, maps, state } = this.board;
    const { lock } = state.view;
    return rowsOf(data, state.view).map(({ spec, label }) => {
      const source = data.sources[spec.source];
      const place = lock ? lock.query : lastPlace(source);
      const match = source.where[place];
      const moved = match >= 0 && match !== place;
      return {
        label: moved ? `${label}, row ${slotIn(data, source, match)}` : label,
        masses: massesOf(data, maps, spec, place),
      };
    });
  }

  private table(columns: Column[]): HTMLElement {
    const { groups } = this.board.data;
    const table = element("table");
    const titles = element("tr");
    titles.append(element("th", "", "key"));
    titles.append(...columns.map(({ label }) => element("th", "", label)));
    table.append(titles);
    this.cells = [];
    for (const place of keysOf(PLACES)) {
      if (place === "group" && !groups) continue;
      const text = place === "group" ? `same ${groups?.name} (first listed)` : PLACES[place];
      table.append(this.line(text, place, columns.length));
    }
    table.append(this.line("sum", null, columns.length));
    return table;
  }

  private line(text: string, place: Place | null, columns: number): HTMLElement {
    const row = element("tr");
    row.append(element("td", "", text));
    for (let column = 0; column < columns; column++) {
      const td = element("td");
      const words = document.createTextNode(" ");
      td.append(words);
      row.append(td);
      this.cells.push({ place, column, words, td });
    }
    return row;
  }
}

const barOf = (mass: number) =>
  `linear-gradient(to right, rgba(70,130,180,.28) ${(mass * 100).toFixed(1)}%, transparent 0)`;
