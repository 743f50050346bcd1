/** How the locked cell is computed: a sentence and a sum for each large map, above the rows. */

import type { Board } from "./board";
import { cellIn, kindName, shownKind } from "./data";
import { bandsOf } from "./bands";
import { button, element } from "./dom";
import { KINDS, headName, keysOf } from "./kinds";
import { isMissing } from "./maps";
import { digits, shortTimes, signed } from "./numbers";
import { modelColour } from "./scales";
import type { Cut, Why } from "./payload";
import { layerSums } from "./strands";
import type { LayerSums } from "./strands";
import type { MapSpec, Position } from "./view";

const PATHS: Record<keyof LayerSums, string> = {
  first: "first order",
  refinement: "refinement",
  residual: "around attention",
  constants: "constants",
};
const FLOW_HELP = "its parts by path. Click a band to cut it in the model.";
/** Number of keys in the description of a row. */
const KEYS_SAID = 3;

export class Dock {
  readonly box = element("div", "ab-dock");
  private drawnFor = "";

  constructor(private readonly board: Board) {}

  draw(): void {
    const { data, state, theme, answers } = this.board;
    const { lock, panels, mode } = state.view;
    const { whys = [], cut = null, flows = [] } = answers.now ?? {};
    const look = [lock && whys, panels, mode, cut, flows.length];
    const drawFor = JSON.stringify([data.signature, theme.name, lock, ...look]);
    if (drawFor === this.drawnFor) return;
    this.drawnFor = drawFor;
    const flowing = mode === "flow" && flows.length > 0;
    this.box.hidden = lock === null && !flowing;
    this.box.replaceChildren();
    if (!lock && flowing) this.box.append(...panels.map((spec) => this.sums(spec, cut)));
    if (!lock) return;
    this.box.append(...panels.map((spec) => this.part(spec, lock, whys)));
    const release = button("ab-close", "\u00d7", "Release the locked cell");
    release.title = "Release the locked cell (Escape)";
    release.onclick = () => {
      this.board.lock(null);
    };
    this.box.append(release);
  }

  private part(spec: MapSpec, lock: Position, whys: Why[]): HTMLElement {
    const { data, theme } = this.board;
    const source = data.sources[spec.source];
    const made = element("div", "ab-dock-part");
    const words = element("div", "ab-said");
    const letter = element("b", "", source.name);
    letter.style.color = modelColour(source.name, theme.ink);
    words.append(letter, ` ${lock.key === null ? this.row(spec, lock) : this.cell(spec, lock)}`);
    words.title = `${this.where(spec)}: ${words.textContent}`;
    made.append(words);
    if (lock.key === null) return made;
    const kind = shownKind(source, spec.kind);
    const why = whys.find(
      (one) =>
        one.source === source.name &&
        one.layer === spec.layer &&
        one.head === spec.head &&
        one.kind === kind,
    );
    if (!why) return made;
    words.append(` = ${why.text}`);
    words.title = `${this.where(spec)}: ${words.textContent}`;
    if (why.terms.length > 1) made.append(bandsOf(why, theme.ink));
    return made;
  }

  /** The parts of the score by layer and path, and the effect of the last cut. */
  private sums({ source }: MapSpec, cut: Cut | null): HTMLElement {
    const { data, theme, answers } = this.board;
    const { name } = data.sources[source];
    const made = element("div", "ab-dock-part");
    const flow = answers.flow(name);
    if (!flow) return made;
    const letter = element("b", "", name);
    letter.style.color = modelColour(name, theme.ink);
    const words = element("div", "ab-said");
    words.append(letter, ` score ${signed(flow.score)}${cut ? "" : `: ${FLOW_HELP}`}`);
    if (cut?.band.source === name) words.append(`. ${this.cut(cut)}`);
    words.title = words.textContent;
    const table = element("table");
    const head = element("tr");
    head.append(element("th"));
    for (const path of keysOf(PATHS)) head.append(element("th", `ab-path ab-${path}`, PATHS[path]));
    table.append(head);
    layerSums(flow).forEach((sums, layer) => {
      const row = element("tr");
      row.append(element("td", "", `layer ${layer + 1}`));
      for (const path of keysOf(PATHS)) row.append(element("td", "", signed(sums[path])));
      table.append(row);
    });
    made.append(words, table);
    return made;
  }

  private cut({ band, before, after }: Cut): string {
    const { slots } = this.board.data;
    const what = band.part === "refinement" ? "Refinement undone" : "Cut";
    const scores = `score ${signed(before.score)} \u2192 ${signed(after.score)}`;
    const ranks = `rank ${before.rank} \u2192 ${after.rank}`;
    const where = `${slots[band.key]} \u2192 ${slots[band.query]} in layer ${band.layer + 1}`;
    return `${what}, ${where}: ${scores}, ${ranks}.`;
  }

  private where({ source, layer, head, kind }: MapSpec): string {
    const from = this.board.data.sources[source];
    const what = from.unrefined ? kindName(from, shownKind(from, kind)) : KINDS[kind];
    return `${what}, layer ${layer + 1}, ${headName(head)}`;
  }

  /** "gives Clueless 1.7 times an even share". */
  private cell(spec: MapSpec, { query, key }: Position): string {
    const { data } = this.board;
    const source = data.sources[spec.source];
    const at = cellIn(data, source, { query, key });
    const found = this.board.maps.grid(spec, "weight");
    if (at === null || isMissing(found)) return "has no such cell.";
    const weight = found.z[at];
    const row = Math.floor(at / data.n);
    const times = shortTimes(weight / found.even(row));
    const title = data.titles[key ?? query];
    return `gives ${title} ${times}\u00d7 an even share, ${digits(weight)}`;
  }

  private row(spec: MapSpec, { query }: Position): string {
    const { data } = this.board;
    const source = data.sources[spec.source];
    const place = source.where[query];
    const found = this.board.maps.grid(spec, "weight");
    if (place < 0 || isMissing(found)) return "has no such row.";
    const keys = source.places.filter((key) => key <= place);
    const weight = (key: number) => found.z[place * data.n + key];
    keys.sort((a, b) => weight(b) - weight(a));
    const even = found.even(place);
    const shares = keys
      .slice(0, KEYS_SAID)
      .map((key) => `${data.titles[key]} ${shortTimes(weight(key) / even)}\u00d7`);
    return `row ${data.slots[place]} gives most to ${shares.join(", ")}`;
  }
}
