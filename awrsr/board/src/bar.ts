/** The controls above the board, with the export buttons. */

import { SHARES } from "./address";
import type { Board } from "./board";
import { button, chooser, element } from "./dom";
import type { Control } from "./dom";
import { FACTS, MEASURES, MODES, SCALES, SIZES, keysOf } from "./kinds";
import { alike, comparedPair, ofPair, pairs } from "./view";
import type { View } from "./view";

const COPY = "Copy link";

export class Bar {
  readonly box = element("div", "ab-bar");
  private controls: Control[] = [];
  private builtFor = "";

  constructor(private readonly board: Board) {}

  /** Rebuilt for other sources; otherwise updated to the view. */
  draw(): void {
    const { data, state } = this.board;
    const { sources } = data;
    const names = sources.map(({ name }) => name);
    const buildFor = JSON.stringify([names, sources.length > 2 && pairs(data, state.view)]);
    if (buildFor === this.builtFor) for (const control of this.controls) control.follow();
    else this.build();
    this.builtFor = buildFor;
  }

  private build(): void {
    const { sources } = this.board.data;
    const two = sources.length > 1;
    const first = [
      ...(two ? [this.choice("View", "mode", MODES)] : []),
      ...(sources.length > 2 ? [this.compare()] : []),
      this.choice("Colours", "scale", SCALES),
      ...(two ? [this.linked()] : []),
    ];
    const seldom = [
      this.choice("Cells show", "measure", MEASURES),
      this.choice("Size", "size", SIZES),
      this.share(),
    ];
    const facts = this.facts();
    this.controls = [...first, ...seldom, facts];
    const more = element("details", "ab-more");
    const drawer = element("div", "ab-drawer");
    drawer.append(...seldom.map(({ part }) => part), facts.part, this.acts());
    more.append(element("summary", "ab-act", "More"), drawer);
    const right = element("span", "ab-right");
    right.append(this.board.help.opener(), more);
    this.box.replaceChildren(...first.map(({ part }) => part), right);
  }

  private choice<K extends "mode" | "measure" | "scale" | "size">(
    label: string,
    key: K,
    words: Record<View[K], string>,
  ): Control {
    const options = keysOf(words).map((value): [string, string] => [value, words[value]]);
    return chooser(
      label,
      options,
      () => this.board.state.view[key],
      (value) => {
        this.board.set({ [key]: value });
      },
    );
  }

  private compare(): Control {
    const { board } = this;
    const { state } = board;
    const named = (pair: string) =>
      pair
        .split("|")
        .map((source) => board.data.sources[Number(source)].name)
        .join(" with ");
    return chooser(
      "Compare",
      pairs(board.data, state.view).map((pair) => [pair, named(pair)]),
      () => comparedPair(state.view),
      (pair) => {
        board.set({ panels: ofPair(board.data, state.view, pair) });
      },
    );
  }

  private share(): Control {
    const { state } = this.board;
    const part = element("label", "", "");
    const words = element("span");
    const slider = element("input");
    slider.type = "range";
    for (const [name, value] of Object.entries(SHARES)) slider.setAttribute(name, String(value));
    slider.setAttribute("aria-label", "Share of each row's weight to show");
    const say = () => {
      const all = slider.value === "100";
      words.textContent = all ? "All keys of a row" : `Keys that make up ${slider.value} %`;
      slider.setAttribute("aria-valuetext", words.textContent);
    };
    slider.oninput = () => {
      say();
      this.board.set({ share: Number(slider.value) });
    };
    const follow = () => {
      if (words.textContent && Number(slider.value) === state.view.share) return;
      slider.value = String(state.view.share);
      say();
    };
    follow();
    part.append(words, slider);
    return { part, follow };
  }

  private linked(): Control {
    const { board } = this;
    const { state } = board;
    const part = element("label", "ab-check");
    const tick = element("input");
    tick.type = "checkbox";
    tick.setAttribute("aria-label", "Same layer, head and map on both sides");
    tick.onchange = () => {
      const { panels } = state.view;
      const linked = tick.checked;
      board.set({ linked, panels: linked ? alike(board.data, panels, panels[0]) : panels });
    };
    const follow = () => {
      tick.checked = state.view.linked;
    };
    follow();
    part.append(tick, element("span", "", "same map on both sides"));
    return { part, follow };
  }

  /** The choice of the columns beside the items. */
  private facts(): Control {
    const { board } = this;
    const part = element("fieldset", "ab-facts");
    part.append(element("legend", "", "Columns"));
    const ticks = keysOf(FACTS).map((fact) => {
      const label = element("label", "ab-check");
      const tick = element("input");
      tick.type = "checkbox";
      tick.onchange = () => {
        const chosen = keysOf(FACTS).filter((_, i) => ticks[i].checked);
        if (chosen.length) board.set({ facts: chosen });
        else follow();
      };
      label.append(tick, element("span", "", FACTS[fact]));
      part.append(label);
      return tick;
    });
    const follow = () => {
      keysOf(FACTS).forEach((fact, i) => {
        ticks[i].checked = board.state.view.facts.includes(fact);
      });
    };
    follow();
    return { part, follow };
  }

  private acts(): HTMLElement {
    const { board } = this;
    const acts = element("span", "ab-acts");
    const add = (text: string, label: string, act: (pressed: HTMLButtonElement) => void) => {
      const made = button("ab-act", text, label);
      made.title = label;
      made.onclick = () => {
        act(made);
      };
      acts.append(made);
    };
    add("PNG", "Download the large maps as PNG", () => {
      board.downloads.png();
    });
    add("SVG", "Download the large maps as SVG", () => {
      board.downloads.svg();
    });
    add("HTML", "Download the board as an offline page", () => {
      board.downloads.page();
    });
    if (board.inApp)
      add(COPY, "Copy a link to this view", (pressed) => {
        copyAddress(board, pressed);
      });
    return acts;
  }
}

/** Browsers allow the clipboard only on secure pages. */
function copyAddress(board: Board, pressed: HTMLButtonElement): void {
  const say = (text: string) => {
    pressed.textContent = text;
    setTimeout(() => {
      pressed.textContent = COPY;
    }, 1800);
  };
  board.bookmark.write();
  const clipboard = navigator.clipboard as Clipboard | undefined;
  const fallback = () => {
    say("In the address bar");
  };
  if (!clipboard) fallback();
  else
    clipboard.writeText(location.href).then(() => {
      say("Copied");
    }, fallback);
}
