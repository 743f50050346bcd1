/** The strands of a flow: the drawn ones, their places, and the one under a point. */

import type { Flow } from "./answers";

interface Point {
  x: number;
  y: number;
}

/** One path of the score from an item before a layer to an item after it; places on the axis. */
export interface Strand {
  layer: number;
  query: number;
  key: number;
  path: "first" | "refinement" | "residual";
  value: number;
  from: Point;
  to: Point;
  thick: number;
}

export interface StrandPlace {
  x: number;
  y: number;
  /** Height of a row. */
  line: number;
  /** From the first column of nodes to the last. */
  width: number;
  /** The places of the source's items on the axis. */
  places: number[];
}

/** Maximum number of drawn strands per layer, and their minimum share of the largest. */
const MOST = 60;
const LEAST = 0.01;
const THICK = { least: 0.75, most: 13 };
const NEAR = 4;
/** Number of points of a curve from which the pointer's distance is measured. */
const STEPS = 16;

/** The drawn strands, thickest first. */
export function strands(flow: Flow, { x, y, line, width, places }: StrandPlace): Strand[] {
  const step = width / flow.first.length;
  const middle = (place: number) => y + (place + 0.5) * line;
  const all = flow.first.map((_, layer) => {
    const found: Strand[] = [];
    const add = (query: number, key: number, path: Strand["path"], value: number) => {
      if (!value) return;
      const [q, k] = [places[query], places[key]];
      const from = { x: x + layer * step, y: middle(k) };
      const to = { x: x + (layer + 1) * step, y: middle(q) };
      found.push({ layer, query: q, key: k, path, value, from, to, thick: 0 });
    };
    for (let q = 0, i = 0; q < places.length; q++) {
      for (let k = 0; k <= q; k++, i++) {
        add(q, k, "first", flow.first[layer][i]);
        add(q, k, "refinement", flow.refinement[layer]?.[i] ?? 0);
      }
      add(q, q, "residual", flow.residual[layer][q]);
    }
    found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    return found.slice(0, MOST);
  });
  const drawn = all.flat();
  const top = Math.max(0, ...drawn.map(({ value }) => Math.abs(value)));
  const enough = drawn.filter(({ value }) => Math.abs(value) >= LEAST * top);
  for (const strand of enough)
    strand.thick = Math.max(THICK.least, (Math.abs(strand.value) / top) * THICK.most);
  return enough.sort((a, b) => b.thick - a.thick);
}

/** A point of the curve of a strand, from 0 to 1. */
function along({ from, to }: Strand, t: number): Point {
  const bend = (from.x + to.x) / 2;
  const cubic = (a: number, b: number, c: number, d: number) =>
    a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t ** 2 * (1 - t) + d * t ** 3;
  return { x: cubic(from.x, bend, bend, to.x), y: cubic(from.y, from.y, to.y, to.y) };
}

/** The nearest strand, if it is near the point; among equals the thinnest, which is drawn last. */
export function underPoint(drawn: Strand[], x: number, y: number): Strand | null {
  let best: { strand: Strand; distance: number } | null = null;
  for (const strand of drawn) {
    if (x < strand.from.x - NEAR || x > strand.to.x + NEAR) continue;
    for (let i = 0; i <= STEPS; i++) {
      const point = along(strand, i / STEPS);
      const far = Math.hypot(point.x - x, point.y - y);
      const distance = Math.max(0, far - strand.thick / 2);
      if (distance <= NEAR && (best === null || distance <= best.distance))
        best = { strand, distance };
    }
  }
  return best?.strand ?? null;
}

/** The parts of the score that pass a layer by each path. */
export interface LayerSums {
  first: number;
  refinement: number;
  residual: number;
  constants: number;
}

const total = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

export const layerSums = (flow: Flow): LayerSums[] =>
  flow.first.map((first, layer) => ({
    first: total(first),
    refinement: total(flow.refinement[layer] ?? []),
    residual: total(flow.residual[layer]),
    constants: flow.constants[layer],
  }));
