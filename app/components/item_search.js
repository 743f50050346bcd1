// A search field: what is typed goes to Python, which sends a few titles back.
//
// data: {label, explanation, placeholder, value: title of the chosen item or "", applied: number of
//        the newest choice that Python has seen, asked: another value moves the focus here,
//        answer: null or {number, found: [[item, title], ...], total, near}}
// triggers "sought": {number, text}; "chosen": {number, item or null}
//
// The list is in the top layer, so that no box cuts it. Titles are untrusted: they enter the page only
// as text.

const WAIT = 80; // ms after a letter, so that fast typing asks once
const LOST = 3000; // ms: a question can be lost while the page runs again, so it is asked again
const states = new WeakMap();

function make(tag, name, text = "") {
  return Object.assign(document.createElement(tag), { className: name, textContent: text });
}

function start(root) {
  const label = root.querySelector(".label");
  const box = root.querySelector(".box");
  const input = root.querySelector("input");
  const clear = root.querySelector(".clear");
  const list = root.querySelector(".found");
  const said = root.querySelector(".said");
  const S = { number: 0, chosen: 0, value: "", typed: false, found: [], active: -1, enter: false };
  const isOpen = () => list.matches(":popover-open");

  S.receive = (data) => {
    const first = !S.data;
    const asks = !first && data.asked !== null && data.asked !== S.data.asked;
    S.data = data;
    S.chosen = Math.max(S.chosen, data.applied);
    if (data.applied >= S.chosen) S.value = data.value; // else an own choice is on its way
    label.textContent = data.label;
    if (data.explanation) label.append(explained(data.explanation));
    input.setAttribute("aria-label", data.label);
    input.placeholder = data.placeholder;
    clear.setAttribute("aria-label", `${data.label}: clear`);
    if (!S.typed) show();
    if (data.answer?.number === S.number) draw(data.answer);
    if (asks) input.focus();
  };

  function explained(text) {
    const mark = make("span", "explanation", "?");
    mark.title = text;
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", text);
    return mark;
  }

  function show() {
    if (input.value !== S.value) input.value = S.value;
    clear.hidden = !S.value;
  }

  // --- asking and answers ------------------------------------------------------------------------------

  function ask(wait = 0) {
    clearTimeout(S.timer);
    S.waits = true;
    S.timer = setTimeout(() => {
      S.number += 1;
      S.trigger("sought", { number: S.number, text: S.typed ? input.value : "" });
      S.timer = setTimeout(() => S.open && S.waits && ask(), LOST);
    }, wait);
  }

  function draw({ found, total, near }) {
    S.waits = false;
    S.found = found;
    const notes = [];
    if (!found.length) notes.push("No title or id like this");
    else if (near) notes.push("Similar titles");
    const more = total - found.length;
    list.replaceChildren(
      ...notes.map((note) => make("li", "note", note)),
      ...found.map(option),
      ...(more > 0 ? [make("li", "note", `${more.toLocaleString("en")} more: type on`)] : []),
    );
    for (const note of list.querySelectorAll(".note")) note.setAttribute("role", "presentation");
    said.textContent = notes[0] ?? `${total} found`;
    S.active = -1;
    if (S.enter && found.length) choose(0);
    else if (S.open) {
      place();
      activate(S.typed && input.value.trim() ? 0 : -1);
    }
    S.enter = false;
  }

  function option([, title], at) {
    const element = make("li", "option");
    const [id] = / \[[^[\]]+\]$/.exec(title) || [""]; // distinguishes items with the same title: never cut
    element.append(make("span", "", title.slice(0, title.length - id.length)), make("span", "", id));
    element.title = title;
    element.id = `search-option-${at}`;
    element.setAttribute("role", "option");
    element.addEventListener("click", () => choose(at));
    return element;
  }

  function activate(at) {
    const options = [...list.querySelectorAll(".option")];
    S.active = options.length ? Math.max(-1, Math.min(at, options.length - 1)) : -1;
    options.forEach((each, place) => each.setAttribute("aria-selected", String(place === S.active)));
    options[S.active]?.scrollIntoView({ block: "nearest" });
    if (S.active < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", options[S.active].id);
  }

  function choose(at) {
    const [item, title] = at === null ? [null, ""] : S.found[at];
    S.chosen += 1;
    S.value = title;
    S.typed = false;
    close();
    show();
    input.select(); // the next letter begins another search
    S.trigger("chosen", { number: S.chosen, item });
  }

  // --- the list ------------------------------------------------------------------------------------------

  function open() {
    if (S.open) return;
    S.open = true;
    S.found = [];
    list.replaceChildren();
    window.addEventListener("scroll", follow, { capture: true, passive: true });
    window.addEventListener("resize", follow);
  }

  function close() {
    S.open = S.enter = false;
    clearTimeout(S.timer);
    if (isOpen()) list.hidePopover();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    window.removeEventListener("scroll", follow, { capture: true });
    window.removeEventListener("resize", follow);
  }

  function follow(event) {
    if (isOpen() && !event.composedPath().includes(list)) place();
  }

  function place() {
    if (!isOpen()) list.showPopover();
    input.setAttribute("aria-expanded", "true");
    const field = box.getBoundingClientRect();
    const below = window.innerHeight - field.bottom - 12;
    const above = field.top - 12;
    const under = below > 180 || below > above;
    list.style.left = `${field.left}px`;
    list.style.width = `${field.width}px`;
    list.style.maxHeight = `${Math.min(320, under ? below : above)}px`;
    list.style.top = under ? `${field.bottom + 4}px` : "auto";
    list.style.bottom = under ? "auto" : `${window.innerHeight - field.top + 4}px`;
  }

  // --- keys, mouse and finger ----------------------------------------------------------------------------

  input.addEventListener("input", () => {
    S.typed = true;
    S.enter = false;
    clear.hidden = !input.value;
    open();
    ask(WAIT);
  });
  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => {
    if (S.open) return;
    open();
    ask();
  });
  input.addEventListener("blur", () => {
    close();
    S.typed = false;
    show();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing) return;
    if (step && S.open) activate(S.active + step);
    else if (step) {
      open();
      ask();
    } else if (event.key === "Enter") enter();
    else if (event.key === "Escape" && (S.open || S.typed)) {
      close();
      S.typed = false;
      show();
      input.select();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function enter() {
    if (S.typed && !input.value.trim()) {
      if (S.value) choose(null);
    } else if (S.open && S.waits) S.enter = true; // the answer is on its way: its first item
    else if (S.open && S.active >= 0) choose(S.active);
  }

  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  clear.addEventListener("pointerdown", (event) => event.preventDefault());
  clear.addEventListener("click", () => {
    const chosen = S.value;
    S.typed = false;
    if (chosen) choose(null);
    else {
      close();
      show();
    }
    input.focus();
  });
  return S;
}

export default function ({ parentElement, data, setTriggerValue }) {
  let S = states.get(parentElement);
  if (!S) {
    S = start(parentElement.querySelector(".search"));
    states.set(parentElement, S);
  }
  S.trigger = setTriggerValue;
  S.receive(data);
}
