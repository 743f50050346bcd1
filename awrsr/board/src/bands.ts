/** A sum as bands: terms on the left, their sum on the right; the thickness shows the share. */

import { svg } from "./dom";
import type { Why } from "./payload";
import { signed } from "./numbers";
import { LESS, MORE, pageOf } from "./scales";
import type { Ink } from "./scales";
import { clipped } from "./text";

const SIZE = { width: 318, line: 13, left: 190, right: 262, font: 11 };
/** The sum of all bands' thicknesses, and the minimum thickness. */
const THICK = { all: 30, least: 1.5 };

export function bandsOf({ terms, others, other, total }: Why, ink: Ink): SVGSVGElement {
  const rows = terms.map(({ label, value }) => ({ label, value }));
  if (others) rows.push({ label: `${others} other${others > 1 ? "s" : ""}`, value: other });
  const { width, line, left, right, font } = SIZE;
  const height = Math.max(rows.length * line, THICK.all) + 2;
  const drawn = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
  const list = rows.map(({ label, value }) => `${label} ${signed(value)}`).join(", ");
  drawn.setAttribute("aria-label", `${list}; sum ${signed(total)}`);
  const sum = rows.reduce((all, { value }) => all + Math.abs(value), 0) || 1;
  const unit = (THICK.all - rows.length * THICK.least) / sum;
  let end = (height - THICK.all) / 2;
  rows.forEach(({ label, value }, i) => {
    const thick = THICK.least + Math.abs(value) * unit;
    const [y, to] = [(i + 0.5) * line + 1, end + thick / 2];
    end += thick;
    const bend = (left + right) / 2;
    const d = `M${left} ${y}C${bend} ${y} ${bend} ${to} ${right} ${to}`;
    const stroke = (value < 0 ? LESS : MORE)[pageOf(ink)];
    drawn.append(svg("path", { d, stroke, "stroke-width": thick, fill: "none" }));
    const text = `${clipped(label, left - 54, font)}  ${signed(value)}`;
    drawn.append(words(text, left - 5, y, "end"));
  });
  drawn.append(words(signed(total), right + 6, height / 2, "start", 700));
  return drawn;
}

function words(text: string, x: number, y: number, anchor: string, weight = 400): SVGTextElement {
  const made = svg("text", { x, y, dy: ".35em", "text-anchor": anchor, "font-weight": weight });
  made.setAttribute("font-size", String(SIZE.font));
  made.setAttribute("fill", "currentColor");
  made.textContent = text;
  return made;
}
