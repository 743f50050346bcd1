/** From values to colours. */

import type { Data } from "./data";
import type { Scale } from "./kinds";
import type { Grid } from "./maps";

/** The base colours of a drawing. */
export interface Ink {
  ink: string;
  paper: string;
  dark: boolean;
}
export const PRINT: Ink = { ink: "#1f2430", paper: "#ffffff", dark: false };

const VIRIDIS = "#440154 #482878 #3e4a89 #31688e #26828e #1f9e89 #35b779 #6ece58 #b5de2b #fde725";
/** From less to more attention than in an even row. */
const ATTENTION = {
  light: "#d9cc94 #e9e1bd #f3efdc #f7f7f9 #c9bfe6 #8268bd #3a1d78",
  dark: "#514727 #3a3526 #2b2b26 #232935 #4b3f7d #8d78d6 #d9ccff",
};
/** From the left map's colour (it is larger) to the right map's colour. */
const LEFT_TO_RIGHT = {
  light: "#1d57c4 #6f97dd #c3d4f2 #f7f7f9 #f3cdb8 #da7f4f #b8430b",
  dark: "#6fc3ff #4489b8 #2b516b #232935 #6d4331 #b56c4b #ff9d6b",
};
/** An item that helps the target, and one that hurts it. */
export const HELPS = { light: "#4a7c00", dark: "#a6d04b" };
export const HURTS = { light: "#c4179b", dark: "#ff6fc0" };
/** More and less attention, in only two colours. */
export const MORE = { light: "#8268bd", dark: "#8d78d6" };
export const LESS = { light: "#b5a44e", dark: "#a08f4b" };
/** The two models. */
export const MODELS = { light: ["#1d57c4", "#b8430b"], dark: ["#6fc3ff", "#ff9d6b"] };
/** Steps of the scale on each side of an even row; one step is a factor of two. */
const OCTAVES = 3;
/** Paul Tol's bright scheme, extended. */
const GROUPS = "#4477aa #ee6677 #228833 #ccbb44 #66ccee #aa3377 #ee8866 #44aa99".split(" ");
const OTHER = "#9a9fa8";
/** Grey of cells outside the chosen share, in a map and elsewhere. */
const FADED = [128, 132, 140, 46];
export const FADED_FILL = "rgba(128,132,140,.18)";
export const FADED_KEY = "rgba(128,132,140,.35)";
export const MISSING_FILL = "rgba(128,132,140,.5)";
/** Steps of a ramp. */
const STEPS = 255;

export type Ramp = Uint8Array;

function ramp(stops: string): Ramp {
  const colours = stops
    .split(" ")
    .map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const out = new Uint8Array((STEPS + 1) * 3);
  for (let i = 0; i <= STEPS; i++) {
    const t = (i / STEPS) * (colours.length - 1);
    const a = Math.min(colours.length - 2, Math.floor(t));
    for (let c = 0; c < 3; c++)
      out[i * 3 + c] = Math.round(colours[a][c] * (1 - t + a) + colours[a + 1][c] * (t - a));
  }
  return out;
}

const RAMPS = {
  weights: { light: ramp(VIRIDIS), dark: ramp(VIRIDIS) },
  attention: { light: ramp(ATTENTION.light), dark: ramp(ATTENTION.dark) },
  difference: { light: ramp(LEFT_TO_RIGHT.light), dark: ramp(LEFT_TO_RIGHT.dark) },
};

export const pageOf = ({ dark }: Ink): "dark" | "light" => (dark ? "dark" : "light");

/** Diverging ramps have one version for dark and one for light pages. */
export const rampOf = (signed: boolean, scale: Scale, ink: Ink): Ramp =>
  RAMPS[signed ? "difference" : scale === "even" ? "attention" : "weights"][pageOf(ink)];

const offset = (tone: number) => Math.round(tone * STEPS) * 3;

export function rgb(colours: Ramp, tone: number): string {
  const i = offset(tone);
  return `rgb(${colours[i]},${colours[i + 1]},${colours[i + 2]})`;
}

/** The colour of a source's model, by the first letter of its name. */
export function modelColour(name: string, ink: Ink): string {
  const colours = MODELS[pageOf(ink)];
  const model = "AB".indexOf(name[0]);
  return model < 0 ? ink.ink : colours[model];
}

