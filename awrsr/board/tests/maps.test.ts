import { describe, expect, test } from "vitest";
import { cellIn, kindName, kindsOf, shownAt, specName } from "../src/data";
import { axisOf, byItem, indexIn, isReordered, ownAxis, rowsOf, sharedPlaces } from "../src/axis";
import { Grid, Maps, isMissing } from "../src/maps";
import type { Missing } from "../src/maps";
import type { MapSpec } from "../src/view";
import { ROWS, dataOf, packed, packedNorms, packedSource, refined } from "./payloads";

const spec = (given: Partial<MapSpec> = {}): MapSpec => ({
  source: 0,
  layer: 0,
  head: 0,
  kind: "first",
  ...given,
});
const numbers = (found: Grid | Missing): number[] => {
  if (isMissing(found)) throw new Error(found.why);
  return [...found.z];
};
/** A lower triangle of three rows as a square. */
const square = ([a, b, c, d, e, f]: number[]) => [a, NaN, NaN, b, c, NaN, d, e, f];

function expectClose(found: number[], wanted: number[]): void {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => {
    if (Number.isNaN(wanted[i])) expect(value).toBeNaN();
    else expect(value).toBeCloseTo(wanted[i], 6);
  });
}

describe("decoded data", () => {
  test("weights are exact to the step of the packing", () => {
    const data = dataOf([packedSource()]);
    expectClose([...(data.sources[0].maps.first ?? [])], ROWS);
    expect(data.sources[0].maps.refined).toBe(data.sources[0].maps.first);
  });

  test("an item repeats if one history has it twice, not if two histories have it", () => {
    const twice = dataOf([packedSource()], { items: [7, 8, 7] });
    expect(twice.repeats).toEqual([true, false, true]);
    const apart = [packedSource({ places: [0, 1] }), packedSource({ name: "B", places: [1, 2] })];
    expect(dataOf(apart, { items: [7, 8, 7] }).repeats).toEqual([false, false, false]);
  });

  test("a cell is found if a source has the two items in that order", () => {
    const data = dataOf([packedSource({ where: [2, 1, -1] })]);
    const [source] = data.sources;
    expect(cellIn(data, source, { query: 0, key: 1 })).toBe(2 * 3 + 1);
    expect([0, 2].map((place) => shownAt(source, place))).toEqual([2, 2]);
    expect(cellIn(data, source, { query: 1, key: 0 })).toBeNull();
    expect(cellIn(data, source, { query: 2, key: 0 })).toBeNull();
    expect(cellIn(data, source, { query: 0, key: null })).toBeNull();
  });
});

describe("names", () => {
  test("a vanilla model shows only its first order", () => {
    const { sources } = dataOf([packedSource()]);
    expect(kindsOf(sources[0])).toEqual(["first"]);
  });

  test("a model that learns no attention is named by its own title", () => {
    const data = dataOf([packedSource({ floor: "uniform" })]);
    const [source] = data.sources;
    expect(kindName(source, "first")).toBe("uniform");
    expect(kindName(source, "second")).toBe("second order");
    expect(specName(data, spec({ kind: "refined" }))).toBe("A, layer 1, head 1, uniform");
  });
});

