/** Requests to the server for values computed after the board was drawn, and its answers. */

import type { Board } from "./board";
import { floatsOf } from "./data";
import type { Answer, Band, PackedFlow } from "./payload";

/** The event that reports a new answer, which is kept in the window. */
const EVENT = "attention-board-answer";
declare global {
  interface Window {
    attentionBoardAnswer?: Answer;
  }
}

/** A request to Python. */
export interface Asked {
  signature: string;
  flow: boolean;
  cut: Band | null;
}

/** The flow of a score in one source; triangles are of the source's own items. */
export interface Flow {
  score: number;
  nodes: number[][];
  first: Float32Array[];
  refinement: (Float32Array | null)[];
  residual: number[][];
  constants: number[];
}

const unpacked = ({ score, nodes, first, refinement, residual, constants }: PackedFlow): Flow => ({
  ...{ score, nodes, residual, constants },
  first: first.map(floatsOf),
  refinement: refinement.map((packed) => (packed === null ? null : floatsOf(packed))),
});

export class Answers {
  private asked = "";
  /** The last requested cut and the signature of its data; other requests keep it. */
  private cut: { band: Band; signature: string } | null = null;
  private flows = new Map<string, Flow>();
  private flowsOf: Answer | null = null;

  constructor(private readonly board: Board) {
    const answered = () => {
      if (board.box.isConnected) board.answered();
      else document.removeEventListener(EVENT, answered);
    };
    document.addEventListener(EVENT, answered);
  }

  /** The answer for the data on view; null before it arrives. */
  get now(): Answer | null {
    const found = window.attentionBoardAnswer;
    return found?.signature === this.board.data.signature ? found : null;
  }

  flow(source: string): Flow | null {
    const { now } = this;
    if (now !== this.flowsOf) {
      this.flows = new Map(now?.flows.map((one) => [one.source, unpacked(one)]));
      this.flowsOf = now;
    }
    return this.flows.get(source) ?? null;
  }

  /** Ask for the values that the view needs, and for a cut; without one, the last cut stays. */
  ask(band: Band | null = null): void {
    const { data, state, ask } = this.board;
    if (!ask) return;
    const flow = state.view.mode === "flow";
    if (!flow && !this.asked) return;
    const { signature } = data;
    if (band) this.cut = { band, signature };
    if (!flow || this.cut?.signature !== signature) this.cut = null;
    const cut = this.cut?.band ?? null;
    const asked: Asked = { signature, flow, cut };
    const text = JSON.stringify(asked);
    if (text === this.asked) return;
    this.asked = text;
    ask(asked);
  }
}
