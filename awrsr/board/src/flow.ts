/** The flow of the target's score through the layers of one model, on the rows of its items. */

import type { Flow } from "./answers";
import type { Board } from "./board";
import { element } from "./dom";
import { strands, underPoint } from "./strands";
import type { Strand, StrandPlace } from "./strands";
import type { MapLayout } from "./layout";
import { signed } from "./numbers";
import { HELPS, HURTS, pageOf } from "./scales";
import type { Band } from "./payload";
import { sized } from "./surface";
import { fontFamily } from "./text";

/** The looks of paths: through first-order weights, through refinement, around attention. */
const DASH = [3, 2.5];
const ALPHA = { first: 0.85, refinement: 0.9, residual: 0.45 };
const NODE = { least: 1.2, most: 4.5 };
/** The line below the rows, with the name of each column. */
const FOOT = { line: 14, font: 11 };

const PATHS: Record<Strand["path"], string> = {
  first: "through first-order attention",
  refinement: "through what refinement adds",
  residual: "around attention",
};

export class FlowMap {
  readonly holder = element("div", "ab-box ab-flow");
  private readonly canvas = element("canvas");
  private drawn: Strand[] = [];
  private flow: Flow | null = null;
  private layout: MapLayout | null = null;
  private pointed: Strand | null = null;

  constructor(
    private readonly board: Board,
    private source: number,
  ) {
    this.holder.append(this.canvas);
    this.canvas.setAttribute("role", "img");
    this.holder.addEventListener("pointermove", (event) => {
      this.point(this.under(event), event);
    });
    this.holder.addEventListener("pointerleave", () => {
      this.point(null, null);
    });
    this.holder.addEventListener("click", (event) => {
      const strand = this.under(event);
      if (strand && strand.path !== "residual") this.board.answers.ask(this.band(strand));
    });
  }

  draw(source: number, flow: Flow, layout: MapLayout): void {
    Object.assign(this, { source, flow, layout, pointed: null });
    const { data } = this.board;
    const place: StrandPlace = {
      ...{ x: layout.x, y: layout.y, line: layout.line, width: layout.size },
      places: data.sources[source].places,
    };
    this.drawn = strands(flow, place);
    this.paint();
    const { name } = data.sources[source];
    const words = `The flow of the target's score ${signed(flow.score)} in ${name}`;
    this.canvas.setAttribute("aria-label", words);
  }

  private under(event: MouseEvent): Strand | null {
    const at = this.canvas.getBoundingClientRect();
    return underPoint(this.drawn, event.clientX - at.left, event.clientY - at.top);
  }

  private band({ layer, query, key, path }: Strand): Band {
    const { name } = this.board.data.sources[this.source];
    return { source: name, layer, query, key, part: path === "refinement" ? path : "attention" };
  }

  private point(strand: Strand | null, event: MouseEvent | null): void {
    const { board } = this;
    if (strand !== this.pointed) {
      this.pointed = strand;
      this.paint();
      board.point(strand && { query: strand.query, key: strand.key, layer: strand.layer });
    }
    if (strand && event) board.reading.showWords(event, this.words(strand));
    else board.reading.hideTip();
  }

  private words({ layer, query, key, path, value }: Strand): string[] {
    const { data } = this.board;
    const named = (place: number) => `${data.slots[place]} ${data.titles[place]}`;
    const from = query === key ? named(key) : `${named(key)} \u2192 ${named(query)}`;
    const cuts = path === "residual" ? [] : ["Click to cut it in the model"];
    return [`${from}, layer ${layer + 1}`, `${PATHS[path]}: ${signed(value)}`, ...cuts];
  }

  private paint(): void {
    const { layout, flow } = this;
    if (!layout || !flow) return;
    const c = sized(this.canvas, layout.width, layout.height);
    const { theme, data } = this.board;
    const page = pageOf(theme.ink);
    for (const strand of this.drawn) {
      const { from, to, thick, value, path } = strand;
      const bend = (from.x + to.x) / 2;
      c.beginPath();
      c.moveTo(from.x, from.y);
      c.bezierCurveTo(bend, from.y, bend, to.y, to.x, to.y);
      c.lineWidth = thick;
      c.strokeStyle = (value < 0 ? HURTS : HELPS)[page];
      c.globalAlpha = ALPHA[path] * (this.pointed && this.pointed !== strand ? 0.25 : 1);
      c.setLineDash(path === "refinement" ? DASH : []);
      c.stroke();
    }
    c.setLineDash([]);
    c.globalAlpha = 1;
    const top = Math.max(...flow.nodes.flat().map(Math.abs)) || 1;
    const step = layout.size / Math.max(1, flow.nodes.length - 1);
    const { places } = data.sources[this.source];
    flow.nodes.forEach((column, i) => {
      column.forEach((value, item) => {
        if (!value) return;
        c.beginPath();
        const radius = NODE.least + Math.sqrt(Math.abs(value) / top) * (NODE.most - NODE.least);
        const y = layout.y + (places[item] + 0.5) * layout.line;
        c.arc(layout.x + i * step, y, radius, 0, 2 * Math.PI);
        c.fillStyle = (value < 0 ? HURTS : HELPS)[page];
        c.fill();
      });
      c.font = `400 ${FOOT.font}px ${fontFamily()}`;
      c.fillStyle = theme.ink.ink;
      c.textAlign = i === 0 ? "left" : i === flow.nodes.length - 1 ? "right" : "center";
      const y = layout.y + layout.down + FOOT.line;
      c.fillText(i === 0 ? "items" : `layer ${i}`, layout.x + i * step, y);
    });
  }
}
