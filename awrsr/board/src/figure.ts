/** The large maps as one figure in print colours, one column wide: 340 px are 240 pt. */

import type { Board } from "./board";
import { mapName } from "./data";
import { paintFrame } from "./frame";
import { mapLayout } from "./layout";
import { paintScale, scaleName } from "./legend";
import { isMissing } from "./maps";
import type { Grid, Missing } from "./maps";
import { PRINT, groupsHere, painted } from "./scales";
import type { Surface } from "./surface";
import { clipped, measured, wrapped } from "./text";
import type { MapSpec } from "./view";
import { shadingOf, scaleLookOf } from "./shading";

const WIDTH = 340;
const MARGIN = 6;
const ROOM = WIDTH - 2 * MARGIN;
const SIZE = 10.5;
const SCALE = { width: 320, height: 30 };
const GROUP_LINE = 15;

/** The figure is measured before it is painted: its height depends on line breaks in the text. */
export class Figure {
  readonly width = WIDTH;
  height = MARGIN;
  private readonly steps: ((surface: Surface) => void)[] = [];
  private readonly signed: boolean;

  constructor(private readonly board: Board) {
    const { data, state } = board;
    const { view } = state;
    const [left, right] = view.panels;
    this.signed = view.mode === "difference";
    if (data.title) this.say(data.title, 600);
    const found = this.signed ? board.axes.difference() : null;
    if (found) this.map(found, `${this.name(right)}; minus ${this.name(left)}`, left);
    else for (const spec of view.panels) this.map(board.axes.grid(spec), this.name(spec), spec);
    if (!found || !isMissing(found)) this.scale();
    if (data.groups) this.groups(`${data.groups.name}, first listed:`);
    this.height += MARGIN;
  }

  paint(surface: Surface): void {
    surface.rect(0, 0, this.width, this.height, PRINT.paper);
    for (const step of this.steps) step(surface);
  }

  private name(spec: MapSpec): string {
    const { data } = this.board;
    return `${data.sources[spec.source].title}: ${mapName(data, spec)}`;
  }

  private say(text: string, weight = 400): void {
    for (const line of wrapped(text, ROOM, (part) => measured(part, SIZE))) {
      const middle = this.height + SIZE * 0.7;
      const look = { size: SIZE, weight, fill: PRINT.ink };
      this.steps.push((surface) => {
        surface.text(line, MARGIN, middle, look);
      });
      this.height += SIZE * 1.35;
    }
  }

  private map(found: Grid | Missing, title: string, { source }: MapSpec): void {
    const { data } = this.board.axes.axis(source);
    this.height += 4;
    this.say(title);
    this.height += 2;
    if (isMissing(found)) {
      this.say(found.why);
      return;
    }
    const layout = { ...mapLayout(data.slots, WIDTH), width: WIDTH };
    const shading = shadingOf(this.board, found, this.signed, PRINT);
    const top = this.height;
    this.steps.push((surface) => {
      surface.cells(painted(shading), { ...layout, y: top + layout.y });
      paintFrame(surface, data, shading, layout, top);
    });
    this.height += layout.height;
  }

  private scale(): void {
    this.height += 4;
    this.say(scaleName(this.board.state.view, this.signed));
    const look = scaleLookOf(this.board, this.signed, PRINT);
    const top = this.height;
    this.steps.push((surface) => {
      paintScale(surface, look, MARGIN, top, SCALE.width);
    });
    this.height += SCALE.height;
  }

  private groups(heading: string): void {
    this.say(heading);
    let x = MARGIN;
    for (const { text, colour } of groupsHere(this.board.data)) {
      const label = clipped(text, ROOM - 20, SIZE);
      const width = 16 + measured(label, SIZE) + 10;
      if (x + width > ROOM && x > MARGIN) {
        x = MARGIN;
        this.height += GROUP_LINE;
      }
      const [left, top] = [x, this.height];
      this.steps.push((surface) => {
        surface.rect(left, top + 1, 9, 9, colour);
        surface.text(label, left + 13, top + 6, { size: SIZE, fill: PRINT.ink });
      });
      x += width;
    }
    this.height += GROUP_LINE;
  }
}
