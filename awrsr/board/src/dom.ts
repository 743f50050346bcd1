/** Helpers for DOM elements. */

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name = "",
  text?: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** An element of a drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

export function button(name: string, text: string | undefined, label: string): HTMLButtonElement {
  const made = element("button", name, text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  return made;
}

/** A coloured square before its name. */
export function swatch(colour: string, text: string): HTMLElement {
  const named = element("span", "", text);
  const square = element("i");
  square.style.background = colour;
  named.prepend(square);
  return named;
}

/** A control, and a function that updates it to the view. */
export interface Control {
  part: HTMLElement;
  follow(): void;
}

/** A list of choices. Unchanged parts are not written, because the browser would redraw them. */
export function chooser(
  label: string,
  options: [value: string, text: string][],
  now: () => string,
  change: (value: string) => void,
  labelled = true,
): Control {
  const part = labelled ? element("label", "", label) : element("span");
  const list = element("select");
  list.setAttribute("aria-label", label);
  for (const [value, text] of options) {
    const option = element("option", "", text);
    option.value = value;
    list.append(option);
  }
  list.onchange = () => {
    change(list.value);
  };
  const follow = () => {
    if (list.value !== now()) list.value = now();
    const text = list.selectedOptions.item(0)?.textContent ?? "";
    if (list.title !== text) list.title = text;
  };
  follow();
  part.append(list);
  return { part, follow };
}
