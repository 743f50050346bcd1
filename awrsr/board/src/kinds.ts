/** Types and names of everything that can be chosen on the board. */

import type { PackedMaps } from "./payload";

export type Kind = keyof PackedMaps;
/** Combinations of heads. */
export type Together = "mean" | "max" | "rollout";
export type Head = number | Together;
export type Measure = "weight" | "contribution";
export type Scale = "even" | "sqrt" | "linear" | "row";
export type Mode = "maps" | "difference" | "flow";
export type Size = "fit" | "large";
/** Columns that an item's row can have. */
export type Fact = Kind | "value" | "removal" | "attribution";
/** Kinds of keys in the sums of a row. */
export type Place = "self" | "repeats" | "previous" | "first" | "group" | "rest";

export const KINDS: Record<Kind, string> = {
  first: "first order",
  second: "second order",
  refined: "refined",
};
export const TOGETHER: Record<Together, string> = {
  mean: "mean of heads",
  max: "maximum of heads",
  rollout: "rollout to this layer",
};
export const MEASURES: Record<Measure, string> = {
  weight: "attention weight",
  contribution: "weight \u00d7 value norm",
};
export const SCALES: Record<Scale, string> = {
  even: "relative to an even row",
  sqrt: "square root",
  linear: "linear",
  row: "each row's maximum",
};
export const MODES: Record<Mode, string> = {
  maps: "side by side",
  difference: "difference",
  flow: "flow of the score",
};
export const SIZES: Record<Size, string> = { fit: "fit the page", large: "large" };
export const FACTS: Record<Fact, string> = {
  first: "first order",
  second: "second order",
  refined: "refined",
  value: "weight \u00d7 value length",
  removal: "score without it",
  attribution: "attribution",
};
export const PLACES: Record<Place, string> = {
  self: "itself",
  repeats: "its repeats",
  previous: "the item before it",
  first: "the first item",
  group: "same group",
  rest: "everything else",
};

/** The keys of a table of words, with their type. */
export const keysOf = <K extends string>(words: Record<K, string>): K[] =>
  Object.keys(words) as K[];

/** Whether an arbitrary text is a key of a table of words. */
export const isOneOf = <K extends string>(words: Record<K, string>, text: unknown): text is K =>
  typeof text === "string" && Object.hasOwn(words, text);

export const headName = (head: Head): string =>
  typeof head === "number" ? `head ${head + 1}` : TOGETHER[head];

/** A head in an address, counted from 1. */
export const headCode = (head: Head): string =>
  typeof head === "number" ? String(head + 1) : head;

/** A layer and head in a heading, "L1 H2". */
export const headingOf = (layer: number, head: Head): string =>
  `L${layer + 1} ${typeof head === "number" ? "H" : ""}${headCode(head)}`;
