/** Maps to draw from recorded weights: single heads, combined heads, rollout, differences. */

import type { Data, Source } from "./data";
import { KINDS, keysOf } from "./kinds";
import type { Kind, Measure } from "./kinds";
import type { MapSpec } from "./view";

/** Numbers on the common axis, with lazily derived values. */
export class Grid {
  private tops: Float32Array | null = null;
  private shares: Float32Array | null = null;
  private counts = new Int32Array(0);
  private sums = new Float64Array(0);

  /**
   * @param n number of places of the axis.
   * @param z query by key, row by row; NaN if there is no cell.
   */
  constructor(
    readonly n: number,
    readonly z: Float32Array,
  ) {}

  /** The largest magnitude of every row. */
  get rowTops(): Float32Array {
    if (!this.tops) {
      this.tops = new Float32Array(this.n);
      for (let q = 0; q < this.n; q++)
        for (let k = 0; k <= q; k++)
          this.tops[q] = Math.max(this.tops[q], Math.abs(this.z[q * this.n + k]) || 0);
    }
    return this.tops;
  }

  get top(): number {
    return this.rowTops.reduce((a, b) => Math.max(a, b), 0);
  }

  /** Number of cells of a row: keys that the query may attend to. */
  keysOf(query: number): number {
    this.sumUp();
    return this.counts[query];
  }

  /** The value of each cell of a row if the row were even. */
  even(query: number): number {
    this.sumUp();
    return this.counts[query] ? this.sums[query] / this.counts[query] : NaN;
  }

  /** The largest magnitude, as a multiple of the value in an even row. */
  get topTimes(): number {
    return this.rowTops.reduce((largest, top, q) => Math.max(largest, top * this.keysOf(q)), 0);
  }

  /** Evenness: entropy divided by its maximum, mean over rows with at least two keys; null if there
   * is no such row. */
  get evenness(): number | null {
    let [sum, rows] = [0, 0];
    for (let q = 0; q < this.n; q++) {
      const count = this.keysOf(q);
      if (count < 2 || !this.sums[q]) continue;
      let entropy = 0;
      for (let i = q * this.n; i <= q * this.n + q; i++) {
        const share = Math.abs(this.z[i]) / this.sums[q];
        if (share > 0) entropy -= share * Math.log(share);
      }
      sum += entropy / Math.log(count);
      rows += 1;
    }
    return rows ? sum / rows : null;
  }

  private sumUp(): void {
    if (this.counts.length) return;
    this.counts = new Int32Array(this.n);
    this.sums = new Float64Array(this.n);
    for (let q = 0; q < this.n; q++)
      for (let i = q * this.n; i <= q * this.n + q; i++)
        if (!Number.isNaN(this.z[i])) {
          this.counts[q] += 1;
          this.sums[q] += Math.abs(this.z[i]);
        }
  }

  /** For every cell, the share of its row in larger cells. If it is below a given share, the cell
   * belongs to the fewest keys that hold that share. */
  get before(): Float32Array {
    if (!this.shares) {
      this.shares = new Float32Array(this.n * this.n);
      for (let q = 0; q < this.n; q++) this.shareRow(q, this.shares);
    }
    return this.shares;
  }

  private shareRow(query: number, shares: Float32Array): void {
    const start = query * this.n;
    const keys = [];
    let total = 0;
    for (let i = start; i <= start + query; i++)
      if (!Number.isNaN(this.z[i])) {
        keys.push(i);
        total += Math.abs(this.z[i]);
      }
    keys.sort((a, b) => Math.abs(this.z[b]) - Math.abs(this.z[a]));
    let sum = 0;
    for (const i of keys) {
      shares[i] = total ? sum / total : 0;
      sum += Math.abs(this.z[i]);
    }
  }

  /** Places without an item of the map's history. */
  get missing(): number[] {
    return [...Array(this.n).keys()].filter((i) => Number.isNaN(this.z[i * this.n + i]));
  }
}

/** Why there is no map, in one sentence. */
export interface Missing {
  why: string;
}
export const isMissing = (found: Grid | Missing): found is Missing => "why" in found;

/** All maps of one board, each computed only once. */
export class Maps {
  private readonly grids = new Map<string, Grid | Missing>();
  private largestContribution: number | null = null;

  constructor(private readonly data: Data) {}

  grid(spec: MapSpec, measure: Measure): Grid | Missing {
    const { source, layer, head, kind } = spec;
    return this.once([source, layer, head, kind, measure].join(), () => {
      const from = this.data.sources[source];
      if (!from.maps[kind]) return { why: from.noSecondOrder };
      if (measure === "contribution" && from.norms === null) return { why: NO_NORMS };
      const values = triangle(from, spec, measure);
      return values ? this.onAxis(from, values) : { why: NO_ROLLOUT };
    });
  }

  /** A map, or the difference of two, with these places alone. */
  on(places: number[], shown: MapSpec | MapSpec[], measure: Measure): Grid | Missing {
    const found = Array.isArray(shown)
      ? this.difference(shown, measure)
      : this.grid(shown, measure);
    if (isMissing(found) || places.length === found.n) return found;
    const name = [JSON.stringify(shown), measure, places].join(" ");
    return this.once(name, () => compact(found, places));
  }

