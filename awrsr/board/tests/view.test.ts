import { describe, expect, test } from "vitest";
import { fromHash, toHash, withoutLock } from "../src/address";
import { afterClick, sameCell, steered } from "../src/steering";
import { carriedOver, changed, defaults, ofPair, pairs, valid } from "../src/view";
import type { View } from "../src/view";
import { dataOf, packedSource, refined } from "./payloads";

const two = dataOf([packedSource(), refined("B")]);
const four = dataOf(["A", "B", "A\u2032", "B\u2032"].map((name) => refined(name)));
const view = (given: Partial<View> = {}): View => ({ ...defaults(two), ...given });

describe("the first view", () => {
  test("is the last layer of the first two sources, linked", () => {
    expect(defaults(two).panels.map(({ source, layer }) => [source, layer])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(defaults(dataOf([packedSource()])).panels.length).toBe(1);
  });
});

describe("choices", () => {
  test("are moved to the nearest existing map, or refused", () => {
    const asked = { source: 0, layer: 7, head: 5, kind: "first" };
    expect(valid(two, asked)).toEqual({ source: 0, layer: 0, head: 0, kind: "first" });
    expect(valid(two, { ...asked, head: "mean" })?.head).toBe("mean");
    for (const wrong of [
      { source: 9 },
      { source: -1 },
      { source: NaN },
      { layer: NaN },
      { head: NaN },
      { head: "toString" },
      { kind: "constructor" },
      { kind: undefined },
    ])
      expect(valid(two, { ...asked, ...wrong })).toBeNull();
  });

  test("of one map are followed by the other if they are linked", () => {
    const change = { layer: 0, head: "max" as const, kind: "second" as const };
    const both = changed(two, view(), 1, change);
    expect(both.map(({ source, kind }) => [source, kind])).toEqual([
      [0, "second"],
      [1, "second"],
    ]);
    const apart = changed(two, view({ linked: false }), 1, change);
    expect(apart[0]).toEqual(view().panels[0]);
    expect(apart[1]).toEqual({ source: 1, ...change });
  });

  test("of a pair keep layer, head and kind", () => {
    const now = defaults(four);
    expect(pairs(four, now)).toEqual(["0|1", "0|2", "0|3", "1|2", "1|3", "2|3"]);
    expect(ofPair(four, now, "1|3").map(({ source }) => source)).toEqual([1, 3]);
    const back = { ...now, panels: ofPair(four, now, "3|0") };
    expect(pairs(four, back)[0]).toBe("3|0");
  });
});

describe("other data", () => {
  test("keeps the choices by the sources' names and moves the lock with its items", () => {
    const later = dataOf([refined("B"), packedSource()], { items: [8, 9, 5] });
    const before = view({ lock: { query: 2, key: 1 }, scale: "row" });
    const after = carriedOver(before, two, later);
    expect(after.panels.map(({ source }) => source)).toEqual([1, 0]);
    expect(after.lock).toEqual({ query: 1, key: 0 });
    expect(after.scale).toBe("row");
  });

  test("releases a lock whose items are gone or in another order", () => {
    const locked = view({ lock: { query: 2, key: 1 } });
    const gone = dataOf([packedSource(), refined("B")], { items: [7, 9, 5] });
    expect(carriedOver(locked, two, gone).lock).toBeNull();
    const turned = dataOf([packedSource(), refined("B")], { items: [9, 8, 7] });
    expect(carriedOver(locked, two, turned).lock).toBeNull();
  });

  test("counts repeats of an item from the newest", () => {
    const before = dataOf([packedSource()], { items: [7, 7, 9] });
    const after = dataOf([packedSource()], { items: [5, 7, 7] });
    const locked = { ...defaults(before), lock: { query: 1, key: null } };
    expect(carriedOver(locked, before, after).lock).toEqual({ query: 2, key: null });
  });

  test("shows the first model on both histories when a variant is added", () => {
    const before = dataOf([refined("A"), refined("B")]);
    const after = carriedOver(defaults(before), before, four);
    expect(after.panels.map(({ source }) => source)).toEqual([0, 2]);
  });

  test("one source has no difference", () => {
    const one = dataOf([refined("B")]);
    expect(carriedOver(view({ mode: "difference" }), two, one).mode).toBe("maps");
  });
});

describe("addresses", () => {
  const views: Partial<View>[] = [
    {},
    { lock: { query: 2, key: null } },
    {
      panels: [
        { source: 1, layer: 0, head: "rollout", kind: "second" },
        { source: 0, layer: 0, head: 0, kind: "first" },
      ],
      linked: false,
      mode: "difference",
      measure: "contribution",
      scale: "row",
      share: 35,
      size: "large",
      facts: ["second", "attribution"],
      lock: { query: 2, key: 0 },
    },
    { mode: "flow" },
  ];

  test.each(views)("give the view back", (given) => {
    const now = view({ linked: false, ...given });
    expect(fromHash(two, toHash(two, now))).toEqual({ view: now, strange: [] });
  });

  test("are empty for the first view", () => {
    const linked = dataOf([refined("A"), refined("B")]);
    expect(toHash(linked, defaults(linked))).toBe("");
    expect(fromHash(linked, "")).toEqual({ view: defaults(linked), strange: [] });
  });

  test.each([
    "left=Z",
    "left=A.9.1.first",
    "right=B.1.toString.first",
    "right=B.1.1.constructor",
    "mode=valueOf",
    "facts=refined.toString",
    "facts=",
    "share=33",
    "share=15",
    "lock=4",
    "lock=1.2",
    "lock=x",
    "other=1",
  ])("name what they do not understand: %s", (part) => {
    expect(fromHash(two, `#${part}`).strange).toEqual([part]);
  });

  test("name at most six unknown parts, shortened", () => {
    const parts = Array.from({ length: 9 }, (_, i) => `x${i}=${"y".repeat(60)}`);
    const { strange } = fromHash(two, `#${parts.join("&")}`);
    expect(strange.length).toBe(6);
    expect(strange[0].length).toBe(41);
  });

  test("lose only their lock", () => {
    expect(withoutLock("#scale=row&lock=3.1&size=large")).toBe("#scale=row&size=large");
    expect(withoutLock("#lock=3")).toBe("");
  });
});

describe("keys", () => {
  const from = { query: 5, key: 3 };

  test.each([
    ["ArrowUp", { query: 4, key: 3 }],
    ["ArrowDown", { query: 6, key: 3 }],
    ["ArrowLeft", { query: 5, key: 2 }],
    ["ArrowRight", { query: 5, key: 4 }],
    ["PageUp", { query: 0, key: 0 }],
    ["PageDown", { query: 7, key: 3 }],
    ["Home", { query: 5, key: 0 }],
    ["End", { query: 5, key: 5 }],
  ])("%s", (key, cell) => {
    expect(steered(key, from, 8)).toEqual({ act: "point", cell });
  });

  test("never leave the triangle", () => {
    let cell = { query: 0, key: 0 as number | null };
    for (const key of ["ArrowLeft", "ArrowUp", "ArrowRight", "PageDown", "PageDown", "End"]) {
      const { query, key: to } = steered(key, cell, 8)?.cell ?? cell;
      cell = { query, key: to };
      expect(query).toBeLessThan(8);
      expect(cell.key).toBeLessThanOrEqual(query);
    }
    expect(cell).toEqual({ query: 7, key: 7 });
  });

  test("start from a locked row at its newest key", () => {
    const row = { query: 5, key: null };
    expect(steered("ArrowLeft", row, 8)?.cell).toEqual({ query: 5, key: 4 });
  });

  test("lock a cell or its row; other keys have no effect", () => {
    for (const key of ["Enter", " "])
      expect(steered(key, from, 8)).toEqual({ act: "lock", cell: from });
    for (const key of ["r", "R"])
      expect(steered(key, from, 8)).toEqual({ act: "lock", cell: { query: 5, key: null } });
    expect(steered("x", from, 8)).toBeNull();
  });
});

describe("hover and lock", () => {
  const cell = { query: 3, key: 1 };

  test("a click locks, a second one on the same maps releases", () => {
    expect(afterClick(cell, null, true)).toEqual(cell);
    expect(afterClick(cell, { query: 3, key: 0 }, true)).toEqual(cell);
    expect(afterClick(cell, { ...cell }, true)).toBeNull();
  });

  test("a second click on other maps locks the cell again", () => {
    expect(afterClick(cell, { ...cell }, false)).toEqual(cell);
  });

  test("cells are the same by their places", () => {
    expect(sameCell({ ...cell }, cell)).toBe(true);
    expect(sameCell(cell, { query: 3, key: null })).toBe(false);
    expect(sameCell(null, null)).toBe(true);
    expect(sameCell(cell, null)).toBe(false);
  });
});
