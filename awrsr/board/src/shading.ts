/** From the values of a map to colours, in the chosen view. */

import type { Board } from "./board";
import type { ScaleLook } from "./legend";
import { isMissing } from "./maps";
import type { Grid } from "./maps";
import type { Ink, Shading } from "./scales";

export function shadingOf(board: Board, grid: Grid, signed: boolean, ink: Ink): Shading {
  const { scale, share, measure } = board.state.view;
  const rows = scale === "row";
  const top = scale === "even" ? grid.topTimes : grid.top;
  const most = rows ? 1 : signed ? top : board.maps.largest(measure);
  return { grid, signed, scale, share, most, ink };
}

/** @param signed for the difference, which must exist. */
export function scaleLookOf(board: Board, signed: boolean, ink: Ink): ScaleLook {
  const { scale, measure } = board.state.view;
  const found = signed ? board.axes.difference() : null;
  const even = scale === "even";
  const exists = found && !isMissing(found);
  const end = exists ? (even ? found.topTimes : found.top) : board.maps.largest(measure);
  return { signed, scale, most: scale === "row" ? 1 : end, ink };
}
