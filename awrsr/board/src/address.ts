/** A view as the part of an address after "#", and back. */

import type { Data } from "./data";
import {
  FACTS,
  KINDS,
  MEASURES,
  MODES,
  SCALES,
  SIZES,
  TOGETHER,
  headCode,
  isOneOf,
  keysOf,
} from "./kinds";
import { defaults, sameMap, valid } from "./view";
import type { MapSpec, Position, View } from "./view";

const SIDES = ["left", "right"];
const KNOWN = [...SIDES, "mode", "measure", "scale", "size", "share", "facts", "apart", "lock"];
/** Values of the slider. */
export const SHARES = { min: 20, max: 100, step: 5 };
/** Limits of the message on parts not understood: number of parts, characters of each. */
const MOST_STRANGE = 6;
const LONGEST_STRANGE = 40;

/** The differences from the default view; empty if there are none. */
export function toHash(data: Data, view: View): string {
  const plain = defaults(data);
  const text = ({ source, layer, head, kind }: MapSpec) =>
    [data.sources[source].name, layer + 1, headCode(head), kind].join(".");
  const parts: string[] = [];
  view.panels.forEach((panel, i) => {
    if (text(panel) !== text(plain.panels[i]))
      parts.push(`${SIDES[i]}=${encodeURIComponent(text(panel))}`);
  });
  for (const key of ["mode", "measure", "scale", "share", "size"] as const)
    if (view[key] !== plain[key]) parts.push(`${key}=${view[key]}`);
  if (view.facts.join() !== plain.facts.join()) parts.push(`facts=${view.facts.join(".")}`);
  if (!view.linked) parts.push("apart=1");
  if (view.lock) {
    const { query, key } = view.lock;
    parts.push(`lock=${query + 1}${key === null ? "" : `.${key + 1}`}`);
  }
  return parts.length ? `#${parts.join("&")}` : "";
}

/**
 * The view in an address, and the parts of the address that are invalid for this data.
 *
 * @param now the view for everything that the address does not mention.
 */
export function fromHash(
  data: Data,
  hash: string,
  now: View = defaults(data),
): { view: View; strange: string[] } {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const view = { ...now, panels: [...now.panels] };
  const strange: string[] = [];
  const refuse = (key: string) => {
    if (given.has(key)) strange.push(`${key}=${given.get(key)}`);
  };
  SIDES.forEach((side, i) => {
    const spec = readSpec(data, given.get(side) ?? "");
    if (spec && i < view.panels.length) view.panels[i] = spec;
    else refuse(side);
  });
  const choose = <K extends "mode" | "measure" | "scale" | "size">(
    key: K,
    words: Record<View[K], string>,
  ) => {
    const value = given.get(key);
    if (isOneOf(words, value)) view[key] = value;
    else refuse(key);
  };
  choose("mode", MODES);
  choose("measure", MEASURES);
  choose("scale", SCALES);
  choose("size", SIZES);
  if (view.panels.length < 2) view.mode = "maps";
  const share = Number(given.get("share"));
  if (share >= SHARES.min && share <= SHARES.max && share % SHARES.step === 0) view.share = share;
  else refuse("share");
  const facts = given.get("facts")?.split(".") ?? [];
  if (facts.length && facts.every((fact) => isOneOf(FACTS, fact)))
    view.facts = keysOf(FACTS).filter((fact) => facts.includes(fact));
  else refuse("facts");
  view.linked = !given.get("apart") && view.panels.every((panel) => sameMap(panel, view.panels[0]));
  view.lock = readLock(data, given.get("lock") ?? "");
  if (!view.lock) refuse("lock");
  for (const key of given.keys()) if (!KNOWN.includes(key)) refuse(key);
  return { view, strange: strange.slice(0, MOST_STRANGE).map(shortened) };
}

/** The map named by "A.2.mean.first". */
function readSpec(data: Data, text: string): MapSpec | null {
  const [name, layer, head, kind] = text.split(".") as (string | undefined)[];
  const source = data.sources.findIndex((other) => other.name === name);
  if (source < 0 || !isOneOf(KINDS, kind)) return null;
  const asked = {
    source,
    layer: Number(layer) - 1,
    head: isOneOf(TOGETHER, head) ? head : Number(head) - 1,
    kind,
  };
  const spec = valid(data, asked);
  return spec?.layer === asked.layer && spec.head === asked.head ? spec : null;
}

/** "9.3", or "9" for a row. */
function readLock({ n }: Data, text: string): Position | null {
  const found = /^(\d{1,4})(?:\.(\d{1,4}))?$/.exec(text);
  if (!found) return null;
  const query = Number(found[1]);
  const key = (found[2] as string | undefined) === undefined ? null : Number(found[2]);
  if (query < 1 || query > n || (key !== null && (key < 1 || key > query))) return null;
  return { query: query - 1, key: key === null ? null : key - 1 };
}

const shortened = (text: string) =>
  text.length > LONGEST_STRANGE ? `${text.slice(0, LONGEST_STRANGE)}\u2026` : text;

/** Whether an address describes a view; others are anchors of the page. */
export const isView = (hash: string): boolean =>
  [...new URLSearchParams(hash.replace(/^#/, "")).keys()].some((key) => KNOWN.includes(key));

/** A view without its lock, which is valid only for the same maps. */
export const withoutLock = (hash: string): string => hash.replace(/[#&]lock=[^&]*/, "");
