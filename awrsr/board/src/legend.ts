/** The legend of the colours. */

import type { Board } from "./board";
import { element, swatch } from "./dom";
import type { Scale } from "./kinds";
import { isMissing } from "./maps";
import { tick } from "./numbers";
import { FADED_KEY, HELPS, HURTS, TIMES, curve, groupsHere, pageOf, rampOf } from "./scales";
import { rgb, ticks, toneOfTimes } from "./scales";
import type { Ink } from "./scales";
import { CanvasSurface, sized } from "./surface";
import type { Surface } from "./surface";
import type { View } from "./view";
import { scaleLookOf } from "./shading";

const WIDTH = 300;
const HEIGHT = 30;
/** Number of colour steps in a drawn scale. */
const STEPS = 128;
/** Space at each end of a scale for its numbers. */
const ENDS = 15;

/** The name of a colour scale. */
export function scaleName({ measure, scale }: View, signed: boolean): string {
  const what = measure === "weight" ? "weight" : "weight \u00d7 value norm";
  const how = {
    even: " \u00f7 that of an even row",
    row: ", as a share of its row's maximum",
    sqrt: " (square-root colours)",
    linear: "",
  };
  return (signed ? "difference of " : "") + what + how[scale];
}

export interface ScaleLook {
  signed: boolean;
  scale: Scale;
  /** The value at the scale's end. */
  most: number;
  ink: Ink;
}

export function paintScale(
  surface: Surface,
  { signed, scale, most, ink }: ScaleLook,
  x: number,
  y: number,
  width: number,
): void {
  const colours = rampOf(signed, scale, ink);
  const inner = width - 2 * ENDS;
  for (let i = 0; i < STEPS; i++) {
    const left = x + ENDS + (i / STEPS) * inner;
    surface.rect(left, y + 2, inner / STEPS + 0.5, 9, rgb(colours, i / (STEPS - 1)));
  }
  const look = { size: 11, align: "center", fill: ink.ink, alpha: 0.9 } as const;
  for (const [t, text] of marks(signed, scale, most))
    surface.text(text, x + ENDS + t * inner, y + 20, look);
}

/** Tick positions of a scale, 0 to 1, and their labels. */
function marks(signed: boolean, scale: Scale, most: number): [number, string][] {
  if (scale === "even" && !signed) return TIMES.map(([times, text]) => [toneOfTimes(times), text]);
  return ticks(signed, scale).map((share) => {
    const along = curve(scale, Math.abs(share));
    const t = signed ? 0.5 + (Math.sign(share) * along) / 2 : along;
    return [t, tick(share, most, signed)];
  });
}

export class Legend {
  readonly box = element("div", "ab-key");
  private drawnFor = "";

  constructor(private readonly board: Board) {}

  draw(): void {
    const { data, theme, state } = this.board;
    const { view } = state;
    const difference = view.mode === "difference";
    const found = difference ? this.board.axes.difference() : null;
    const signedTop = found && !isMissing(found) ? found.top : null;
    const look = [signedTop, difference, view.measure, view.scale, view.share < 100];
    const drawFor = [data.signature, theme.name, ...look, window.devicePixelRatio].join();
    if (drawFor === this.drawnFor) return;
    this.drawnFor = drawFor;
    this.box.replaceChildren();
    for (const signed of signedTop === null ? [false] : [true, false]) {
      const name = scaleName(view, signed);
      const where = difference && !signed ? "small maps and last row: " : "";
      this.box.append(element("span", "", where + name), this.scale(signed, name));
    }
    this.box.append(...this.evidence());
    this.box.append(element("span", "", "small maps: layer\u00b7head, evenness"));
    if (view.share < 100) this.box.append(swatch(FADED_KEY, "other keys"));
    if (data.groups) {
      this.box.append(element("span", "", `${data.groups.name}, first listed:`));
      this.box.append(...groupsHere(data).map(({ text, colour }) => swatch(colour, text)));
    }
  }

  private evidence(): HTMLElement[] {
    const { data, theme } = this.board;
    if (!data.sources.some(({ columns }) => columns.length)) return [];
    const page = pageOf(theme.ink);
    return [
      swatch(HELPS[page], "helps the target"),
      swatch(HURTS[page], "hurts it"),
      element("span", "", "bold: three largest"),
      element("span", "", "\u25cf missed: important, less than an even share"),
      element("span", "", "\u25cb overrated: unimportant, at least twice an even share"),
    ];
  }

  private scale(signed: boolean, name: string): HTMLElement {
    const canvas = element("canvas");
    const surface = new CanvasSurface(sized(canvas, WIDTH, HEIGHT));
    paintScale(surface, scaleLookOf(this.board, signed, this.board.theme.ink), 0, 0, WIDTH);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
    return canvas;
  }
}
