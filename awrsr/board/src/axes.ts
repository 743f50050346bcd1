/** The places on which the maps and the evidence on view are drawn. */

import { axisOf, isReordered, ownAxis, rowsOf, sharedPlaces } from "./axis";
import type { Axis } from "./axis";
import type { Board } from "./board";
import type { Source } from "./data";
import { sourcesOnView } from "./evidence";
import type { Grid, Missing } from "./maps";
import type { MapSpec } from "./view";

export class Axes {
  constructor(private readonly board: Board) {}

  private get onView(): Source[] {
    return sourcesOnView(this.board).map((source) => this.board.data.sources[source]);
  }

  /** Whether the large maps show a history in two orders, each on its own axis. */
  get reordered(): boolean {
    const [first, second] = this.onView as (Source | undefined)[];
    return (
      this.board.state.view.mode !== "flow" && !!first && !!second && isReordered(first, second)
    );
  }

  /** The rows of the evidence, as places. */
  rows(): number[] {
    if (this.board.state.view.mode === "flow") return [...Array(this.board.data.n).keys()];
    return (this.reordered ? rowsOf : sharedPlaces)(this.onView);
  }

  /** The places on which the maps of a source are drawn. */
  places(source: number): number[] {
    return this.reordered ? this.board.data.sources[source].places : this.rows();
  }

  axis(source: number): Axis {
    const { data } = this.board;
    return this.reordered ? ownAxis(data, data.sources[source]) : axisOf(data, this.rows());
  }

  grid(spec: MapSpec): Grid | Missing {
    return this.board.maps.on(this.places(spec.source), spec, this.board.state.view.measure);
  }

  difference(): Grid | Missing {
    const { panels, measure } = this.board.state.view;
    return this.board.maps.on(this.places(panels[0].source), panels, measure);
  }
}
