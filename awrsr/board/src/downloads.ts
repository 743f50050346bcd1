/** Downloads from the board. */

import { toHash } from "./address";
import type { Board } from "./board";
import { element } from "./dom";
import { Figure } from "./figure";
import { pageOf } from "./page";
import { CanvasSurface, SvgSurface } from "./surface";
import { contextOf } from "./text";

/** PNG pixels per pixel of the page. */
const DENSITY = 4;
/** Milliseconds before a file is released: the browser may start to read it late. */
const KEPT_MS = 10_000;

export class Downloads {
  constructor(private readonly board: Board) {}

  png(): void {
    const figure = new Figure(this.board);
    const canvas = element("canvas");
    canvas.width = figure.width * DENSITY;
    canvas.height = Math.ceil(figure.height * DENSITY);
    const context = contextOf(canvas);
    context.scale(DENSITY, DENSITY);
    figure.paint(new CanvasSurface(context));
    canvas.toBlob((blob) => {
      if (blob) this.save("png", blob);
    });
  }

  svg(): void {
    const figure = new Figure(this.board);
    const surface = new SvgSurface();
    figure.paint(surface);
    const text = surface.done(figure.width, figure.height);
    this.save("svg", new Blob([text], { type: "image/svg+xml" }));
  }

  page(): void {
    const { data, state } = this.board;
    const page = pageOf({ ...data.payload, view: toHash(data, state.view) });
    this.save("html", new Blob([page], { type: "text/html" }));
  }

  private save(ending: string, blob: Blob): void {
    const link = element("a");
    link.href = URL.createObjectURL(blob);
    link.download = `attention.${ending}`;
    this.board.box.append(link);
    link.click();
    link.remove();
    setTimeout(() => {
      URL.revokeObjectURL(link.href);
    }, KEPT_MS);
  }
}
