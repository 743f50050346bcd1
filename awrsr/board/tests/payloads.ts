/** Payloads that are small enough to compute by hand. */

import { decode } from "../src/data";
import type { Data } from "../src/data";
import type { PackedSource, Payload } from "../src/payload";

const STEPS = 2 ** 24 - 1;

/** Weights as awrsr.board packs them. */
export function packed(weights: number[]): string {
  const bytes = weights.flatMap((weight) => {
    const steps = Math.round(weight * STEPS);
    return [steps & 255, (steps >> 8) & 255, steps >> 16];
  });
  return btoa(String.fromCharCode(...bytes));
}

export const packedNorms = (norms: number[]): string =>
  btoa(String.fromCharCode(...new Uint8Array(new Float32Array(norms).buffer)));

/** One layer and head over three items; rows [1], [.25 .75], [.5 .3 .2]. */
export const ROWS = [1, 0.25, 0.75, 0.5, 0.3, 0.2];

export function packedSource(given: Partial<PackedSource> = {}): PackedSource {
  const maps = { first: packed(ROWS), second: null, refined: "first" };
  return {
    name: "A",
    title: "a model",
    places: [0, 1, 2],
    start: 1,
    where: [0, 1, 2],
    layers: 1,
    heads: 1,
    formula: "M = A",
    noSecondOrder: "There is none.",
    floor: null,
    norms: packedNorms([1, 2, 4]),
    maps,
    columns: [],
    ...given,
  };
}

export function payload(sources: PackedSource[], given: Partial<Payload> = {}): Payload {
  return {
    title: "",
    items: [7, 8, 9],
    slots: ["1", "2", "3"],
    titles: ["seven", "eight", "nine"],
    groups: null,
    sources,
    page: "",
    signature: "s",
    ...given,
  };
}

export const dataOf = (sources: PackedSource[], given: Partial<Payload> = {}): Data =>
  decode(payload(sources, given));

/** A refined model: two layers of two heads, other weights in each. */
export const refined = (name: string, given: Partial<PackedSource> = {}): PackedSource => {
  const blocks = [ROWS, [1, 0.5, 0.5, 0.2, 0.2, 0.6], [1, 0, 1, 0, 0, 1], [1, 1, 0, 1, 0, 0]];
  const maps = packed(blocks.flat());
  return packedSource({
    name,
    layers: 2,
    heads: 2,
    norms: packedNorms(Array.from({ length: 12 }, (_, i) => i + 1)),
    maps: { first: maps, second: packed([...blocks].reverse().flat()), refined: "second" },
    noSecondOrder: "",
    ...given,
  });
};