describe("maps", () => {
  const data = dataOf([refined("A"), packedSource({ name: "B" })]);
  const maps = new Maps(data);

  test("a head has the recorded weights", () => {
    expectClose(numbers(maps.grid(spec(), "weight")), square(ROWS));
    const last = spec({ layer: 1, head: 1 });
    expectClose(numbers(maps.grid(last, "weight")), square([1, 1, 0, 1, 0, 0]));
  });

  test("a contribution is a weight times the length of the key's value", () => {
    const wanted = square([4, 1, 3.75, 2, 1.5, 1.2]);
    const other = dataOf([packedSource({ norms: packedNorms([4, 5, 6]) })]);
    expectClose(numbers(new Maps(other).grid(spec(), "contribution")), wanted);
  });

  test("combined heads: mean and maximum", () => {
    const mean = square([1, 0.375, 0.625, 0.35, 0.25, 0.4]);
    expectClose(numbers(maps.grid(spec({ head: "mean" }), "weight")), mean);
    const maximum = square([1, 0.5, 0.75, 0.5, 0.3, 0.6]);
    expectClose(numbers(maps.grid(spec({ head: "max" }), "weight")), maximum);
  });

  test("rollout averages each layer with the identity and multiplies the layers", () => {
    const half = (rows: number[][]) =>
      rows.map((row, q) => row.map((value, k) => (value + Number(q === k)) / 2));
    const first = half([
      [1, 0, 0],
      [0.375, 0.625, 0],
      [0.35, 0.25, 0.4],
    ]);
    const second = half([
      [1, 0, 0],
      [0.5, 0.5, 0],
      [0.5, 0, 0.5],
    ]);
    const product = second.map((row) =>
      [0, 1, 2].map((k) => row.reduce((sum, value, j) => sum + value * first[j][k], 0)),
    );
    const wanted = [0, 1, 2].flatMap((q) => [0, 1, 2].map((k) => (k > q ? NaN : product[q][k])));
    const rolled = maps.grid(spec({ layer: 1, head: "rollout" }), "weight");
    expectClose(numbers(rolled), wanted);
    expect(isMissing(maps.grid(spec({ head: "rollout" }), "contribution"))).toBe(true);
  });

  test("a missing map has a reason", () => {
    expect(maps.grid(spec({ source: 1, kind: "second" }), "weight")).toEqual({
      why: "There is none.",
    });
    const other = new Maps(dataOf([packedSource({ norms: null })]));
    expect(other.grid(spec(), "contribution")).toEqual({
      why: "This model records attention weights without values. Show weights.",
    });
    expect(other.largest("contribution")).toBe(1);
  });

  test("a difference is right minus left, at the places of both", () => {
    const pair = [spec({ head: 1 }), spec({ source: 1 })];
    const wanted = square([0, -0.25, 0.25, 0.3, 0.1, -0.4]);
    expectClose(numbers(maps.difference(pair, "weight")), wanted);
    const shorter = packedSource({
      places: [1, 2],
      where: [-1, 1, 2],
      maps: {
        first: packed([1, 0.5, 0.5]),
        second: null,
        refined: "first",
      },
    });
    const both = new Maps(dataOf([packedSource(), shorter]));
    const found = numbers(both.difference([spec(), spec({ source: 1 })], "weight"));
    expectClose(found, [NaN, NaN, NaN, NaN, 0.25, NaN, NaN, 0.2, 0.3]);
    expect(new Grid(3, new Float32Array(found)).missing).toEqual([0]);
  });

  test("a difference follows the items of another order, where both have query and key", () => {
    // The axis of 7 8 9 and 9 7 8: 9 7 8 9
    const items = { items: [9, 7, 8, 9], slots: ["1'", "1", "2", "3"], titles: ["", "", "", ""] };
    const own = packedSource({ places: [1, 2, 3], where: [3, 1, 2, 3] });
    const other = packedSource({ name: "B", places: [0, 1, 2], where: [0, 1, 2, 0] });
    const both = new Maps(dataOf([own, other], items));
    const { z } = both.difference([spec(), spec({ source: 1 })], "weight") as Grid;
    const drawn = [...z].flatMap((value, i) => (Number.isNaN(value) ? [] : [[i, value]]));
    // 7 by 7, 8 by 7, 8 by 8 and 9 by 9; 9 is the oldest in one and the newest in the other.
    expect(drawn.map(([i]) => i)).toEqual([5, 9, 10, 15]);
    expectClose(
      drawn.map(([, value]) => value),
      [0.75 - 1, 0.3 - 0.25, 0.2 - 0.75, 1 - 0.2],
    );
  });

  test("all single heads share one scale", () => {
    expect(maps.largest("weight")).toBe(1);
    const every = [0, 1].flatMap((layer) =>
      [0, 1].flatMap((head) =>
        (["first", "second", "refined"] as const).flatMap((kind) => {
          const found = maps.grid(spec({ layer, head, kind }), "contribution");
          return numbers(found).filter((value) => !Number.isNaN(value));
        }),
      ),
    );
    expect(maps.largest("contribution")).toBeCloseTo(Math.max(...every), 6);
  });
});

describe("rows", () => {
  const grid = new Grid(3, new Float32Array(square([0, 0.25, -0.75, 0.5, 0.3, 0.2])));

  test("the largest magnitude of each row and of all rows", () => {
    expect([...grid.rowTops]).toEqual([0, 0.75, 0.5]);
    expect(grid.top).toBe(0.75);
  });

  test("the share that larger cells hold", () => {
    const { before } = grid;
    expectClose([before[3], before[4]], [0.75, 0]);
    expectClose([before[6], before[7], before[8]], [0, 0.5, 0.8]);
    expect(before[0]).toBe(0); // a row of zeros has no shares
  });
});

