/** The attention board: all maps of several traces, linked by the cell under the pointer. */

import { fromHash } from "./address";
import { Answers } from "./answers";
import { Axes } from "./axes";
import { Bar } from "./bar";
import boardStyle from "./board.css";
import { Bookmark, openingHash } from "./bookmark";
import { decode, shownKind } from "./data";
import type { Data } from "./data";
import { element } from "./dom";
import { Dock } from "./dock";
import { Downloads } from "./downloads";
import { blockOf } from "./effects";
import { Evidence, sourcesOnView } from "./evidence";
import { together } from "./layout";
import { Ledger } from "./ledger";
import { Help } from "./help";
import { Legend } from "./legend";
import mapsStyle from "./maps.css";
import { mark } from "./marks";
import type { AnyDrawn } from "./marks";
import { Maps } from "./maps";
import { notes } from "./notes";
import { Panels } from "./panels";
import type { Payload } from "./payload";
import { Reading } from "./reading";
import type { Ask, State, Tell } from "./state";
import { sameCell } from "./steering";
import tablesStyle from "./tables.css";
import { Theme } from "./theme";
import { carriedOver, changed } from "./view";
import type { Cell, MapSpec, View } from "./view";

/** Theme switches change CSS variables and Streamlit changes the address, both without an event. */
const WATCHED_MS = 700;
/** Smaller changes of the page's width are ignored. */
const LEAST_CHANGE = 3;
const USUAL_WIDTH = 900;

export class Board {
  readonly box = element("section", "ab");
  readonly state: State;
  readonly theme = new Theme(this.box);
  readonly reading = new Reading(this);
  readonly bookmark = new Bookmark(this);
  readonly downloads = new Downloads(this);
  readonly answers = new Answers(this);
  readonly help = new Help(this);
  readonly axes = new Axes(this);
  data: Data;
  maps: Maps;
  width = 0;
  private readonly bar = new Bar(this);
  private readonly panels = new Panels(this);
  private readonly legend = new Legend(this);
  private readonly evidence: Evidence;
  private readonly ledger = new Ledger(this);
  private readonly dock = new Dock(this);
  private readonly note = element("div", "ab-note");
  /** The legend's place if there is no room above the evidence. */
  private readonly below = element("div");
  private readonly waiting = new Set<() => void>();
  private watch = 0;

  /**
   * @param tell called on lock and release; null without a listener.
   * @param ask called for values that the server computes; null without a server.
   */
  constructor(
    root: ParentNode,
    payload: Payload,
    private tell: Tell | null,
    public ask: Ask | null,
  ) {
    this.data = decode(payload);
    this.maps = new Maps(this.data);
    const { view, strange } = fromHash(this.data, openingHash(this.data));
    this.state = { view, hover: null, steered: false, lockedOn: null, told: "null", strange };
    this.evidence = new Evidence(this);
    const { box, reading, ledger } = this;
    box.setAttribute("aria-label", "Attention board");
    const rows = element("div", "ab-rows");
    rows.append(this.evidence.box, this.panels.box);
    box.append(this.bar.box, rows, this.below, reading.box);
    const more = element("details", "ab-fold");
    const words = "Attention weight by kind of key, and how to read the maps";
    more.append(element("summary", "", words), ledger.title, ledger.box, this.note);
    box.append(more, reading.tip, reading.live, this.help.box);
    const sheet = element("style");
    sheet.textContent = boardStyle + mapsStyle + tablesStyle;
    root.append(sheet, box);
    this.listen();
    this.watchPage();
    this.start();
  }

  /** Show new data, or continue with the same data. */
  load(payload: Payload, tell: Tell | null, ask: Ask | null): void {
    Object.assign(this, { tell, ask });
    this.watchPage();
    if (payload.signature === this.data.signature) return;
    const before = this.data;
    this.data = decode(payload);
    this.maps = new Maps(this.data);
    this.evidence.drawn = [];
    this.state.hover = null;
    this.state.view = carriedOver(this.state.view, before, this.data);
    this.start();
  }

  private start(): void {
    this.width = Math.round(this.box.clientWidth) || USUAL_WIDTH;
    this.drawAll();
  }

  /** Whether the board is part of a page with a server. */
  get inApp(): boolean {
    return this.ask !== null;
  }

  private listen(): void {
    const { box } = this;
    new ResizeObserver(() => {
      const now = Math.round(box.clientWidth);
      if (!now || Math.abs(now - this.width) <= LEAST_CHANGE) return;
      this.width = now;
      this.later(this.drawAll);
    }).observe(box);
    const release = (event: KeyboardEvent) => {
      if (!box.isConnected) document.removeEventListener("keydown", release);
      else if (
        event.key === "Escape" &&
        this.state.view.lock &&
        !document.querySelector("[role=dialog]")
      )
        this.lock(null);
    };
    document.addEventListener("keydown", release);
  }

