import { expect, test } from "vitest";
import type { Flow } from "../src/answers";
import { layerSums, strands, underPoint } from "../src/strands";

/** Two items, two layers; only the newest query of the last layer reaches the score. */
const flow: Flow = {
  score: 4,
  nodes: [
    [1, 2],
    [0.5, 2.5],
    [0, 3.5],
  ],
  first: [new Float32Array([0, 0.5, 1]), new Float32Array([0, 0.5, 0.25])],
  refinement: [new Float32Array([0, -0.25, 0]), null],
  residual: [
    [0.5, 1],
    [0, 2.75],
  ],
  constants: [0.25, 0.5],
};
const PLACE = { x: 10, y: 0, line: 20, width: 200, places: [0, 2] };

test("every path with a value is a strand, from its key's row to its query's", () => {
  const drawn = strands(flow, PLACE);
  expect(drawn.length).toBe(8);
  const refined = drawn.filter(({ path }) => path === "refinement");
  expect(refined).toEqual([expect.objectContaining({ layer: 0, query: 2, key: 0, value: -0.25 })]);
  expect(refined[0].from).toEqual({ x: 10, y: 10 });
  expect(refined[0].to).toEqual({ x: 110, y: 50 });
  const thick = drawn.map(({ thick }) => thick);
  expect(thick).toEqual([...thick].sort((a, b) => b - a));
  expect(drawn[0]).toMatchObject({ path: "residual", layer: 1, value: 2.75 });
});

test("if there are many strands, the thickest of each layer are drawn", () => {
  const n = 40;
  const many = new Float32Array((n * (n + 1)) / 2).map((_, i) => i + 1);
  const places = [...Array(n).keys()];
  const wide: Flow = {
    ...flow,
    first: [many],
    refinement: [null],
    residual: [places.map(() => 0)],
  };
  const drawn = strands(wide, { ...PLACE, places });
  expect(drawn.length).toBe(60);
  expect(Math.min(...drawn.map(({ value }) => value))).toBe(many.length - 59);
});

test("the strand under a point is the nearest one, none if all are far", () => {
  const drawn = strands(flow, PLACE);
  expect(underPoint(drawn, 60, 10)).toMatchObject({ path: "residual", query: 0, layer: 0 });
  expect(underPoint(drawn, 60, 90)).toBeNull();
  expect(underPoint(drawn, 300, 10)).toBeNull();
});

test("sums by path are those of all strands, drawn or not", () => {
  expect(layerSums(flow)).toEqual([
    { first: 1.5, refinement: -0.25, residual: 1.5, constants: 0.25 },
    { first: 0.75, refinement: 0, residual: 2.75, constants: 0.5 },
  ]);
});