describe("an even row", () => {
  const found = new Grid(3, new Float32Array(square(ROWS)));

  test("is the mean of a row's cells", () => {
    expect([0, 1, 2].map((row) => found.keysOf(row))).toEqual([1, 2, 3]);
    expectClose(
      [0, 1, 2].map((row) => found.even(row)),
      [1, 1 / 2, 1 / 3],
    );
    expect(found.topTimes).toBeCloseTo(1.5); // .75 x 2 and .5 x 3
  });

  test("evenness is 1 for an even map, 0 for weights on single items, else a mean", () => {
    const even = new Grid(3, new Float32Array(square([1, 0.5, 0.5, 1 / 3, 1 / 3, 1 / 3])));
    const single = new Grid(3, new Float32Array(square([1, 1, 0, 0, 1, 0])));
    expect(even.evenness).toBeCloseTo(1, 6);
    expect(single.evenness).toBe(0);
    const entropy = (row: number[]) => -row.reduce((sum, p) => sum + p * Math.log(p), 0);
    const wanted = entropy([0.25, 0.75]) / Math.log(2) + entropy([0.5, 0.3, 0.2]) / Math.log(3);
    expect(found.evenness).toBeCloseTo(wanted / 2, 6);
    expect(new Grid(1, new Float32Array([1])).evenness).toBeNull();
  });
});

describe("histories in several orders", () => {
  // The first history is 7, 8, 9; the second is 9, 7, 8: on the axis, 9 has two places.
  const first = () => packedSource({ places: [1, 2, 3], where: [3, 1, 2, 3] });
  const second = () => packedSource({ name: "B", places: [0, 1, 2], where: [0, 1, 2, 0] });
  const data = () => dataOf([first(), second()], { items: [9, 7, 8, 9] });

  test("an item at two places is a change of order; a removed item is not", () => {
    const [a, b] = data().sources;
    expect([isReordered(a, b), isReordered(b, a), isReordered(a, a)]).toEqual([true, true, false]);
    const removed = dataOf([
      packedSource({ where: [0, 1, 2] }),
      packedSource({ places: [0, 2], where: [0, -1, 2] }),
    ]).sources;
    expect(isReordered(removed[0], removed[1])).toBe(false);
  });

  test("each history has its own axis, and a row of the evidence is an item", () => {
    const { sources } = data();
    expect(axisOf(data(), sources[1].places).data.items).toEqual([9, 7, 8]);
    const slots = { items: [9, 7, 8, 9], slots: ["1\u2032", "1", "2", "3"] };
    const numbered = dataOf([first(), packedSource({ ...second(), start: 4 })], slots);
    const own = numbered.sources.map((source) => ownAxis(numbered, source).data);
    expect(own.map(({ items }) => items)).toEqual([
      [7, 8, 9],
      [9, 7, 8],
    ]);
    expect(own[0].slots).toEqual(["1", "2", "3"]);
    expect(own[1].slots).toEqual(["4\u2032", "5\u2032", "6\u2032"]);
    expect(sharedPlaces(sources)).toEqual([0, 1, 2, 3]);
    expect(rowsOf(sources)).toEqual([1, 2, 3]);
    const values = byItem(Float64Array.of(5, 6, 7, NaN), sources[1], rowsOf(sources));
    expectClose([...values], [NaN, 6, 7, 5]);
    const axes = sources.map((source) => axisOf(data(), source.places));
    expect(axes.map((axis, i) => indexIn(axis, sources[i], 3))).toEqual([2, 0]);
  });

  test("a map on its own axis is the map of its own history", () => {
    const shown = data();
    const found = new Maps(shown).on(shown.sources[1].places, spec({ source: 1 }), "weight");
    expectClose(numbers(found), square(ROWS));
  });

  test("the difference has the pairs of items that are in one order in both", () => {
    const shown = data();
    const pair = [spec({ source: 0 }), spec({ source: 1 })];
    const found = new Maps(shown).on(shown.sources[0].places, pair, "weight");
    const [a, b, c, , e, f] = ROWS;
    // Rows and columns 7, 8, 9; in the second history these are its rows 1, 2, 0.
    expectClose(numbers(found), [c - a, NaN, NaN, e - b, f - c, NaN, NaN, NaN, a - f]);
  });
});
