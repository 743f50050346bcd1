/** The board's part of the browser's address: read at the start, updated when the view changes. */

import { fromHash, isView, toHash, withoutLock } from "./address";
import type { Board } from "./board";
import type { Data } from "./data";

/** Changing the address takes a browser longer than drawing a map. */
const SOON_MS = 150;
/** An event on the document that writes the view into the address at once. */
const WANTED = "attention-board-address";

interface Visit {
  hash: string;
  signature: string;
}
/** The last views of previous pages of the app, by path. */
const visits = new Map<string, Visit>();
let opened = false;

/** The initial view: from the address, an earlier visit, or the payload. */
export function openingHash(data: Data): string {
  const hashes = [location.hash, openedHash(), leftHash(data)];
  return hashes.find((hash) => hash !== "") ?? data.payload.view ?? "";
}

/** The fragment of the opened address, for the first board: Streamlit may rewrite the address
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
  /** An offline page has no address to share. */
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

  /** Show the view of a link on the page. */
  private follow(): void {
    const { board } = this;
    const { view, strange } = fromHash(board.data, location.hash, board.state.view);
    const lockedOn = view.lock && JSON.stringify(view.panels);
    Object.assign(board.state, { view, strange, lockedOn });
    board.redraw();
    board.tellLock(true);
  }

  /** Remember the view for a return to this page. */
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

  /** Streamlit changes the address without an event. */
  restore(): void {
    const hash = toHash(this.board.data, this.board.state.view);
    if (this.isKept && location.hash !== hash)
      history.replaceState(history.state, "", location.pathname + location.search + hash);
  }
}