/** Black or white, the one with more contrast (WCAG relative luminance). */
export function inkOn(colours: Ramp, tone: number): string {
  const part = (c: number) => {
    const value = colours[offset(tone) + c] / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * part(0) + 0.7152 * part(1) + 0.0722 * part(2);
  return luminance > 0.179 ? "#000000" : "#ffffff";
}

/** How the values of one map become colours. */
export interface Shading {
  grid: Grid;
  /** Whether values are differences, with zero in the middle of the ramp. */
  signed: boolean;
  scale: Scale;
  /** Percentage of a row's sum in the coloured keys. */
  share: number;
  /** The magnitude at the ramp's end, unless every row has its own. */
  most: number;
  ink: Ink;
}

export const curve = (scale: Scale, share: number): number =>
  scale === "sqrt" || scale === "even" ? Math.sqrt(share) : share;

/** Position on the ramp of a multiple of an even row. */
export const toneOfTimes = (times: number): number =>
  Math.min(1, Math.max(0, 0.5 + Math.log2(times) / (2 * OCTAVES)));

/** A value of a row as a multiple of an even row. */
export function timesEven({ grid, signed }: Shading, query: number, value: number): number {
  if (signed) return value * grid.keysOf(query);
  const even = grid.even(query);
  return even ? value / even : 1;
}

/** Position on the ramp of a value of a row, 0 to 1. */
export function tone(shading: Shading, query: number, value: number): number {
  const { grid, signed, scale, most } = shading;
  const even = scale === "even";
  if (even && !signed) return toneOfTimes(timesEven(shading, query, value));
  const end = scale === "row" ? grid.rowTops[query] : most;
  const length = Math.abs(even ? timesEven(shading, query, value) : value);
  const t = curve(scale, end ? Math.min(1, length / end) : 0);
  return signed ? 0.5 + (Math.sign(value) * t) / 2 : t;
}

/** Whether a cell is outside the keys that hold the share. */
export const isFaded = ({ grid, share }: Shading, index: number): boolean =>
  share < 100 && grid.before[index] >= share / 100;

/** RGBA of every cell; missing cells are transparent. */
export function painted(shading: Shading): Uint8ClampedArray<ArrayBuffer> {
  const { n, z } = shading.grid;
  const pixels = new Uint8ClampedArray(n * n * 4);
  const colours = rampOf(shading.signed, shading.scale, shading.ink);
  for (let q = 0; q < n; q++)
    for (let k = 0; k <= q; k++) {
      const i = q * n + k;
      if (Number.isNaN(z[i])) continue;
      if (isFaded(shading, i)) {
        pixels.set(FADED, i * 4);
        continue;
      }
      const t = offset(tone(shading, q, z[i]));
      pixels[i * 4] = colours[t];
      pixels[i * 4 + 1] = colours[t + 1];
      pixels[i * 4 + 2] = colours[t + 2];
      pixels[i * 4 + 3] = 255;
    }
  return pixels;
}

/** Ticks of a scale, as shares of its end. */
export function ticks(signed: boolean, scale: Scale): number[] {
  if (signed) return [-1, -0.25, 0, 0.25, 1];
  return scale === "sqrt" ? [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
}

/** Ticks of the scale relative to an even row. */
export const TIMES: [times: number, text: string][] = [
  [1 / 8, "\u2264 1/8"],
  [1 / 4, "1/4"],
  [1 / 2, "1/2"],
  [1, "even"],
  [2, "2\u00d7"],
  [4, "4\u00d7"],
  [8, "\u2265 8\u00d7"],
];

/** The colour of a place's group; none without groups. */
export function groupColour({ groups }: Data, place: number): string | null {
  if (!groups) return null;
  return GROUPS[groups.coloured.indexOf(groups.each[place])] ?? OTHER;
}

/** The coloured groups of this history and the grey of all others, for a legend. */
export function groupsHere({ groups }: Data): { text: string; colour: string }[] {
  if (!groups) return [];
  const { coloured, each } = groups;
  const found = coloured
    .map((text, i) => ({ text, colour: GROUPS[i] }))
    .filter(({ text }) => each.includes(text));
  return each.every((group) => coloured.includes(group))
    ? found
    : [...found, { text: "other", colour: OTHER }];
}