  private watchPage(): void {
    if (this.watch) return;
    this.watch = window.setInterval(() => {
      if (!this.box.isConnected) {
        clearInterval(this.watch);
        this.watch = 0;
        return;
      }
      if (this.theme.isStale) this.drawAll();
      this.bookmark.restore();
    }, WATCHED_MS);
  }

  /** Draw once, in the next frame. */
  later(task: () => void): void {
    if (!this.waiting.size)
      requestAnimationFrame(() => {
        const tasks = [...this.waiting];
        this.waiting.clear();
        for (const one of tasks) one();
      });
    this.waiting.add(task);
  }

  /** All drawings that show cells. */
  drawn(): AnyDrawn[] {
    return [...this.panels.drawn, ...this.evidence.drawn];
  }

  private readonly mark = () => {
    mark(this);
  };

  redraw(): void {
    this.later(this.drawAll);
  }

  private readonly drawAll = () => {
    this.theme.look();
    this.drawMaps();
    this.drawRest();
    this.box.dataset.signature = this.data.signature; // of the drawn data
  };

  /** Draw the parts that a choice changes. */
  private drawMaps(): void {
    this.reading.hideTip();
    this.bar.draw();
    const { data, state, width } = this;
    const { facts } = state.view;
    const blocks = sourcesOnView(this).map((one) => blockOf(data.sources[one], width, facts));
    const rows = this.axes.rows().length;
    // Enlarged maps, a difference and maps in two orders are below the evidence.
    const below =
      state.view.size === "large" || state.view.mode === "difference" || this.axes.reordered;
    const room = together(below ? 0 : width, rows, blocks, state.view.panels.length);
    const wide = room.map !== null;
    this.box.classList.toggle("ab-wide", wide);
    const legendAt = wide ? this.evidence.above : this.below;
    if (this.legend.box.parentNode !== legendAt) legendAt.append(this.dock.box, this.legend.box);
    this.panels.draw(room.map);
    this.evidence.draw(below ? together(width, rows, blocks, Infinity).evidence : room.evidence);
    this.mark();
  }

  /** Draw the parts that can follow a frame later. */
  private readonly drawRest = () => {
    this.panels.drawPicks();
    this.reading.draw();
    this.legend.draw();
    this.dock.draw();
    this.answers.ask();
    this.ledger.draw();
    const { view, strange } = this.state;
    const words = notes(this.data, view, this.panels.every, strange);
    if (this.note.textContent !== words) this.note.textContent = words;
    this.mark();
    this.bookmark.writeSoon();
    setTimeout(() => {
      this.tellLock(); // the locked places may have changed
    }, 0);
  };

  /** The server has answered. */
  answered(): void {
    if (this.state.view.mode === "flow") this.redraw();
    else this.dock.draw();
  }

  set(change: Partial<View>): void {
    const { activeElement } = this.box.getRootNode() as Document | ShadowRoot;
    const inside = activeElement && this.box.contains(activeElement);
    const label = inside ? activeElement.getAttribute("aria-label") : null;
    Object.assign(this.state.view, change);
    this.drawMaps();
    this.bookmark.remember();
    this.later(this.drawRest);
    if (label) this.focus(label);
  }

  private focus(label: string): void {
    const labelled = this.box.querySelectorAll<HTMLElement>("[aria-label]");
    [...labelled]
      .find((node) => node.getAttribute("aria-label") === label)
      ?.focus({ preventScroll: true });
  }

  /** Change the map in a panel. */
  choose(place: number, change: Partial<MapSpec>): void {
    this.set({ panels: changed(this.data, this.state.view, place, change) });
  }

  point(cell: Cell | null): void {
    const same = sameCell(cell, this.state.hover);
    this.state.hover = cell;
    if (!same) this.later(this.mark);
  }

  lock(cell: Cell | null): void {
    const { state, reading } = this;
    state.view.lock = cell && { query: cell.query, key: cell.key };
    if (cell) reading.say(cell, "Locked. ");
    else reading.live.textContent = "Released";
    state.lockedOn = cell && this.mapsOnView();
    this.ledger.draw();
    this.dock.draw();
    reading.draw();
    this.mark();
    this.bookmark.write();
    this.tellLock(true);
  }

  mapsOnView(): string {
    return JSON.stringify(this.state.view.panels);
  }

  /** A new view of the locked cell is not reported: the maps at the time of locking are kept. */
  tellLock(anew = false): void {
    const { data, state, tell } = this;
    if (!tell) return;
    const { lock, panels } = state.view;
    const places = JSON.stringify(lock && [lock.query, lock.key, data.signature]);
    if (places === state.told && !(anew && lock)) return;
    state.told = places;
    const shown = panels.map(({ source, layer, head, kind }) => {
      const from = data.sources[source];
      return { source: from.name, layer, head, kind: shownKind(from, kind) };
    });
    tell(lock && { ...lock, panels: shown });
  }
}
