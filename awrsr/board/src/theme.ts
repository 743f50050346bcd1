/** The page's colours. */

import type { Ink } from "./scales";
import { FONT, contextOf, setFont } from "./text";

const property = (box: Element, name: string) =>
  getComputedStyle(box).getPropertyValue(name).trim();

/** The page's colours, with a name that identifies them. */
export class Theme {
  name = "";
  private found: Ink | null = null;
  private foundFor = "";

  constructor(private readonly box: Element) {}

  /** Whether the page's colours differ from the drawn ones. */
  get isStale(): boolean {
    return this.name !== this.nameNow();
  }

  look(): void {
    this.name = this.nameNow();
    setFont(getComputedStyle(this.box).fontFamily || FONT);
  }

  /** Reading the page's colours forces a layout, so it is done once per theme. */
  get ink(): Ink {
    if (!this.found || this.foundFor !== this.name) {
      this.found = inkOf(this.box);
      this.foundFor = this.name;
    }
    return this.found;
  }

  private nameNow(): string {
    const { box } = this;
    const variables = ["--st-background-color", "--st-text-color"];
    return variables.map((name) => property(box, name)).join("") + getComputedStyle(box).color;
  }
}

function inkOf(box: Element): Ink {
  const paper = property(box, "--st-background-color") || "#ffffff";
  const probe = contextOf(document.createElement("canvas"));
  probe.fillStyle = paper;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  return { ink: getComputedStyle(box).color, paper, dark: r * 0.3 + g * 0.59 + b * 0.11 < 128 };
}
