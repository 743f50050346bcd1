import { describe, expect, test } from "vitest";
import { barsOf, blockOf, columnTexts, disagreements, largest } from "../src/effects";
import { shownKinds, sortedBy } from "../src/effects";
import type { Fact } from "../src/kinds";
import { shortTimes, signed } from "../src/numbers";
import type { Column } from "../src/payload";
import { dataOf, packedSource, refined } from "./payloads";

const numbers = (...values: number[]) => new Float64Array(values);
const column = (given: Partial<Column> = {}): Column => ({
  title: "without it",
  about: "what is lost without it",
  values: [0.5, null, -0.25],
  texts: ["\u21923", "\u21921", "\u21922"],
  ...given,
});
const USUAL: Fact[] = ["first", "second", "refined", "removal", "attribution"];
const both = dataOf([refined("B", { columns: [column()] })]).sources[0];
const [source] = dataOf([packedSource({ columns: [column(), column({ texts: [] })] })]).sources;

describe("columns beside attention", () => {
  test("a narrow page shows one column", () => {
    expect([1100, 358].map((width) => barsOf(source, width, USUAL).length)).toEqual([2, 1]);
    expect(blockOf(source, 1100, USUAL)).toEqual({ kinds: 1, bars: 2, worded: 1 });
    expect(blockOf(both, 1100, USUAL)).toEqual({ kinds: 3, bars: 1, worded: 1 });
  });

  test("are the chosen ones; a model without a second order has one kind", () => {
    expect(blockOf(both, 1100, ["second", "value"])).toEqual({ kinds: 2, bars: 0, worded: 0 });
    expect(blockOf(source, 1100, ["second"])).toEqual({ kinds: 0, bars: 0, worded: 0 });
    expect(shownKinds(source, ["refined"])).toEqual(["first"]);
    expect(barsOf(source, 1100, ["attribution"])).toEqual([source.columns[1]]);
    expect(barsOf(source, 1100, ["removal"])).toEqual([source.columns[0]]);
  });

  test("are read out with their signs; missing values are not read out", () => {
    expect(columnTexts(source, 0)[0]).toBe("A, without it: +0.50, \u21923");
    expect(columnTexts(source, 1)).toEqual([]);
    expect(columnTexts(source, 2)[1]).toBe("A, without it: \u22120.25");
  });

  test("have no text for an item that the source lacks", () => {
    const [part] = dataOf([packedSource({ places: [1, 2], columns: [column()] })]).sources;
    expect(columnTexts(part, 0)).toEqual([]);
  });
});

describe("the largest values of a column", () => {
  test("are chosen by magnitude, without missing values", () => {
    expect([...largest(numbers(0.1, -3, NaN, 2, 0.5))].sort()).toEqual([1, 3, 4]);
    expect(largest(numbers(0, 0, NaN)).size).toBe(0);
  });

  test("rows are sorted by decreasing value, ties by time, missing values last", () => {
    expect(sortedBy(numbers(1, NaN, 3, 1, -2))).toEqual([2, 0, 3, 4, 1]);
  });
});

describe("disagreements of attention and effects", () => {
  test("important items below an even share, unimportant items with at least two", () => {
    const times = numbers(0.2, 3, 2, 0.9, 1.1, 0.1);
    const effects = numbers(-5, 0.1, 4, 0.2, 3, 0.01);
    expect([...disagreements(times, effects)]).toEqual([
      [0, "unattended"],
      [1, "unimportant"],
    ]);
  });

  test("unknown values never disagree", () => {
    expect(disagreements(numbers(NaN, 0.1), numbers(5, NaN)).size).toBe(0);
    expect(disagreements(numbers(1, 1), numbers(0, 0)).size).toBe(0);
  });
});

describe("numbers", () => {
  test("effects have their sign and at most three significant digits", () => {
    expect([0.123, -1.234, 0, 12.34].map(signed)).toEqual(["+0.12", "\u22121.23", "0", "+12.3"]);
  });

  test("multiples of an even row below ten have one decimal", () => {
    expect([0.04, 9.94, 9.96, 12.4].map(shortTimes)).toEqual(["0.0", "9.9", "10", "12"]);
  });
});
