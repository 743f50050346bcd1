import { describe, expect, test } from "vitest";
import {
  cellAt,
  isNumbered,
  mapLayout,
  pageLayout,
  roomOf,
  lineOf,
  rowAt,
  thumbEdge,
  thumbStep,
  together,
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

  test("long slot numbers take more space", () => {
    expect(mapLayout(["1", "1234\u2032"], 700).x).toBe(46 + 12);
  });

  test("titles that would overlap are left out", () => {
    expect(mapLayout(slots(27), 700).every).toBe(1);
    const { cell, every } = mapLayout(slots(200), 700);
    expect(cell * every).toBeGreaterThanOrEqual(9.5);
    expect(cell * (every - 1)).toBeLessThan(9.5);
  });

  test("large means cells of at least 12 pixels, even if the map is wider than the page", () => {
    expect(pageLayout(slots(200), 700, true).cell).toBe(12);
    expect(pageLayout(slots(200), 700, true).width).toBeGreaterThan(700);
    expect(pageLayout(slots(20), 700, true).cell).toBeGreaterThan(12);
  });

  test("titles get spare width if there is any", () => {
    const [needed, spare] = [mapLayout(slots(3), 700), pageLayout(slots(3), 700, false)];
    expect(spare).toEqual({ ...needed, width: needed.width + 60 });
    const full = pageLayout(slots(50), 700, false);
    expect(full.width).toBeGreaterThan(mapLayout(slots(50), 700).width);
    expect(full.width).toBeLessThanOrEqual(700);
  });

  test("has numbers in cells of 26 pixels or more", () => {
    const numbered = (cell: number, line: number) => isNumbered({ x: 0, y: 0, cell, line });
    expect([numbered(25.5, 26), numbered(26, 11), numbered(26, 8)]).toEqual([false, true, false]);
  });
});

describe("side by side", () => {
  test("two large maps from 660 pixels on", () => {
    expect(roomOf(659, 2)).toBe(659);
    expect(roomOf(660, 2)).toBe(320);
    expect(roomOf(1000, 1)).toBe(1000);
  });

  test("small maps are between 22 and 42 pixels and do not overlap", () => {
    expect(thumbEdge(1400, 2)).toBe(42);
    expect(thumbEdge(180, 16)).toBe(22);
    for (const count of [1, 4, 6]) {
      const edge = thumbEdge(190, count);
      expect(thumbStep(edge)).toBeGreaterThan(edge);
      if (edge > 22) expect(count * thumbStep(edge)).toBeLessThanOrEqual(190);
    }
  });
});

describe("the evidence", () => {
  const blocks = [
    { kinds: 1, bars: 2, worded: 1 },
    { kinds: 3, bars: 2, worded: 1 },
  ];

  test("is beside the maps, on the same rows, if both fit", () => {
    for (const n of [1, 10, 22, 50, 200]) {
      const { evidence, map } = together(1100, n, blocks, 2);
      if (!map) throw new Error("no room at 1100 pixels");
      expect([map.line, map.down]).toEqual([evidence.line, evidence.line * n]);
      expect(evidence.width + 2 * (map.width + 18)).toBeLessThanOrEqual(1100 + 18);
      expect(map.size).toBeCloseTo(map.cell * n);
      expect(map.cell).toBeLessThanOrEqual(40);
    }
  });

  test("is above the maps on narrower pages, and fits", () => {
    for (const width of [358, 500, 683, 800]) {
      const few = width < 480 ? blocks.map((one) => ({ ...one, bars: 1 })) : blocks;
      const { evidence, map } = together(width, 22, few, 2);
      expect(map).toBeNull();
      expect(evidence.width).toBeLessThanOrEqual(width);
    }
  });

  test("columns follow one another and do not overlap", () => {
    const { evidence } = together(1100, 22, blocks, 2);
    const [a, b] = evidence.blocks;
    expect(a.x).toBeGreaterThanOrEqual(evidence.titlesAt + evidence.titles);
    expect(b.x).toBeGreaterThanOrEqual(a.x + a.width);
    expect(evidence.width).toBe(b.x + b.width);
  });

  test("rows are lower if there are more; up to 60 rows all have titles", () => {
    const lines = [1, 24, 25, 36, 60, 61, 200, 1000].map(lineOf);
    expect([...lines].sort((x, y) => y - x)).toEqual(lines);
    expect(lineOf(60)).toBe(11);
    expect(together(1100, 60, blocks, 2).evidence.every).toBe(1);
    const { evidence } = together(1100, 200, blocks, 2);
    expect(evidence.every * evidence.line).toBeGreaterThanOrEqual(11);
  });

  test("a height belongs to the row drawn there", () => {
    const cells = { x: 0, y: 0, cell: 40, line: 18 };
    expect([0, 17.9, 18, 395.9].map((y) => rowAt(cells, 22, y))).toEqual([0, 0, 1, 21]);
    expect([-1, 396].map((y) => rowAt(cells, 22, y))).toEqual([null, null]);
  });
});

describe("the cell under a point of a map", () => {
  const place = { x: 46, y: 6, cell: 10, line: 20 };
  const at = (query: number, key: number) => [46 + key * 10 + 5, 6 + query * 20 + 5] as const;

  test("the middle of a cell of the triangle selects this cell", () => {
    for (let query = 0; query < 8; query++)
      for (let key = 0; key <= query; key++)
        expect(cellAt(place, 8, ...at(query, key))).toEqual({ query, key });
  });

  test("a cell begins at its left top corner", () => {
    expect(cellAt(place, 8, 66, 66)).toEqual({ query: 3, key: 2 });
    expect(cellAt(place, 8, 65.9, 65.9)).toEqual({ query: 2, key: 1 });
  });

  test("a point beside the triangle selects a row", () => {
    expect(cellAt(place, 8, ...at(2, 5))).toEqual({ query: 2, key: null });
    expect(cellAt(place, 8, ...at(2, -1))).toEqual({ query: 2, key: null });
  });

  test("points above, below and far to the left select nothing", () => {
    expect(cellAt(place, 8, 50, 5)).toBeNull();
    expect(cellAt(place, 8, 50, 166)).toBeNull();
    expect(cellAt(place, 8, ...at(2, -7))).toBeNull();
  });
});

test("maps of few items beside the evidence have room for the choices above them", () => {
  const block = { kinds: 3, bars: 2, worded: 1 };
  for (const n of [1, 2, 3]) {
    const { evidence, map } = together(1100, n, [block, block], 2);
    if (!map) throw new Error("the maps are beside the evidence");
    expect(map.width).toBeGreaterThanOrEqual(176);
    expect(evidence.width + 2 * map.width).toBeLessThanOrEqual(1100);
  }
});
