import { describe, expect, test } from "vitest";
import { Grid } from "../src/maps";
import { digits, short, signedDigits, tick } from "../src/numbers";
import {
  PRINT,
  groupColour,
  groupsHere,
  inkOn,
  painted,
  rampOf,
  rgb,
  ticks,
  timesEven,
  tone,
  toneOfTimes,
} from "../src/scales";
import type { Shading } from "../src/scales";
import { cutTo, wrapped } from "../src/text";
import { dataOf, packedSource } from "./payloads";

const grid = new Grid(2, new Float32Array([0.25, NaN, 0.16, 0.64]));
const shading = (given: Partial<Shading> = {}): Shading => ({
  grid,
  signed: false,
  scale: "sqrt",
  share: 100,
  most: 1,
  ink: PRINT,
  ...given,
});

describe("tones", () => {
  test("of weights", () => {
    expect(tone(shading(), 0, 0.25)).toBe(0.5);
    expect(tone(shading({ scale: "linear" }), 0, 0.25)).toBe(0.25);
    expect(tone(shading({ scale: "row" }), 1, 0.16)).toBeCloseTo(0.25);
    expect(tone(shading({ most: 0.5, scale: "linear" }), 0, 0.25)).toBe(0.5);
    expect(tone(shading(), 0, 4)).toBe(1);
  });

  test("of differences: zero is the middle", () => {
    const signed = shading({ signed: true, scale: "linear", most: 0.5 });
    expect([-0.5, 0, 0.25].map((value) => tone(signed, 0, value))).toEqual([0, 0.5, 0.75]);
    expect(tone(shading({ signed: true, most: 0 }), 0, 0)).toBe(0.5); // where nothing differs
  });

  test("ramps end in their first and last colours", () => {
    const weights = rampOf(false, "sqrt", PRINT);
    expect([rgb(weights, 0), rgb(weights, 1)]).toEqual(["rgb(68,1,84)", "rgb(253,231,37)"]);
    const signed = rampOf(true, "even", PRINT);
    expect([rgb(signed, 0), rgb(signed, 1)]).toEqual(["rgb(29,87,196)", "rgb(184,67,11)"]);
    for (const difference of [true, false]) {
      const dark = rampOf(difference, "even", { ...PRINT, dark: true });
      expect(dark).not.toEqual(rampOf(difference, "even", PRINT));
    }
  });

  test("of multiples of an even row: 1 is the middle, 8 and 1/8 are the ends", () => {
    const even = shading({ scale: "even" });
    expect([1, 8, 1 / 8, 80, 0].map(toneOfTimes)).toEqual([0.5, 1, 0, 1, 0]);
    expect(toneOfTimes(2) - 0.5).toBeCloseTo(0.5 - toneOfTimes(0.5));
    expect(timesEven(even, 1, 0.64)).toBeCloseTo(1.6); // 0.8 over two keys: 0.4 each
    expect(tone(even, 1, 0.4)).toBeCloseTo(0.5);
    expect(tone(even, 0, 0.25)).toBe(0.5); // alone in its row
  });

  test("of differences: the same step counts more in a longer row", () => {
    const signed = shading({ scale: "even", signed: true, most: 2 });
    expect(tone(signed, 1, 0.1)).toBeGreaterThan(tone(signed, 0, 0.1));
    expect(tone(signed, 1, -1)).toBe(0);
  });

  test("words on a colour are black or white, the one with more contrast", () => {
    const weights = rampOf(false, "sqrt", PRINT);
    expect([inkOn(weights, 0), inkOn(weights, 1)]).toEqual(["#ffffff", "#000000"]);
  });

  test("pixels: missing cells are transparent, cells outside the share grey", () => {
    const pixels = painted(shading({ share: 80 }));
    const alphas = [3, 7, 11, 15].map((i) => pixels[i]);
    expect(alphas).toEqual([255, 0, 46, 255]);
    expect([...painted(shading())].filter((_, i) => i % 4 === 3)).toEqual([255, 0, 255, 255]);
  });
});

describe("groups", () => {
  const groups = { name: "genres", coloured: ["x", "y"], each: ["y", "z", "y"] };
  const data = dataOf([packedSource()], { groups });

  test("have their colours, and all others share one", () => {
    expect(groupColour(data, 0)).toBe("#ee6677");
    expect(groupColour(data, 1)).toBe("#9a9fa8");
    expect(groupColour(dataOf([packedSource()]), 0)).toBeNull();
  });

  test("are in the legend if the history has them", () => {
    expect(groupsHere(data).map(({ text }) => text)).toEqual(["y", "other"]);
  });
});

describe("numbers", () => {
  test.each([
    [0.123, false, ".12"],
    [1, false, "1.00"],
    [0.001, false, ".00"],
    [0.25, true, "+.25"],
    [-0.25, true, "-.25"],
    [0.001, true, "\u22480"],
    [0, true, "0"],
    [1.5, true, "+1.50"],
  ])("%d in a cell, signed %s: %s", (value, signed, text) => {
    expect(short(value, signed)).toBe(text);
  });

  test("that are read out", () => {
    expect([digits(0.12345), digits(NaN)]).toEqual(["0.1235", "\u2013"]);
    expect([0.5, 0, -0.5].map(signedDigits)).toEqual(["+0.5000", "0.0000", "-0.5000"]);
  });

  test.each([
    [0, 3, true, "0"],
    [0.25, 1, false, "0.25"],
    [0.01, 1, false, "0.01"],
    [0.25, 0.3, true, "+0.075"],
    [-1, 0.3, true, "-0.30"],
    [0.25, 30, false, "8"],
  ])("%d of a scale to %d, signed %s: %s", (share, most, signed, text) => {
    expect(tick(share, most, signed)).toBe(text);
  });

  test("scales are marked at both ends", () => {
    for (const scale of ["sqrt", "linear", "row"] as const) {
      expect([ticks(false, scale).at(0), ticks(false, scale).at(-1)]).toEqual([0, 1]);
      expect([ticks(true, scale).at(0), ticks(true, scale).at(-1)]).toEqual([-1, 1]);
    }
  });
});

describe("text in a given width", () => {
  const width = (text: string) => text.length;

  test("is complete if it fits, else cut with an ellipsis", () => {
    expect(cutTo("a title", 7, width)).toBe("a title");
    expect(cutTo("a long title", 8, width)).toBe("a long\u2026");
    expect(cutTo("a title", 0, width)).toBe("");
  });

  test("keeps the id that distinguishes items with the same title", () => {
    expect(cutTo("a long title [101]", 12, width)).toBe("a lon\u2026 [101]");
    expect(cutTo("a title [101] \u21ba", 12, width)).toContain("[101] \u21ba");
  });

  test("wraps between words", () => {
    expect(wrapped("one two three", 7, width)).toEqual(["one two", "three"]);
    expect(wrapped("enormous", 5, width)).toEqual(["enor\u2026"]);
  });
});
