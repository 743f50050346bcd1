import { describe, expect, test } from "vitest";
import {
  cellAt,
  isNumbered,
  mapLayout,
  pageLayout,
  roomOf,
  stripCellAt,
  stripLayout,
  thumbEdge,
  thumbPlace,
} from "../src/layout";

const slots = (n: number) => Array.from({ length: n }, (_, i) => String(i + 1));

describe("a large map", () => {
  test("fits its room: numbers to the left, titles to the right", () => {
    for (const n of [3, 50, 200])
      for (const room of [360, 700, 1400]) {
        const layout = mapLayout(slots(n), room);
        expect(layout.width).toBeLessThanOrEqual(room);
        expect(layout.size).toBe(layout.cell * n);
        expect(layout.x).toBe(46);
      }
  });

  test("cells have sharp edges and a largest size", () => {
    expect(mapLayout(slots(3), 1400).cell).toBe(34);
    expect(mapLayout(slots(27), 700).cell % 0.5).toBe(0);
  });

  test("long slot numbers take more room", () => {
    expect(mapLayout(["1", "1234\u2032"], 700).x).toBe(46 + 12);
  });

  test("titles are left out where they would overlap", () => {
    expect(mapLayout(slots(27), 700).every).toBe(1);
    const { cell, every } = mapLayout(slots(200), 700);
    expect(cell * every).toBeGreaterThanOrEqual(9.5);
    expect(cell * (every - 1)).toBeLessThan(9.5);
  });

  test("large means cells of 12 pixels, wider than the page if need be", () => {
    expect(pageLayout(slots(200), 700, true).cell).toBe(12);
    expect(pageLayout(slots(200), 700, true).width).toBeGreaterThan(700);
    expect(pageLayout(slots(20), 700, true).cell).toBeGreaterThan(12);
  });

  test("titles have room to spare where there is some", () => {
    const [own, spare] = [mapLayout(slots(3), 700), pageLayout(slots(3), 700, false)];
    expect(spare).toEqual({ ...own, width: own.width + 60 });
    const full = pageLayout(slots(50), 700, false);
    expect(full.width).toBeGreaterThan(mapLayout(slots(50), 700).width);
    expect(full.width).toBeLessThanOrEqual(700);
  });

  test("has numbers in cells of 26 pixels or more", () => {
    expect([25.5, 26].map((cell) => isNumbered({ x: 0, y: 0, cell }))).toEqual([false, true]);
  });
});

describe("side by side", () => {
  test("two large maps from 700 pixels on", () => {
    expect(roomOf(699, 2)).toBe(699);
    expect(roomOf(700, 2)).toBe(340);
    expect(roomOf(1000, 1)).toBe(1000);
  });

  test("small maps are between 40 and 72 pixels and do not overlap", () => {
    expect(thumbEdge(1400, 2, 2)).toBe(72);
    expect(thumbEdge(390, 2, 12)).toBe(40);
    const [a, b] = [thumbPlace(72, 0, 0), thumbPlace(72, 1, 1)];
    expect([b.x - a.x, b.y - a.y]).toEqual([77, 77]);
  });
});

describe("the cell under a point of a map", () => {
  const place = { x: 46, y: 6, cell: 10 };
  const at = (query: number, key: number) => [46 + key * 10 + 5, 6 + query * 10 + 5] as const;

  test("every cell of the triangle is under its middle", () => {
    for (let query = 0; query < 8; query++)
      for (let key = 0; key <= query; key++)
        expect(cellAt(place, 8, ...at(query, key))).toEqual({ query, key });
  });

  test("a cell begins at its left top corner", () => {
    expect(cellAt(place, 8, 66, 36)).toEqual({ query: 3, key: 2 });
    expect(cellAt(place, 8, 65.9, 35.9)).toEqual({ query: 2, key: 1 });
  });

  test("beside the triangle a row is meant", () => {
    expect(cellAt(place, 8, ...at(2, 5))).toEqual({ query: 2, key: null });
    expect(cellAt(place, 8, ...at(2, -1))).toEqual({ query: 2, key: null });
  });

  test("above, below and far to the left there is nothing", () => {
    expect(cellAt(place, 8, 50, 5)).toBeNull();
    expect(cellAt(place, 8, 50, 86)).toBeNull();
    expect(cellAt(place, 8, ...at(2, -7))).toBeNull();
  });
});

describe("the strip", () => {
  const layout = stripLayout(10, 700, 3, true);

  test("labels that name layers and heads have more room", () => {
    expect(layout.x).toBe(112);
    expect(stripLayout(10, 700, 3, false).x).toBe(160);
    expect(layout.width).toBeLessThanOrEqual(700);
  });

  test("a bar is a row and a key", () => {
    const x = layout.x + 4.5 * layout.cell;
    expect(stripCellAt(layout, 10, 3, x, layout.y + 2 * 22 + 1)).toEqual({ row: 2, key: 4 });
    expect(stripCellAt(layout, 10, 3, x, layout.y + 200)).toEqual({ row: 2, key: 4 });
    expect(stripCellAt(layout, 10, 3, layout.x - 1, layout.y)).toBeNull();
  });

  test("a slanted title is its key's along its whole length", () => {
    const slant = (52 * Math.PI) / 180;
    for (const along of [1, 20, 60]) {
      const x = layout.x + 4.5 * layout.cell + along * Math.cos(slant);
      const y = layout.y - 6 - along * Math.sin(slant);
      expect(stripCellAt(layout, 10, 3, x, y)).toEqual({ row: 0, key: 4 });
    }
  });
});
