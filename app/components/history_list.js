// A history as a list: drag, keys and buttons make edits; Python applies them and sends the result.
//
// data: {rows: [[item, title], ...] older to newer, first: number of the first row, limit: maximum
//        number of rows, applied: number of the newest edit that Python has seen, replacing: row or
//        null}
// trigger "edit": {edits: [{number, op, at, to, item}, ...]}, all edits that Python has not answered.
//
// An edit is shown at once. Titles are untrusted: they enter the page only as text.

const OPS = {
  move: (rows, edit) => rows.splice(edit.to, 0, rows.splice(edit.at, 1)[0]),
  remove: (rows, edit) => rows.splice(edit.at, 1),
  repeat: (rows, edit) => rows.push(rows[edit.at]),
  replace: () => {},
};
const BUTTONS = [
  ["repeat", "Repeat as the newest", "M9 9h10v10H9zM5 15V5h10"],
  ["replace", "Replace by another item", "M4 8h13l-4-4M20 16H7l4 4"],
  ["remove", "Remove", "M6 6l12 12M18 6L6 18"],
];
const DRAG_STARTS = 4; // px: a shorter move is a click
const states = new WeakMap();

function make(tag, name) {
  const element = document.createElement(tag);
  element.className = name;
  return element;
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

function apply(rows, edit) {
  if (rows[edit.at]?.[0] === edit.item) OPS[edit.op](rows, edit);
}

function start(root) {
  const list = root.querySelector(".list");
  const said = root.querySelector(".said");
  const S = { rows: [], pending: [], number: 0, active: 0, drag: null, drawn: "", scrolled: 0 };
  list.addEventListener("scroll", () => { S.scrolled = list.scrollTop; }, { passive: true });
  const elements = () => [...list.children];
  const titleOf = (place) => S.rows[place][1];

  S.draw = () => {
    const drawn = JSON.stringify([S.rows, S.data.first, S.data.replacing]);
    if (drawn === S.drawn || S.drag) return;
    S.drawn = drawn;
    const focused = list.contains(root.getRootNode().activeElement);
    const { scrolled } = S;
    list.replaceChildren(...S.rows.map(row));
    if (scrolled) list.scrollTop = scrolled; // reading the position of the list would force a layout
    S.active = Math.max(0, Math.min(S.active, S.rows.length - 1));
    const asks = S.data.replacing !== null && S.data.replacing !== S.asked;
    S.asked = S.data.replacing;
    activate(S.active, focused && !asks); // the search for the new item takes the focus
  };

  function row(entry, place) {
    const element = make("li", "row");
    const number = make("span", "place");
    const title = make("span", "title");
    const tools = make("span", "tools");
    const handle = make("span", "handle");
    handle.setAttribute("aria-hidden", "true");
    number.textContent = String(S.data.first + place);
    const [id] = / \[[^[\]]+\]$/.exec(entry[1]) || [""]; // distinguishes items with the same title: never cut
    for (const part of [entry[1].slice(0, entry[1].length - id.length), id]) {
      title.append(Object.assign(make("span"), { textContent: part }));
    }
    title.title = entry[1];
    element.tabIndex = -1;
    element.setAttribute("aria-label", `${S.data.first + place}. ${titleOf(place)}`);
    element.setAttribute("aria-describedby", "history-hint");
    if (place === S.data.replacing) element.classList.add("replaced");
    for (const [op, label, path] of BUTTONS) {
      const button = make("button", op);
      button.type = "button";
      button.tabIndex = -1;
      button.title = label;
      button.setAttribute("aria-label", `${label}: ${titleOf(place)}`);
      button.append(icon(path));
      button.addEventListener("click", () => edit(op, elements().indexOf(element)));
      tools.append(button);
    }
    element.append(handle, number, title, tools);
    return element;
  }

  function activate(place, focus) {
    const rows = elements();
    S.active = place;
    rows.forEach((element, other) => {
      const index = other === place ? 0 : -1;
      element.tabIndex = index;
      for (const button of element.querySelectorAll("button")) button.tabIndex = index;
    });
    if (focus && rows[place]) rows[place].focus();
  }

  function edit(op, at, to = at) {
    if (op === "move" && (to === at || to < 0 || to >= S.rows.length)) return;
    if (op === "repeat" && S.rows.length >= S.data.limit) return;
    const title = titleOf(at);
    const one = { number: ++S.number, op, at, to, item: S.rows[at][0] };
    S.pending.push(one);
    apply(S.rows, one);
    if (op === "move") S.active = to;
    S.draw();
    said.textContent = {
      move: `${title}: now ${S.data.first + to} of ${S.rows.length}`,
      remove: `${title}: removed`,
      repeat: `${title}: repeated as the newest`,
      replace: `${title}: choose the item to replace it`,
    }[op];
    S.trigger("edit", { edits: S.pending });
  }

  list.addEventListener("keydown", (event) => {
    const place = elements().indexOf(event.target); // -1 on a button
    const last = S.rows.length - 1;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (place < 0) return;
    if (step && event.altKey) edit("move", place, place + step);
    else if (step) activate(Math.max(0, Math.min(last, place + step)), true);
    else if (event.key === "Home") activate(0, true);
    else if (event.key === "End") activate(last, true);
    else if (event.key === "Delete" || event.key === "Backspace") edit("remove", place);
    else return;
    event.preventDefault();
  });
  list.addEventListener("focusin", (event) => {
    const element = event.target.closest(".row");
    if (element && !S.drag) activate(elements().indexOf(element), false);
  });

  // --- dragging: anywhere with a mouse; with a finger only by the handle, other places scroll --------

  list.addEventListener("pointerdown", (event) => {
    const element = event.target.closest(".row");
    const byHandle = event.target.closest(".handle");
    if (!element || event.button !== 0 || event.target.closest("button")) return;
    if (event.pointerType === "touch" && !byHandle) return;
    const from = elements().indexOf(element);
    S.drag = { element, from, pointer: event.pointerId, y: event.clientY, started: false };
    list.setPointerCapture(event.pointerId);
  });
  list.addEventListener("pointermove", (event) => {
    const drag = S.drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    if (!drag.started && Math.abs(event.clientY - drag.y) < DRAG_STARTS) return;
    if (!drag.started) {
      drag.started = true;
      window.addEventListener("keydown", giveUp, true); // a moved row loses the focus
      drag.element.classList.add("dragged");
      list.classList.add("dragging");
    }
    drag.y = event.clientY;
    place();
    scroll();
  });
  list.addEventListener("pointerup", (event) => S.drag?.pointer === event.pointerId && endDrag(true));
  list.addEventListener("pointercancel", () => S.drag && endDrag(false));

  function place() {
    const others = elements().filter((element) => element !== S.drag.element);
    const next = others.find((element) => {
      const box = element.getBoundingClientRect();
      return S.drag.y < box.top + box.height / 2;
    });
    if (S.drag.element.nextElementSibling !== (next ?? null)) {
      list.insertBefore(S.drag.element, next ?? null);
    }
  }

  function scroll() {
    const box = list.getBoundingClientRect();
    const near = 28;
    const speed = Math.min(0, S.drag.y - box.top - near) + Math.max(0, S.drag.y - box.bottom + near);
    const before = list.scrollTop;
    list.scrollTop += speed / 3;
    cancelAnimationFrame(S.frame);
    if (list.scrollTop !== before) {
      S.frame = requestAnimationFrame(() => {
        if (!S.drag?.started) return;
        place();
        scroll();
      });
    }
  }

  function giveUp(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    endDrag(false);
  }

  function endDrag(kept) {
    const { element, from, started } = S.drag;
    window.removeEventListener("keydown", giveUp, true);
    const to = elements().indexOf(element);
    S.drag = null;
    cancelAnimationFrame(S.frame);
    element.classList.remove("dragged");
    list.classList.remove("dragging");
    if (!started) {
      activate(from, true);
      return;
    }
    S.drawn = ""; // the rows moved after they were drawn
    if (kept && to !== from) edit("move", from, to);
    else S.draw();
    activate(kept ? to : from, true);
  }
  return S;
}

export default function ({ parentElement, data, setTriggerValue }) {
  let S = states.get(parentElement);
  if (!S) {
    S = start(parentElement.querySelector(".history"));
    states.set(parentElement, S);
  }
  S.data = data;
  S.trigger = setTriggerValue;
  S.number = Math.max(S.number, data.applied);
  S.pending = S.pending.filter((edit) => edit.number > data.applied);
  S.rows = [...data.rows];
  for (const edit of S.pending) apply(S.rows, edit);
  S.draw();
}
