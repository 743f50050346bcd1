/** The board's part of the browser's address, read when it opens and kept as the view changes. */

import { fromHash, isView, toHash, withoutLock } from "./address";
import type { Board } from "./board";
import type { Data } from "./data";

/** A browser takes longer to change the address than to draw a map. */
const SOON_MS = 150;
/** Who needs the view in the address at once sends this event to the document. */
const WANTED = "attention-board-address";

interface Visit {
  hash: string;
  signature: string;
}
/** The views in which pages of the app were left for others, by path. */
const visits = new Map<string, Visit>();
let opened = false;

/** The view to open with: of the address, of an earlier visit, or of the payload. */
export function openingHash(data: Data): string {
  const hashes = [location.hash, openedHash(), leftHash(data)];
  return hashes.find((hash) => hash !== "") ?? data.payload.view ?? "";
}

/** Of the address that was opened, for the first board: Streamlit may have rewritten the address
 * before that is drawn, and drops what follows "#". */
function openedHash(): string {
  if (opened) return "";
  opened = true;
  const entries = performance.getEntriesByType("navigation");
  return entries.length ? new URL(entries[0].name).hash : "";
}

function leftHash({ signature }: Data): string {
  const visit = visits.get(location.pathname);
  if (!visit) return "";
  return visit.signature === signature ? visit.hash : withoutLock(visit.hash);
}

export class Bookmark {
  /** In a file of its own there is no address to share. */
  private isKept = false;
  private soon = 0;

  constructor(private readonly board: Board) {
    const write = () => {
      if (board.box.isConnected) this.write();
      else document.removeEventListener(WANTED, write);
    };
    document.addEventListener(WANTED, write);
    const follow = () => {
      if (!board.box.isConnected) removeEventListener("hashchange", follow);
      else if (isView(location.hash)) this.follow();
    };
    addEventListener("hashchange", follow);
  }

  /** Show what a link on the page asks for. */
  private follow(): void {
    const { board } = this;
    const { view, strange } = fromHash(board.data, location.hash, board.state.view);
    const lockedOn = view.lock && JSON.stringify(view.panels);
    Object.assign(board.state, { view, strange, lockedOn });
    board.redraw();
    board.tellLock(true);
  }

  /** Remember the view for the page's way back. */
  remember(): void {
    const { data, state } = this.board;
    const hash = toHash(data, state.view);
    visits.set(location.pathname, { hash, signature: data.signature });
  }

  writeSoon(): void {
    this.remember();
    clearTimeout(this.soon);
    this.soon = window.setTimeout(() => {
      this.write();
    }, SOON_MS);
  }

  write(): void {
    clearTimeout(this.soon);
    const { board } = this;
    if (!board.box.isConnected) return;
    this.isKept = board.inApp;
    this.remember();
    this.restore();
  }

  /** Streamlit changes the address and tells nobody. */
  restore(): void {
    const hash = toHash(this.board.data, this.board.state.view);
    if (this.isKept && location.hash !== hash)
      history.replaceState(history.state, "", location.pathname + location.search + hash);
  }
}