  /** A map that is known to exist. */
  weights(spec: MapSpec): Float32Array {
    const found = this.grid(spec, "weight");
    if (isMissing(found)) throw new Error(`no weights of ${JSON.stringify(spec)}: ${found.why}`);
    return found.z;
  }

  /** Right minus left, on the places of the left history, where both have the query and the key. */
  difference([left, right]: MapSpec[], measure: Measure): Grid | Missing {
    const [a, b] = [left, right].map((spec) => this.grid(spec, measure));
    if (isMissing(a)) return a;
    if (isMissing(b)) return b;
    return this.once(`difference ${JSON.stringify([left, right])} ${measure}`, () => {
      const { n } = this.data;
      const { where } = this.data.sources[right.source];
      const z = new Float32Array(n * n).fill(NaN);
      for (let q = 0; q < n; q++)
        for (let k = 0; k <= q; k++)
          if (where[q] >= where[k] && where[k] >= 0)
            z[q * n + k] = b.z[where[q] * n + where[k]] - a.z[q * n + k];
      return new Grid(n, z);
    });
  }

  /** The largest value of all single heads, so that all maps share one scale. */
  largest(measure: Measure): number {
    if (measure === "weight") return 1;
    if (this.largestContribution === null) {
      let largest = 0;
      this.data.sources.forEach((from, source) => {
        for (const kind of keysOf(KINDS))
          for (let layer = 0; layer < from.layers; layer++)
            for (let head = 0; head < from.heads; head++) {
              const found = this.grid({ source, layer, head, kind }, measure);
              if (!isMissing(found)) largest = Math.max(largest, found.top);
            }
      });
      this.largestContribution = largest || 1;
    }
    return this.largestContribution;
  }

  private once(name: string, make: () => Grid | Missing): Grid | Missing {
    let found = this.grids.get(name);
    if (!found) {
      found = make();
      this.grids.set(name, found);
    }
    return found;
  }

  private onAxis({ places }: Source, values: Float32Array): Grid {
    const { n } = this.data;
    const z = new Float32Array(n * n).fill(NaN);
    for (let q = 0, i = 0; q < places.length; q++)
      for (let k = 0; k <= q; k++, i++) z[places[q] * n + places[k]] = values[i];
    return new Grid(n, z);
  }
}

/** The cells of these places alone. */
export function compact({ n, z }: Grid, places: number[]): Grid {
  const size = places.length;
  const cells = new Float32Array(size * size).fill(NaN);
  for (let q = 0; q < size; q++)
    for (let k = 0; k <= q; k++) cells[q * size + k] = z[places[q] * n + places[k]];
  return new Grid(size, cells);
}

const NO_ROLLOUT =
  "Rollout multiplies weights over layers; contributions of single layers do not multiply. " +
  "Choose a head, or show weights.";

const NO_NORMS = "This model records attention weights without values. Show weights.";

/** Weights or contributions of the source's own items: a lower triangle, row by row. */
function triangle(
  source: Source,
  { layer, head, kind }: Omit<MapSpec, "source">,
  measure: Measure,
): Float32Array | null {
  const map = source.maps[kind];
  if (!map || (head === "rollout" && measure === "contribution")) return null;
  if (head === "rollout") return rollout(source, layer, kind);
  const n = source.places.length;
  const size = (n * (n + 1)) / 2;
  const values = new Float32Array(size);
  const heads = typeof head === "number" ? [head] : [...Array(source.heads).keys()];
  for (const one of heads) {
    const start = (layer * source.heads + one) * size;
    const at = (layer * source.heads + one) * n;
    const norms = measure === "contribution" ? source.norms?.subarray(at, at + n) : undefined;
    for (let q = 0, i = 0; q < n; q++)
      for (let k = 0; k <= q; k++, i++) {
        const value = map[start + i] * (norms ? norms[k] : 1);
        values[i] = head === "max" ? Math.max(values[i], value) : values[i] + value / heads.length;
      }
  }
  return values;
}

/** Like awrsr.explain.rollout: each layer averages its map with the identity. */
function rollout(source: Source, toLayer: number, kind: Kind): Float32Array | null {
  const n = source.places.length;
  const row = (q: number) => (q * (q + 1)) / 2;
  let rolled: Float32Array | null = null;
  for (let layer = 0; layer <= toLayer; layer++) {
    const mixed = triangle(source, { layer, head: "mean", kind }, "weight");
    if (!mixed) return null;
    const next = new Float32Array(row(n));
    for (let q = 0; q < n; q++) {
      for (let j = 0; j <= q; j++) mixed[row(q) + j] = (mixed[row(q) + j] + Number(j === q)) / 2;
      for (let j = 0; j <= q; j++)
        for (let i = 0; i <= j; i++)
          next[row(q) + i] += mixed[row(q) + j] * (rolled ? rolled[row(j) + i] : Number(i === j));
    }
    rolled = next;
  }
  return rolled;
}
