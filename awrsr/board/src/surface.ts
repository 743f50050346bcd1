/** The same drawing on a canvas and in SVG. */

import type { Cells } from "./layout";
import { contextOf, fontFamily } from "./text";

export interface TextLook {
  fill: string;
  size?: number;
  align?: "left" | "center" | "right";
  /** Degrees, clockwise. */
  turn?: number;
  weight?: number;
  alpha?: number;
}

export interface Surface {
  rect(x: number, y: number, width: number, height: number, fill: string): void;
  frame(x: number, y: number, width: number, height: number, colour: string, line: number): void;
  /** Text is centred on `y`. */
  text(text: string, x: number, y: number, look: TextLook): void;
  /** The lower triangle of n by n cells of this width and height. */
  cells(pixels: Uint8ClampedArray<ArrayBuffer>, { x, y, cell, line }: Cells): void;
}

/** A canvas of this many pixels. Its memory is reused if possible: new memory costs more than the
 * drawing. */
export function resized(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return contextOf(canvas);
}

/** A canvas of this size on the page, empty unless it is known to be untouched. */
export function sized(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  untouched = false,
): CanvasRenderingContext2D {
  const density = Math.min(3, window.devicePixelRatio || 1);
  const pixels = (length: number) => Math.max(1, Math.round(length * density));
  const context = resized(canvas, pixels(width), pixels(height));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  context.setTransform(density, 0, 0, density, 0, 0);
  if (!untouched) context.clearRect(0, 0, width, height);
  return context;
}

/** One pixel per cell. */
export function putCells(
  canvas: HTMLCanvasElement,
  pixels: Uint8ClampedArray<ArrayBuffer>,
): number {
  const n = Math.sqrt(pixels.length / 4);
  resized(canvas, n, n).putImageData(new ImageData(pixels, n, n), 0, 0);
  return n;
}

let scratch: HTMLCanvasElement | null = null;

export class CanvasSurface implements Surface {
  constructor(private readonly context: CanvasRenderingContext2D) {}

  clear(): void {
    const { canvas } = this.context;
    this.context.clearRect(0, 0, canvas.width, canvas.height);
  }

  dot(x: number, y: number, radius: number, colour: string, filled: boolean): void {
    const c = this.context;
    c.beginPath();
    c.arc(x, y, radius, 0, 2 * Math.PI);
    c.fillStyle = c.strokeStyle = colour;
    c.lineWidth = 1.2;
    if (filled) c.fill();
    else c.stroke();
  }

  rect(x: number, y: number, width: number, height: number, fill: string, alpha = 1): void {
    this.context.globalAlpha = alpha;
    this.context.fillStyle = fill;
    this.context.fillRect(x, y, width, height);
    this.context.globalAlpha = 1;
  }

  frame(x: number, y: number, width: number, height: number, colour: string, line: number): void {
    this.context.strokeStyle = colour;
    this.context.lineWidth = line;
    this.context.strokeRect(x, y, width, height);
  }

  text(text: string, x: number, y: number, look: TextLook): void {
    const { fill, size = 11, align = "left", turn = 0, weight = 400, alpha = 1 } = look;
    const c = this.context;
    c.save();
    c.translate(x, y);
    c.rotate((turn * Math.PI) / 180);
    c.font = `${weight} ${size}px ${fontFamily()}`;
    c.fillStyle = fill;
    c.globalAlpha = alpha;
    c.textAlign = align;
    c.textBaseline = "middle";
    c.fillText(text, 0, 0);
    c.restore();
  }

  cells(pixels: Uint8ClampedArray<ArrayBuffer>, { x, y, cell, line }: Cells): void {
    scratch ??= document.createElement("canvas");
    const n = putCells(scratch, pixels);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(scratch, x, y, n * cell, n * line);
  }
}

const ANCHORS = { left: "start", center: "middle", right: "end" };
const number = (value: number) => String(Number(value.toFixed(2)));

export const escaped = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

const attributes = (values: Record<string, string | number>): string =>
  Object.entries(values)
    .map(([name, value]) => {
      return ` ${name}="${typeof value === "number" ? number(value) : escaped(value)}"`;
    })
    .join("");

export class SvgSurface implements Surface {
  private readonly parts: string[] = [];

  rect(x: number, y: number, width: number, height: number, fill: string): void {
    this.parts.push(`<rect${attributes({ x, y, width, height, fill })}/>`);
  }

  frame(x: number, y: number, width: number, height: number, stroke: string, line: number): void {
    const look = { fill: "none", stroke, "stroke-width": line };
    this.parts.push(`<rect${attributes({ x, y, width, height, ...look })}/>`);
  }

  text(text: string, x: number, y: number, look: TextLook): void {
    const { fill, size = 11, align = "left", turn = 0, weight = 400, alpha = 1 } = look;
    const given = attributes({
      transform: `translate(${number(x)} ${number(y)}) rotate(${turn})`,
      dy: ".35em",
      "font-size": size,
      "font-weight": weight,
      fill,
      "fill-opacity": alpha,
      "text-anchor": ANCHORS[align],
    });
    this.parts.push(`<text${given}>${escaped(text)}</text>`);
  }

  cells(pixels: Uint8ClampedArray<ArrayBuffer>, { x, y, cell, line }: Cells): void {
    const n = Math.sqrt(pixels.length / 4);
    const [across, down] = [number(cell), number(line)];
    this.parts.push('<g shape-rendering="crispEdges">');
    for (let q = 0; q < n; q++)
      for (let k = 0; k <= q; k++) {
        const [r, g, b, alpha] = pixels.subarray((q * n + k) * 4);
        if (!alpha) continue;
        const start = `M${number(x + k * cell)} ${number(y + q * line)}`;
        const d = `${start}h${across}v${down}h-${across}z`;
        const faded: Record<string, string> = alpha < 255 ? { "fill-opacity": ".18" } : {};
        this.parts.push(`<path${attributes({ d, fill: `rgb(${r},${g},${b})`, ...faded })}/>`);
      }
    this.parts.push("</g>");
  }

  done(width: number, height: number): string {
    const given = attributes({
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${number(width)} ${number(height)}`,
      width,
      height,
      "font-family": fontFamily(),
    });
    return `<svg${given}>${this.parts.join("")}</svg>`;
  }
}
