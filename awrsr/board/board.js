/* The attention board: every map of several traces, linked by the cell under the pointer.

   attentionBoard(root, data, hooks) draws into `root`; calling it again with other data updates it.
   `data` is made by awrsr.board.payload. `hooks.lock(cell or null)` is told when a cell or a row is
   locked or released; nothing else leaves the browser. No dependency, no network.

   A "spec" names one map: {s: source, l: layer, h: head or "mean", "max", "rollout", k: kind}.
   A "cell" is {q, k}: places on the common axis; k is null where a whole row is meant. A source that
   has the same items elsewhere (its "where") shows them there.
   Titles are untrusted: they only ever reach textContent, canvas text and escaped SVG text. */

function attentionBoard(root, data, hooks) {
  const STYLE = `
    .ab { font-family: var(--st-font, system-ui, sans-serif); font-size: 14px; color: var(--st-text-color, #1f2430);
      position: relative; line-height: 1.35; text-align: left; }
    .ab * { box-sizing: border-box; }
    .ab-bar { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: end; margin-bottom: 8px; }
    .ab .ab-bar select { max-width: 14em; }
    .ab-bar .ab-acts { margin-left: auto; display: flex; gap: 6px; }
    .ab .ab-pick select { height: 26px; font-size: 12.5px; padding: 0 4px; max-width: 12em; text-overflow: ellipsis; }
    .ab .ab-pick > :first-child select { max-width: 15.5em; }
    .ab label { display: inline-flex; margin: 0; flex-direction: column; gap: 2px; font-size: 12px; opacity: .95; }
    .ab label.ab-check { flex-direction: row; align-items: center; gap: 6px; padding-bottom: 6px; }
    .ab select, .ab button.ab-act { font: inherit; font-size: 13px; color: inherit; height: 30px; padding: 2px 8px;
      background: var(--st-secondary-background-color, #f2f4f7); border: 1px solid var(--st-border-color, #d5d9e0);
      border-radius: 6px; max-width: 100%; }
    .ab select option { color: #1f2430; background: #fff; }
    .ab button.ab-act { cursor: pointer; }
    .ab button:focus-visible, .ab select:focus-visible, .ab input:focus-visible, .ab [tabindex]:focus-visible {
      outline: 2px solid var(--st-primary-color, #2f5fc4); outline-offset: 2px; }
    .ab input[type=range] { width: 130px; height: 30px; margin: 0; accent-color: var(--st-primary-color, #2f5fc4); }
    .ab input[type=checkbox] { accent-color: var(--st-primary-color, #2f5fc4); margin: 0; width: 15px; height: 15px; }
    .ab-note { font-size: 12px; opacity: .8; margin: 4px 0 10px; max-width: 110ch; }
    .ab-sources { display: grid; grid-template-columns: repeat(auto-fit, minmax(max(min(300px, 100%), 40%), 1fr)); gap: 12px 24px; margin-bottom: 14px; }
    .ab-name { font-weight: 600; margin-bottom: 4px; overflow-wrap: anywhere; }
    .ab-name span { font-weight: 400; opacity: .8; font-size: 12.5px; }
    .ab-thumbs { position: relative; isolation: isolate; display: grid; align-items: center; justify-content: start; overflow-x: auto; }
    .ab-thumbs canvas { position: absolute; left: 0; top: 0; z-index: -1; pointer-events: none; }
    .ab-thumbs canvas.ab-over { z-index: 1; }
    .ab-thumbs .ab-head { font-size: 11px; text-align: center; opacity: .8; white-space: nowrap; }
    .ab-thumbs .ab-kind { font-size: 11.5px; opacity: .85; white-space: nowrap; padding-right: 2px; }
    .ab-thumb { padding: 0; border: 1px solid var(--st-border-color, #d5d9e0); background: none; cursor: pointer; }
    .ab-thumb[aria-pressed=true] { box-shadow: 0 0 0 2px var(--st-primary-color, #2f5fc4); }
    .ab-none { border: 1px dashed var(--st-border-color, #d5d9e0); border-radius: 4px; font-size: 11.5px; padding: 6px 8px;
      display: flex; align-items: center; opacity: .85; max-width: 34ch; }
    .ab-panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(340px, 100%), 1fr)); gap: 10px 20px; }
    .ab-panels.ab-pair { grid-template-columns: repeat(2, minmax(0, 1fr)); row-gap: 0; }
    .ab-between { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 0 20px; }
    .ab-between .ab-box { order: -1; min-width: 0; }
    .ab-between .ab-note { flex: 1 1 240px; }
    .ab-panels.ab-large { grid-template-columns: 1fr; }
    .ab-panel { min-width: 0; }
    .ab-pick { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin-bottom: 4px; }
    .ab-box { position: relative; isolation: isolate; border-radius: 4px; touch-action: pan-y; overflow-x: auto; }
    .ab-box canvas { display: block; cursor: crosshair; }
    .ab-box canvas.ab-cells { position: absolute; z-index: -1; image-rendering: pixelated; }
    .ab-box canvas.ab-over { position: absolute; left: 0; top: 0; pointer-events: none; }
    .ab-why { border: 1px dashed var(--st-border-color, #d5d9e0); border-radius: 6px; padding: 24px 16px; font-size: 13.5px; }
    .ab-reading { min-height: 30px; display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: center; font-size: 12.5px; margin: 10px 0 0; }
    .ab-reading > div { max-width: 100%; overflow-x: auto; }
    .ab-reading .ab-line { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
    .ab-now { font-weight: 700 !important; }
    .ab-tip { position: absolute; z-index: 5; pointer-events: none; font-size: 12px; padding: 7px 9px; border-radius: 6px; max-width: min(600px, 96%);
      background: var(--st-background-color, #fff); border: 1px solid var(--st-border-color, #d5d9e0); box-shadow: 0 3px 14px #0004;
      visibility: hidden; }
    .ab-tip b { font-weight: 600; }
    .ab-tip div { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .ab-tip table, .ab-reading table, .ab-ledger table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    .ab-tip td, .ab-tip th, .ab-reading td, .ab-reading th { padding: 1px 0 1px 10px; text-align: right; font-weight: 400; }
    .ab-tip td:first-child, .ab-tip th:first-child, .ab-reading td:first-child, .ab-reading th:first-child { padding-left: 0; text-align: left; }
    .ab-tip td, .ab-reading td { white-space: nowrap; }
    .ab-tip th, .ab-reading th { opacity: .8; }
    .ab h4 { font-size: 14px; font-weight: 600; margin: 16px 0 4px; padding: 0; }
    .ab h4 span { font-weight: 400; opacity: .8; font-size: 12.5px; }
    .ab-ledger { overflow-x: auto; }
    .ab-ledger table { font-size: 12.5px; min-width: min(100%, 560px); }
    .ab-ledger th, .ab-ledger td { padding: 3px 10px; text-align: right; border-bottom: 1px solid var(--st-border-color, #d5d9e0); font-weight: 400; white-space: nowrap; }
    .ab-ledger th { opacity: .85; }
    .ab-ledger td:first-child, .ab-ledger th:first-child { text-align: left; padding-left: 0; }
    .ab-ledger tr:last-child td { font-weight: 600; border-bottom: 0; }
    .ab-key { display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: 12px; margin-top: 6px; opacity: .95; align-items: center; }
    .ab-key i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px; vertical-align: -1px; }
    .ab-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }`;
  const SEQUENTIAL = ["#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
  const DIVERGING = { // less to more: orange to blue, as everywhere in the app
    light: ["#994e0c", "#dd8f43", "#f5d2a8", "#f4f4f4", "#bcd7ee", "#5b93cc", "#1f4e8c"],
    dark: ["#f8b65a", "#bb7526", "#70491f", "#3a404a", "#2f5680", "#4a86c8", "#8ec2fb"],
  };
  const GROUPS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee8866", "#44aa99"]; // Paul Tol's bright, extended
  const OTHER = "#9a9fa8";
  const KINDS = { __proto__: null, first: "first order", second: "second order", refined: "refined" };
  const TOGETHER = { __proto__: null, mean: "mean of heads", max: "maximum of heads", rollout: "rollout to this layer" };
  const SCALES = { sqrt: "square root", linear: "linear", row: "each row's maximum" };
  const LEDGER = { self: "itself", repeats: "its repeats", previous: "the item before it", first: "the first item", group: "same group", rest: "everything else" };
  const HOVER = "#ff3d71", LOCK = "#ff9f1a";
  const THUMBS = { pad: 3, label: 76, head: 14, gap: 5 }; // px, of the grid of small maps
  const ABSENT = NaN;
  const SLANT = 52; // degrees, of the titles above the last row

  let board = root.attentionBoard;
  if (!board) board = root.attentionBoard = create();
  board.hooks = hooks || {};
  board.load(data);
  return board;

  function create() {
    /* ---- state -------------------------------------------------------------------------------- */
    const own = { hooks: {}, load, view: null, grid, cellText, exported: { svg: () => drawn("svg"), page: offline } };
    let D = null; // the data, decoded
    let hover = null; // cell under the pointer or the keyboard's cursor
    let views = []; // everything that shows cells: {spec, x, y, cell: where, sheet: on which what is pointed at is outlined}
    let grids = new Map();
    let N = 0;
    const defaults = () => ({
      panels: D.sources.length > 1 ? [pick(0), pick(1)] : [pick(0)],
      linked: true, mode: "maps", measure: "weight", scale: "sqrt", share: 100, size: "fit", lock: null,
    });
    const pick = s => ({ s, l: D.sources[s].layers - 1, h: 0, k: "refined" });

    /* ---- elements ----------------------------------------------------------------------------- */
    const el = (tag, cls, text) => {
      const e = document.createElement(tag);
      if (cls) e.className = cls;
      if (text !== undefined) e.textContent = text;
      return e;
    };
    const style = el("style"); style.textContent = STYLE;
    const box = el("section", "ab"); box.setAttribute("aria-label", "Attention board");
    const bar = el("div", "ab-bar"), note = el("div", "ab-note"), sources = el("div", "ab-sources"), panels = el("div", "ab-panels");
    const legend = el("div", "ab-key"), stripTitle = el("h4"), stripBox = el("div", "ab-box"), ledgerTitle = el("h4"), ledger = el("div", "ab-ledger");
    const reading = el("div", "ab-reading"), tip = el("div", "ab-tip"), live = el("div", "ab-hidden");
    tip.setAttribute("aria-hidden", "true"); live.setAttribute("role", "status"); live.setAttribute("aria-live", "polite");
    box.append(bar, sources, panels, legend, reading, stripTitle, stripBox, ledgerTitle, ledger, note, tip, live);
    root.append(style, box);
    let width = 0;
    new ResizeObserver(() => {
      const now = Math.round(box.clientWidth);
      if (now && Math.abs(now - width) > 3) { width = now; if (D) later(layout); }
    }).observe(box);
    const escape = event => {
      if (!box.isConnected) document.removeEventListener("keydown", escape);
      else if (event.key === "Escape" && own.view && own.view.lock && !document.querySelector("[role=dialog]")) lock(null);
    };
    document.addEventListener("keydown", escape);
    let theme = "";
    let watch = 0;
    function watching() { // a theme switch changes CSS variables, and Streamlit the address, and both tell nobody
      if (!watch) watch = setInterval(() => {
        if (!box.isConnected) { watch = clearInterval(watch) || 0; return; }
        if (theme !== themeNow()) layout();
        if (writesHash && location.hash !== hash()) writeHash();
      }, 700);
    }
    const waiting = new Set();
    function later(task) { // in the next frame, once
      if (!waiting.size) requestAnimationFrame(() => { const tasks = [...waiting]; waiting.clear(); for (const one of tasks) one(); });
      waiting.add(task);
    }

    /* ---- data --------------------------------------------------------------------------------- */
    function load(data) {
      watching();
      if (D && D.signature === data.signature) return;
      const before = D;
      N = data.items.length;
      grids = new Map(); views = []; hover = null;
      D = { ...data, sources: data.sources.map(decode) };
      D.repeats = D.items.map((item, i) => D.sources.some(S => S.of[i] >= 0 && S.places.some(j => j !== i && D.items[j] === item))); // within one history
      if (!own.view) { own.view = defaults(); readHash(); }
      else own.view = kept(own.view, before);
      if (variantArrived(before)) own.view.panels = [0, D.sources.findIndex((S, s) => s > 0 && S.name.startsWith(D.sources[0].name))].map((s, i) => valid({ ...own.view.panels[i], s: Math.max(s, 0) }));
      width = Math.round(box.clientWidth) || 900;
      layout();
    }
    function decode(source) {
      const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer;
      const maps = {};
      for (const [kind, map] of Object.entries(source.maps)) {
        maps[kind] = map === null ? null : map in KINDS ? maps[map]
          : { heads: weights(new Uint8Array(bytes(map))) };
      }
      const of = new Int32Array(N).fill(-1);
      source.places.forEach((place, i) => { of[place] = i; });
      return { ...source, maps, of, unrefined: source.maps.second === null, norms: new Float32Array(bytes(source.norms)) };
    }
    function weights(packed) { // little-endian 24-bit steps, see awrsr/board/payload.py
      const out = new Float32Array(packed.length / 3);
      for (let i = 0, j = 0; i < out.length; i++, j += 3) out[i] = (packed[j] | packed[j + 1] << 8 | packed[j + 2] << 16) / 16777215;
      return out;
    }
    function kept(view, before) { // the same choices on other data, as far as they still mean something
      const fresh = defaults();
      const byName = s => D.sources.findIndex(x => before.sources[s] && x.name === before.sources[s].name);
      const moved = place => { // the same item, counted from the newest of its repeats
        const item = before.items[place], later = before.items.slice(place).filter(x => x === item).length;
        const places = D.items.map((x, i) => (x === item ? i : -1)).filter(i => i >= 0);
        return places.length >= later ? places[places.length - later] : -1;
      };
      const followed = lock => {
        if (!lock) return null;
        const q = moved(lock.q), k = lock.k === null ? null : moved(lock.k);
        return q < 0 || (k !== null && (k < 0 || k > q)) ? null : { q, k };
      };
      return {
        ...view,
        panels: fresh.panels.map((panel, i) => {
          const old = view.panels[i];
          if (!old) return panel;
          const s = byName(old.s);
          return valid({ ...old, s: s < 0 ? panel.s : s }) || panel;
        }),
        mode: fresh.panels.length > 1 ? view.mode : "maps",
        lock: followed(view.lock),
      };
    }
    function variantArrived(before) { // what was asked for is shown: the first model with itself on the variant
      const had = before ? before.sources.length : 0;
      return before && D.sources.length > had && D.sources.length > 2;
    }
    function valid(spec) {
      const source = D.sources[spec.s];
      if (!source || !(spec.k in KINDS)) return null;
      const l = Math.min(Math.max(0, spec.l), source.layers - 1);
      const h = spec.h in TOGETHER ? spec.h : Math.min(Math.max(0, spec.h), source.heads - 1);
      return Number.isInteger(l) && (spec.h in TOGETHER || Number.isInteger(h)) ? { s: spec.s, l, h, k: spec.k } : null;
    }
    function triangle(spec, measure) { // weights or contributions of the source's own slots, row after row
      const S = D.sources[spec.s], map = S.maps[spec.k], n = S.places.length, size = n * (n + 1) / 2;
      if (!map || (spec.h === "rollout" && measure === "contribution")) return null;
      const out = new Float32Array(size);
      if (spec.h === "rollout") return rollout(S, spec.l, spec.k);
      const heads = typeof spec.h === "number" ? [spec.h] : [...Array(S.heads).keys()];
      for (const head of heads) {
        const at = (spec.l * S.heads + head) * size, norms = (spec.l * S.heads + head) * n;
        for (let q = 0, i = 0; q < n; q++) for (let k = 0; k <= q; k++, i++) {
          const value = map.heads[at + i] * (measure === "contribution" ? S.norms[norms + k] : 1);
          out[i] = spec.h === "max" ? Math.max(out[i], value) : out[i] + value / heads.length;
        }
      }
      return out;
    }
    function rollout(S, layer, k) { // as awrsr.explain.rollout: each layer hands on half of what it had and half of what it mixes in
      const n = S.places.length, size = n * (n + 1) / 2, row = q => q * (q + 1) / 2;
      let rolled = null;
      for (let l = 0; l <= layer; l++) {
        const mixed = triangle({ s: D.sources.indexOf(S), l, h: "mean", k }, "weight"), out = new Float32Array(size);
        for (let q = 0; q < n; q++) {
          for (let j = 0; j <= q; j++) mixed[row(q) + j] = (mixed[row(q) + j] + (j === q)) / 2;
          for (let j = 0; j <= q; j++) for (let i = 0; i <= j; i++) out[row(q) + i] += mixed[row(q) + j] * (rolled ? rolled[row(j) + i] : +(i === j));
        }
        rolled = out;
      }
      return rolled;
    }
    function grid(spec, measure = own.view.measure) { // on the common axis; absent cells are NaN
      const name = [spec.s, spec.l, spec.h, spec.k, measure].join();
      let found = grids.get(name);
      if (!found) {
        const values = triangle(spec, measure);
        found = { z: null, why: null };
        if (!values) {
          found.why = D.sources[spec.s].maps[spec.k]
            ? "Rollout multiplies weights over layers; contributions of single layers do not multiply. Choose a head, or show weights."
            : "No second order: the first-order weights mix the values.";
        } else {
          const places = D.sources[spec.s].places;
          found.z = new Float32Array(N * N).fill(ABSENT);
          for (let q = 0, i = 0; q < places.length; q++) for (let k = 0; k <= q; k++, i++) found.z[places[q] * N + places[k]] = values[i];
        }
        grids.set(name, found);
      }
      return found;
    }
    function difference() {
      const [left, right] = own.view.panels.map(spec => grid(spec));
      if (left.why || right.why) return { z: null, why: left.why || right.why };
      const name = "difference" + JSON.stringify(own.view.panels) + own.view.measure;
      let found = grids.get(name);
      if (!found) {
        found = { z: right.z.map((value, i) => value - left.z[i]), why: null };
        grids.set(name, found);
      }
      return found;
    }
    function top(g) { // largest magnitude, per grid and per row
      if (!g.rows) {
        g.rows = new Float32Array(N);
        for (let q = 0; q < N; q++) for (let k = 0; k <= q; k++) g.rows[q] = Math.max(g.rows[q], Math.abs(g.z[q * N + k]) || 0);
        g.top = g.rows.reduce((a, b) => Math.max(a, b), 0);
      }
      return g;
    }
    function before(g) { // the share of its row that larger cells hold: a cell is among the keys of a share if this is less
      if (!g.before) {
        g.before = new Float32Array(N * N);
        for (let q = 0; q < N; q++) {
          const keys = [];
          let total = 0;
          for (let k = 0; k <= q; k++) if (g.z[q * N + k] === g.z[q * N + k]) { keys.push(k); total += Math.abs(g.z[q * N + k]); }
          keys.sort((a, b) => Math.abs(g.z[q * N + b]) - Math.abs(g.z[q * N + a]));
          let sum = 0;
          for (const k of keys) { g.before[q * N + k] = total ? sum / total : 0; sum += Math.abs(g.z[q * N + k]); }
        }
      }
      return g.before;
    }
    function largest() { // of all single heads, so that contributions share one scale
      if (own.view.measure === "weight") return 1;
      if (!grids.get("largest")) {
        let most = 0;
        D.sources.forEach((S, s) => each(S, (l, h, k) => { const g = grid({ s, l, h, k }); if (g.z) most = Math.max(most, top(g).top); }));
        grids.set("largest", most || 1);
      }
      return grids.get("largest");
    }
    function each(S, visit) {
      for (const k of Object.keys(KINDS)) for (let l = 0; l < S.layers; l++) for (let h = 0; h < S.heads; h++) visit(l, h, k);
    }

    /* ---- colours ------------------------------------------------------------------------------ */
    const css = name => getComputedStyle(box).getPropertyValue(name).trim();
    const themeNow = () => css("--st-background-color") + css("--st-text-color") + getComputedStyle(box).color;
    let inkNow = null, inkFor = null; // a look at the page's colours waits for the browser's layout: once a theme
    function colours() {
      if (inkFor !== theme) { inkNow = pageColours(); inkFor = theme; }
      return inkNow;
    }
    function pageColours() {
      const ink = getComputedStyle(box).color, paper = css("--st-background-color") || "#ffffff";
      const probe = el("canvas").getContext("2d");
      probe.fillStyle = paper; probe.fillRect(0, 0, 1, 1);
      const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
      return { ink, paper, dark: r * .3 + g * .59 + b * .11 < 128 };
    }
    const PRINT = { ink: "#1f2430", paper: "#ffffff", dark: false };
    function ramp(stops) {
      const rgb = stops.map(hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16))), out = new Uint8Array(768);
      for (let i = 0; i < 256; i++) {
        const t = i / 255 * (rgb.length - 1), a = Math.min(rgb.length - 2, Math.floor(t));
        for (let c = 0; c < 3; c++) out[i * 3 + c] = Math.round(rgb[a][c] * (1 - t + a) + rgb[a + 1][c] * (t - a));
      }
      return out;
    }
    const ramps = {};
    const lut = (signed, ink) => {
      const name = signed ? (ink.dark ? "dark" : "light") : "sequential";
      return ramps[name] ||= ramp(signed ? DIVERGING[name] : SEQUENTIAL);
    };
    function inkOn(table, t) { // black or white, whichever stands out more (WCAG relative luminance)
      const at = Math.round(t * 255) * 3, part = c => { const v = table[at + c] / 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
      return .2126 * part(0) + .7152 * part(1) + .0722 * part(2) > .179 ? "#000000" : "#ffffff";
    }
    function toned(g, q, value, signed) { // value -> 0..1 along the ramp
      const most = own.view.scale === "row" ? top(g).rows[q] : signed ? top(g).top : largest();
      const share = most ? Math.min(1, Math.abs(value) / most) : 0;
      const t = own.view.scale === "sqrt" ? Math.sqrt(share) : share;
      return signed ? .5 + Math.sign(value) * t / 2 : t;
    }
    function painted(g, signed, ink) { // rgba of every cell: absent ones are transparent
      const pixels = new Uint8ClampedArray(N * N * 4), table = lut(signed, ink), share = own.view.share / 100;
      const rest = share < 1 ? before(g) : null;
      for (let q = 0; q < N; q++) for (let k = 0; k <= q; k++) {
        const i = q * N + k, value = g.z[i];
        if (value !== value) continue;
        if (rest && rest[i] >= share) { pixels.set([128, 132, 140, 46], i * 4); continue; }
        const t = Math.round(toned(g, q, value, signed) * 255) * 3;
        pixels[i * 4] = table[t]; pixels[i * 4 + 1] = table[t + 1]; pixels[i * 4 + 2] = table[t + 2]; pixels[i * 4 + 3] = 255;
      }
      return pixels;
    }
    const groupColour = i => (D.groups ? GROUPS[D.groups.coloured.indexOf(D.groups.of[i])] || OTHER : null);
    function groupsHere() { // for a legend: the coloured groups of this history, and the grey that all others share
      const found = D.groups.coloured.map((text, i) => ({ text, colour: GROUPS[i] })).filter(({ text }) => D.groups.of.includes(text));
      return D.groups.of.some(group => !D.groups.coloured.includes(group)) ? [...found, { text: "other", colour: OTHER }] : found;
    }

    /* ---- surfaces: the same drawing on a canvas and in SVG ------------------------------------- */
    const FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";
    const ruler = el("canvas").getContext("2d"), scratch = el("canvas");
    const measured = (text, size) => { ruler.font = `${size}px ${FONT}`; return ruler.measureText(text).width; };
    const cut = new Map();
    function clipped(text, room, size) {
      const name = `${room} ${size} ${text}`;
      if (cut.size > 5000) cut.clear();
      if (!cut.has(name)) cut.set(name, cutTo(text, room, size));
      return cut.get(name);
    }
    function cutTo(text, room, size) {
      if (measured(text, size) <= room) return text;
      const [id] = / \[[^[\]]+\](?: \u21ba)?$/.exec(text) || [""]; // what tells an item from others of its title
      const end = measured(`\u2026${id}`, size) < room ? `\u2026${id}` : "\u2026";
      let low = 0, high = text.length;
      while (low < high) { const mid = (low + high + 1) >> 1; if (measured(text.slice(0, mid) + end, size) <= room) low = mid; else high = mid - 1; }
      return low || end.length > 1 ? text.slice(0, low).trimEnd() + end : "";
    }
    function resized(canvas, wide, high) { // its memory is kept where it can be: new memory costs more than the drawing
      if (canvas.width !== wide || canvas.height !== high) { canvas.width = wide; canvas.height = high; }
      return canvas.getContext("2d");
    }
    function onCanvas(c) {
      return {
        rect(x, y, w, h, fill) { c.fillStyle = fill; c.fillRect(x, y, w, h); },
        frame(x, y, w, h, colour, line = 1) { c.strokeStyle = colour; c.lineWidth = line; c.strokeRect(x, y, w, h); },
        text(text, x, y, { size = 11, fill, align = "left", turn = 0, weight = 400, alpha = 1 }) {
          c.save(); c.translate(x, y); c.rotate(turn * Math.PI / 180);
          c.font = `${weight} ${size}px ${FONT}`; c.fillStyle = fill; c.globalAlpha = alpha; c.textAlign = align; c.textBaseline = "middle";
          c.fillText(text, 0, 0); c.restore();
        },
        cells(pixels, x, y, cell) {
          resized(scratch, N, N).putImageData(new ImageData(pixels, N, N), 0, 0);
          c.imageSmoothingEnabled = false; c.drawImage(scratch, x, y, N * cell, N * cell);
        },
      };
    }
    function onSvg() {
      const parts = [], n = value => +value.toFixed(2);
      const safe = text => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
      return {
        parts,
        rect(x, y, w, h, fill) { parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="${safe(fill)}"/>`); },
        frame(x, y, w, h, colour, line = 1) { parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" fill="none" stroke="${safe(colour)}" stroke-width="${line}"/>`); },
        text(text, x, y, { size = 11, fill, align = "left", turn = 0, weight = 400, alpha = 1 }) {
          const anchor = { left: "start", center: "middle", right: "end" }[align];
          parts.push(`<text transform="translate(${n(x)} ${n(y)}) rotate(${turn})" dy=".35em" font-size="${n(size)}" font-weight="${weight}" fill="${safe(fill)}" fill-opacity="${alpha}" text-anchor="${anchor}">${safe(text)}</text>`);
        },
        cells(pixels, x, y, cell) {
          parts.push('<g shape-rendering="crispEdges">');
          for (let q = 0; q < N; q++) for (let k = 0; k <= q; k++) {
            const i = (q * N + k) * 4;
            if (pixels[i + 3]) parts.push(`<path d="M${n(x + k * cell)} ${n(y + q * cell)}h${n(cell)}v${n(cell)}h-${n(cell)}z" fill="rgb(${pixels[i]},${pixels[i + 1]},${pixels[i + 2]})"${pixels[i + 3] < 255 ? ' fill-opacity=".18"' : ""}/>`);
          }
          parts.push("</g>");
        },
        done(w, h) { return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n(w)} ${n(h)}" width="${n(w)}" height="${n(h)}" font-family="${safe(FONT)}">${parts.join("")}</svg>`; },
      };
    }

    /* ---- one large map ------------------------------------------------------------------------- */
    function geometry(room, wanted) {
      const digits = Math.max(...D.slots.map(slot => String(slot).length)), left = 46 + 6 * Math.max(0, digits - 3);
      const right = Math.min(150, Math.max(84, room * .27)), above = 6;
      let cell = Math.min(34, wanted || (room - left - right) / N);
      if (cell >= 4) cell = Math.floor(cell * 2) / 2;
      const size = cell * N;
      return { x: left, y: above, cell, size, right, every: Math.ceil(9.5 / cell), width: left + size + right, height: above + size + 40 };
    }
    const missingFrom = g => [...Array(N).keys()].filter(i => g.z[i * N + i] !== g.z[i * N + i]);
    const numbered = geo => geo.cell >= 26; // room for numbers in the cells
    function paintFrame(surface, g, signed, geo, ink, dy = 0) { // all of a map but the colours of its cells
      const { cell, size, x } = geo, y = geo.y + dy, missing = missingFrom(g);
      for (const i of missing) { // a slot that this history has not
        surface.rect(x, y + i * cell + cell * .45, (i + 1) * cell, Math.max(1, cell * .1), "rgba(128,132,140,.5)");
        surface.rect(x + i * cell + cell * .45, y + i * cell, Math.max(1, cell * .1), size - i * cell, "rgba(128,132,140,.5)");
      }
      if (cell >= 5) for (let q = 0; q < N; q++) if (D.repeats[q]) for (let k = 0; k < q; k++) // an item meets its earlier self
        if (D.items[k] === D.items[q] && g.z[q * N + k] === g.z[q * N + k]) {
          surface.frame(x + k * cell + 1, y + q * cell + 1, cell - 2, cell - 2, "#000000", 2.5);
          surface.frame(x + k * cell + 1, y + q * cell + 1, cell - 2, cell - 2, "#ffffff", 1);
        }
      if (numbered(geo)) for (let q = 0; q < N; q++) for (let k = 0; k <= q; k++) {
        const value = g.z[q * N + k];
        if (value !== value) continue;
        if (own.view.share < 100 && before(g)[q * N + k] >= own.view.share / 100) continue;
        surface.text(short(value, signed), x + (k + .5) * cell, y + (q + .5) * cell, { size: 10, align: "center", fill: inkOn(lut(signed, ink), toned(g, q, value, signed)) });
      }
      if (D.groups) for (let i = 0; i < N; i++) {
        surface.rect(x - 7, y + i * cell, 4, cell + .3, groupColour(i));
        surface.rect(x + i * cell, y + size + 3, cell + .3, 4, groupColour(i));
      }
      const font = Math.max(8.5, Math.min(12, cell * .86)), { every } = geo, across = every * Math.ceil(17 / (cell * every));
      for (let i = N - 1; i >= 0; i -= every) { // titles stand on the diagonal: of the row to their left, of the column below
        surface.text(D.slots[i], x - 11, y + (i + .5) * cell, { size: Math.min(10, font), align: "right", fill: ink.ink, alpha: .8 });
        const from = x + (i + 1) * cell + 4;
        surface.text(clipped(name(i), geo.width - from - 2, font), from, y + (i + .5) * cell, { size: font, fill: ink.ink, alpha: missing.includes(i) ? .5 : 1 });
      }
      for (let i = N - 1; i >= 0; i -= across) surface.text(D.slots[i], x + (i + .5) * cell, y + size + 15, { size: Math.min(10, Math.max(8.5, font)), align: "center", fill: ink.ink, alpha: .8 });
      const order = size < 120 ? "" : ", older \u2192 newer";
      surface.text("query" + order, 9, y + size / 2, { size: 10.5, align: "center", turn: 90, fill: ink.ink, alpha: .8 });
      surface.text("key, older \u2192 newer", size < 120 ? x : x + size / 2, y + size + 30, { size: 10.5, align: size < 120 ? "left" : "center", fill: ink.ink, alpha: .8 });
    }
    const short = (value, signed) => Math.abs(value) < .005 && signed ? (value ? "\u22480" : "0") : (signed && value > 0 ? "+" : "") + value.toFixed(2).replace(/^(-?)0\./, "$1.").replace("+0.", "+.");
    const name = i => D.titles[i] + (D.repeats[i] ? " \u21ba" : "");

    /* ---- the strip: what the last row attends to ------------------------------------------------ */
    function stripRows() {
      const rows = [];
      D.sources.forEach((S, s) => {
        const panel = own.view.panels.find(p => p.s === s) || own.view.panels[0], spec = valid({ ...panel, s });
        for (const k of kindsOf(S)) {
          const place = own.view.linked ? "" : ` L${spec.l + 1} ${spec.h in TOGETHER ? spec.h : `H${spec.h + 1}`}`;
          rows.push({ s, spec: { ...spec, k }, label: `${S.name} ${KINDS[k]}${place}` });
        }
      });
      return rows;
    }
    function stripGeometry(room, rows) {
      const left = own.view.linked ? 112 : 160, right = 76, cell = Math.max(4, Math.min(46, (room - left - right) / N)), head = 104;
      return { x: left, y: head, cell, row: 20, width: left + cell * N + right, height: head + rows.length * 22 + 22 };
    }
    function paintStripTitles(surface, geo, rows, ink) {
      const every = Math.ceil(13.5 / geo.cell), across = Math.ceil((String(D.slots[N - 1]).length * 6 + 6) / geo.cell);
      for (let i = N - 1; i >= 0; i -= every)
        surface.text(clipped(name(i), (geo.y - 14) * 1.25, 10.5), geo.x + (i + .5) * geo.cell, geo.y - 6, { size: 10.5, turn: -SLANT, fill: ink.ink });
      for (let i = N - 1; i >= 0; i -= across) surface.text(D.slots[i], geo.x + (i + .5) * geo.cell, geo.y + rows.length * 22 + 8, { size: 10, align: "center", fill: ink.ink, alpha: .8 });
      rows.forEach((row, r) => surface.text(row.label, geo.x - 8, geo.y + r * 22 + 10, { size: 11, align: "right", fill: ink.ink }));
    }
    function paintStripRows(surface, geo, rows, ink) {
      rows.forEach((row, r) => {
        const g = grid(row.spec), y = geo.y + r * 22, last = lastPlace(row.s), table = lut(false, ink);
        if (!g.z) { surface.text("\u2014 no rollout of contributions", geo.x + 4, y + 10, { size: 10.5, fill: ink.ink, alpha: .7 }); return; }
        for (let k = 0; k < N; k++) {
          const value = g.z[last * N + k];
          if (value !== value) continue;
          const tone = toned(g, last, value, false), t = Math.round(tone * 255) * 3;
          const faded = own.view.share < 100 && before(g)[last * N + k] >= own.view.share / 100;
          surface.rect(geo.x + k * geo.cell + .5, y, Math.max(1, geo.cell - 1), geo.row, faded ? "rgba(128,132,140,.18)" : `rgb(${table[t]},${table[t + 1]},${table[t + 2]})`);
          if (geo.cell >= 28 && !faded) surface.text(short(value), geo.x + (k + .5) * geo.cell, y + 10, { size: 10, align: "center", fill: inkOn(table, tone) });
        }
      });
    }
    const sameItems = () => new Set(own.view.panels.map(p => D.sources[p.s].places.join())).size < 2;
    const lastPlace = s => D.sources[s].places[D.sources[s].places.length - 1];

    /* ---- layout: everything that depends on the view ------------------------------------------- */
    function layout() {
      theme = themeNow();
      drawMaps(); drawRest();
      box.dataset.signature = D.signature; // what is drawn now
    }
    function drawMaps() { // what a choice is about
      tip.style.visibility = "hidden";
      drawBar(); drawPanels(); mark();
    }
    function drawRest() { // what can come a frame later
      drawThumbs(); drawReading(); drawLegend(); drawStrip(); drawLedger();
      const words = [
        own.view.measure === "contribution" ? "A cell is the attention weight times the length of the key's value after the output projection (of the mean, for STOSA): how far that weight moves the query's state; rows have no fixed sum."
          : own.view.mode === "difference" ? "Weights of a row sum to 1 in both maps, so differences sum to 0" + (sameItems() ? "." : " over the keys of both histories; only what both have on one place of the axis is drawn.")
          : own.view.panels.some(p => p.h === "max") ? "Rows of one head sum to 1; the maximum over heads sums to more."
          : "Every row of a map is one item attending to itself and to older items, and sums to 1.",
        "What could only be a later item is left empty. Rows run downwards and keys to the right, older to newer; titles stand on the diagonal. The last row of the last layer makes the prediction.",
        own.view.share < 100 ? `Kept are the fewest keys that hold ${own.view.share} % of a row's ${own.view.mode === "difference" ? "absolute difference" : "sum"}.` : "",
        views.some(view => view.panel && view.every > 1) ? `Of ${Math.max(...views.map(view => view.every || 1))} titles one is drawn; all are under the pointer, and with "Size: large".` : "",
        D.repeats.some(Boolean) ? "\u21ba and framed cells: the same item at another slot." : "",
        strange.length ? `Not understood in the address and left out: ${strange.join(", ")}.` : "",
      ].join(" ");
      if (note.textContent !== words) note.textContent = words;
      mark(); writeHashSoon();
      setTimeout(tell, 0); // the locked places may be others now
    }
    function size(canvas, w, h, used = true) { // empty, in this size
      const dpr = Math.min(3, window.devicePixelRatio || 1);
      const c = resized(canvas, Math.max(1, Math.round(w * dpr)), Math.max(1, Math.round(h * dpr)));
      canvas.style.width = w + "px"; canvas.style.height = h + "px";
      c.setTransform(dpr, 0, 0, dpr, 0, 0);
      if (used) c.clearRect(0, 0, w, h);
      return c;
    }
    const newSheet = () => ({ over: el("canvas", "ab-over"), c: null, marked: false });
    function fit(sheet, w, h) {
      Object.assign(sheet, { width: w, height: h, c: size(sheet.over, w, h, sheet.marked), marked: false });
    }
    function chooser(label, options, now, change, hidden) { // now() is what the view says
      const wrap = el(hidden ? "span" : "label", "", hidden ? undefined : label), list = el("select");
      list.setAttribute("aria-label", label);
      for (const [key, text] of options) { const o = el("option", "", text); o.value = key; list.append(o); }
      list.onchange = () => change(list.value);
      list.follow = () => { // what stays as it is is not written: the browser would draw it again
        if (list.value !== String(now())) list.value = String(now());
        const text = list.selectedOptions[0] ? list.selectedOptions[0].textContent : "";
        if (list.title !== text) list.title = text;
      };
      list.follow();
      wrap.append(list);
      return wrap;
    }
    const follow = part => { for (const list of part.querySelectorAll("select, input")) list.follow(); };
    function set(change) {
      const focused = root.activeElement || (root.getRootNode && root.getRootNode().activeElement);
      const label = focused && box.contains(focused) ? focused.getAttribute("aria-label") : null;
      Object.assign(own.view, change);
      drawMaps(); keepView(); later(drawRest);
      if (label) for (const e of box.querySelectorAll("[aria-label]")) if (e.getAttribute("aria-label") === label) { e.focus({ preventScroll: true }); break; }
    }
    let barOf = ""; // the choices that the bar is built for
    function drawBar() {
      const now = JSON.stringify([D.sources.map(S => S.name), D.sources.length > 2 && pairs()]);
      if (now !== barOf) buildBar(); else follow(bar);
      barOf = now;
    }
    function buildBar() {
      const two = own.view.panels.length > 1;
      bar.replaceChildren();
      if (two) bar.append(chooser("View", [["maps", "side by side"], ["difference", "difference"]], () => own.view.mode, mode => set({ mode })));
      if (D.sources.length > 2) bar.append(chooser("Compare", pairs().map(pair => [pair, pair.split("|").map(s => D.sources[s].name).join(" with ")]), compared, against));
      bar.append(
        chooser("Cells show", [["weight", "attention weight"], ["contribution", "weight \u00d7 value length"]], () => own.view.measure, measure => set({ measure })),
        chooser("Colour scale", Object.entries(SCALES), () => own.view.scale, scale => set({ scale })),
      );
      const share = el("label", "", ""), value = el("span"), slider = el("input");
      const text = () => {
        value.textContent = slider.value === "100" ? "All keys of a row" : `Keys that make up ${slider.value} %`;
        slider.setAttribute("aria-valuetext", value.textContent);
      };
      Object.assign(slider, { type: "range", min: 20, max: 100, step: 5 });
      slider.setAttribute("aria-label", "Share of each row's mass to show");
      slider.oninput = () => { text(); set({ share: +slider.value }); };
      slider.follow = () => { if (value.textContent && +slider.value === own.view.share) return; slider.value = own.view.share; text(); };
      slider.follow(); share.append(value, slider); bar.append(share);
      bar.append(chooser("Size", [["fit", "fit the page"], ["large", "large"]], () => own.view.size, size => set({ size })));
      if (two) {
        const check = el("label", "ab-check"), tick = el("input"); tick.type = "checkbox";
        tick.setAttribute("aria-label", "Same layer, head and map on both sides");
        tick.onchange = () => set({ linked: tick.checked, panels: tick.checked ? linked(own.view.panels[0]) : own.view.panels });
        tick.follow = () => { tick.checked = own.view.linked; };
        tick.follow();
        check.append(tick, el("span", "", "same map on both sides")); bar.append(check);
      }
      const acts = el("span", "ab-acts");
      for (const [text, label, act] of [["PNG", "Download the large maps as PNG", () => drawn("png")], ["SVG", "Download the large maps as SVG", () => download("svg", drawn("svg"), "image/svg+xml")],
        ["HTML", "Download the board as an offline page", () => download("html", offline(), "text/html")], ["Copy link", "Copy a link to this view", copy]]) {
        const button = el("button", "ab-act", text); button.type = "button"; button.setAttribute("aria-label", label); button.title = label; button.onclick = () => act(button);
        if (text !== "Copy link" || own.hooks.lock) acts.append(button);
      }
      bar.append(acts);
    }
    function pairs() {
      const out = [];
      D.sources.forEach((_, a) => D.sources.forEach((__, b) => { if (a < b) out.push(`${a}|${b}`); }));
      return out.includes(compared()) ? out : [compared(), ...out];
    }
    const compared = () => own.view.panels.map(p => p.s).join("|");
    function against(pair) { // the same layer, head and map of two other sources
      set({ panels: pair.split("|").map((s, i) => valid({ ...own.view.panels[i], s: +s })) });
    }
    const linked = spec => own.view.panels.map(panel => valid({ ...spec, s: panel.s }));
    function choose(p, change) {
      const panels = own.view.panels.map(panel => ({ ...panel }));
      Object.assign(panels[p], change);
      panels[p] = valid(panels[p]) || panels[p];
      if (own.view.linked) for (const panel of panels) Object.assign(panel, valid({ ...panels[p], s: panel.s }));
      set({ panels });
    }
    let thumbs = []; // {button, spec, view, paint(ink)}
    let built = "", inked = ""; // what they were built and painted for
    function drawThumbs() { // built anew for other data or another width, painted anew for other colours, else only marked
      const shape = [D.signature, width].join(), paint = [shape, own.view.measure, own.view.scale, own.view.share, theme].join();
      if (shape !== built) buildThumbs();
      if (paint !== inked) { const ink = colours(); for (const one of thumbs) one.paint(ink); }
      built = shape; inked = paint;
      for (const { button, spec } of thumbs)
        button.setAttribute("aria-pressed", String(own.view.panels.some(p => p.s === spec.s && p.l === spec.l && p.h === spec.h && shownKind(p) === shownKind(spec))));
      views = [...views.filter(view => !view.thumb), ...thumbs.map(one => one.view)];
    }
    function buildThumbs() {
      thumbs = [];
      const columns = Math.max(...D.sources.map(S => S.layers * S.heads));
      const room = Math.max(280, Math.min(width, (width - 24) / Math.min(2, D.sources.length, Math.max(1, Math.floor(width / 324)))));
      const edge = Math.max(40, Math.min(72, Math.floor((room - 90) / columns) - 8));
      sources.replaceChildren(...D.sources.map((S, s) => {
        const part = el("div"), heading = el("div", "ab-name", `${S.name}: ${S.title}`);
        heading.append(el("span", "", ` \u00b7 ${S.formula}`));
        const rows = el("div", "ab-thumbs"), across = S.layers * S.heads, down = kindsOf(S).length, { pad, label, head, gap } = THUMBS;
        const all = { cells: el("canvas"), sheet: newSheet() }; // one canvas for all small maps of a model: the browser pays by the canvas
        const place = (column, row) => ({ x: pad + label + gap + column * (edge + gap), y: pad + head + gap + row * (edge + gap) });
        const end = place(across, down), wide = end.x - gap + pad, high = end.y - gap + pad;
        rows.style.cssText = `padding: ${pad}px; gap: ${gap}px; grid-template: ${head}px repeat(${down}, ${edge}px) / ${label}px repeat(${across}, ${edge}px)`;
        all.c = size(all.cells, wide, high); fit(all.sheet, wide, high);
        rows.append(all.cells, all.sheet.over, el("span"));
        for (let l = 0; l < S.layers; l++) for (let h = 0; h < S.heads; h++) rows.append(el("span", "ab-head", `L${l + 1} H${h + 1}`));
        kindsOf(S).forEach((k, row) => {
          rows.append(el("span", "ab-kind", KINDS[k]));
          for (let l = 0; l < S.layers; l++) for (let h = 0; h < S.heads; h++) rows.append(thumb({ s, l, h, k }, edge, all, place(l * S.heads + h, row)));
        });
        if (S.unrefined) {
          const none = el("div", "ab-none", S.noSecondOrder);
          none.style.gridColumn = `span ${across}`;
          rows.append(el("span", "ab-kind", KINDS.second), none);
        }
        part.append(heading, rows);
        return part;
      }));
    }
    function thumb(spec, edge, all, { x, y }) {
      const button = el("button", "ab-thumb");
      button.type = "button"; button.style.width = button.style.height = edge + "px";
      button.setAttribute("aria-label", `Show ${specName(spec)}`);
      const view = { thumb: true, spec, sheet: all.sheet, canvas: all.cells, x: x + 1, y: y + 1, cell: (edge - 2) / N };
      const paint = ink => {
        all.c.clearRect(x, y, edge, edge);
        onCanvas(all.c).cells(painted(grid(spec), false, ink), view.x, view.y, view.cell);
      };
      thumbs.push({ button, spec, view, paint });
      pointing(button, view, false);
      button.onclick = event => {
        const two = own.view.panels.length > 1, at = own.view.panels.findIndex(p => p.s === spec.s);
        const p = two && event.shiftKey ? 1 : at >= 0 ? at : two ? 1 : 0;
        choose(p, spec);
      };
      return button;
    }
    const kindsOf = S => Object.keys(KINDS).filter(k => S.maps[k] && !(S.unrefined && k === "refined")); // that there is something to show of
    const shownKind = spec => (spec.k === "refined" && D.sources[spec.s].unrefined ? "first" : spec.k);
    function specName(spec) {
      const S = D.sources[spec.s], head = spec.h in TOGETHER ? TOGETHER[spec.h] : `head ${spec.h + 1}`;
      return `${S.name}, layer ${spec.l + 1}, ${head}, ${KINDS[shownKind(spec)]}`;
    }
    let heads = [], headsOf = ""; // the selectors above each large map, and what they offer
    const between = el("div", "ab-panel ab-between"), betweenNote = el("div", "ab-note");
    between.append(betweenNote);
    function drawPanels() {
      views = views.filter(view => !view.panel);
      const view = own.view, ink = colours(), wide = view.size === "large", apart = view.mode === "difference", room = roomOf(wide ? 1 : view.panels.length);
      panels.className = "ab-panels" + (apart && width >= 700 ? " ab-pair" : wide ? " ab-large" : "");
      const now = JSON.stringify([D.sources.map(S => [S.name, S.title, S.noSecondOrder, S.layers, S.heads, S.unrefined]), compared()]);
      if (now !== headsOf) { heads = view.panels.map(headOf); panels.replaceChildren(...heads); } else follow(panels);
      headsOf = now;
      view.panels.forEach((spec, p) => show(heads[p], apart ? null : mapBox(p, grid(spec), false, spec, specName(spec), room, ink)));
      if (wide) for (const place of apart ? [0, 1] : ["difference"]) delete large[place]; // too much memory to keep for later
      if (!apart) { between.remove(); return; }
      betweenNote.textContent = `Right minus left: ${specName(view.panels[1])} \u2212 ${specName(view.panels[0])}`;
      show(between, mapBox("difference", difference(), true, view.panels[1], "the difference", room, ink)); // at the left map's place and in its size, so that they can be blinked
      if (!between.parentNode) panels.append(between);
    }
    function show(part, drawn) { // under the part's first child; what stays is not touched
      const old = part.children[1];
      if (old === drawn || (!old && !drawn)) return;
      if (old) old.remove();
      if (drawn) part.append(drawn);
    }
    function headOf({ s }, p) {
      const part = el("div", "ab-panel"), head = el("div", "ab-pick"), S = D.sources[s], side = own.view.panels.length > 1 ? ["left", "right"][p] : "the";
      const now = key => () => own.view.panels[p][key];
      head.append(
        chooser(`Model of the ${side} map`, D.sources.map((x, i) => [i, `${x.name}: ${x.title}`]), now("s"), i => choose(p, { s: +i }), true),
        chooser(`Layer of the ${side} map`, [...Array(S.layers).keys()].map(l => [l, `layer ${l + 1}`]), now("l"), l => choose(p, { l: +l }), true),
        chooser(`Head of the ${side} map`, [...[...Array(S.heads).keys()].map(h => [h, `head ${h + 1}`]), ...Object.entries(TOGETHER)], now("h"), h => choose(p, { h: h in TOGETHER ? h : +h }), true),
        chooser(`Kind of the ${side} map`, Object.entries(KINDS).map(([k, text]) => [k, S.unrefined && k === "refined" ? "first order (in use)" : text]), now("k"), k => choose(p, { k }), true),
      );
      part.append(head);
      return part;
    }
    const roomOf = n => { const across = Math.max(1, Math.min(n, Math.floor((width + 20) / 360))); return Math.floor((width - 20 * (across - 1)) / across); };
    const large = {}; // the large maps: a canvas for titles and frames, one for cells, a sheet for what is pointed at
    function largeMap(place) {
      const holder = el("div", "ab-box"), frame = el("canvas"), cells = el("canvas", "ab-cells"), sheet = newSheet();
      const view = { panel: true, labels: true, sheet, canvas: frame };
      holder.tabIndex = 0; holder.setAttribute("role", "application"); holder.setAttribute("aria-roledescription", "attention map");
      holder.append(frame, cells, sheet.over);
      pointing(holder, view, true);
      steering(holder, view);
      return large[place] = { holder, frame, cells, view, framed: "" };
    }
    function mapBox(place, g, signed, spec, title, room, ink) {
      if (!g.z) return el("div", "ab-why", g.why);
      const map = large[place] || largeMap(place), { holder, frame, cells, view } = map;
      const fitting = geometry(room), geo = own.view.size === "large" && fitting.cell < 12 ? geometry(room, 12) : fitting;
      geo.width = Math.max(geo.width, Math.min(room, geo.width + 60));
      Object.assign(view, { signed, spec, ...geo });
      fit(view.sheet, geo.width, geo.height);
      const frameOf = [D.signature, theme, geo.width, geo.cell, window.devicePixelRatio, missingFrom(g)].join();
      if (numbered(geo) || frameOf !== map.framed) paintFrame(onCanvas(size(frame, geo.width, geo.height)), g, signed, geo, ink);
      map.framed = frameOf;
      Object.assign(cells.style, { left: geo.x + "px", top: geo.y + "px", width: geo.size + "px", height: geo.size + "px" });
      resized(cells, N, N).putImageData(new ImageData(painted(g, signed, ink), N, N), 0, 0); // a pixel a cell, enlarged by the browser
      holder.setAttribute("aria-label", `${title}: arrow keys move, Enter locks the cell, R the row, Escape releases`);
      views.push(view);
      return holder;
    }
    let legended = ""; // what the legend is drawn for
    function drawLegend() {
      const view = own.view, ink = colours(), signed = view.mode === "difference";
      const legendOf = [D.signature, theme, signed && difference().z ? top(difference()).top : "", signed, view.measure, view.scale, view.share < 100, window.devicePixelRatio].join();
      if (legendOf === legended) return;
      legended = legendOf;
      legend.replaceChildren();
      for (const one of signed && difference().z ? [true, false] : [false]) {
        const canvas = el("canvas");
        paintLegend(onCanvas(size(canvas, 300, 30)), one, ink, 0, 0, 300);
        canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", legendName(one));
        legend.append(el("span", "", (signed && !one ? "small maps and last row: " : "") + legendName(one)), canvas);
      }
      if (view.share < 100) { const s = el("span", "", "not among those keys"), i = el("i"); i.style.background = "rgba(128,132,140,.35)"; s.prepend(i); legend.append(s); }
      if (D.groups) {
        legend.append(el("span", "", `${D.groups.name}, first listed:`));
        for (const { text, colour } of groupsHere()) { const s = el("span", "", text), dot = el("i"); dot.style.background = colour; s.prepend(dot); legend.append(s); }
      }
    }
    const legendName = signed => (signed ? "difference of " : "") + (own.view.measure === "weight" ? "weight" : "weight \u00d7 length of the value")
      + (own.view.scale === "row" ? ", as a share of its row's maximum" : own.view.scale === "sqrt" ? " (square-root colours)" : "");
    function paintLegend(surface, signed, ink, x, y, w) {
      const table = lut(signed, ink), inner = w - 30, row = own.view.scale === "row", most = row ? 1 : signed ? top(difference()).top : largest();
      const shape = own.view.scale === "sqrt" ? Math.sqrt : v => v;
      for (let i = 0; i < 128; i++) { const t = Math.round(i / 127 * 255) * 3; surface.rect(x + 15 + i / 128 * inner, y + 2, inner / 128 + .5, 9, `rgb(${table[t]},${table[t + 1]},${table[t + 2]})`); }
      const nice = v => (most >= 10 ? v.toFixed(0) : most >= 1 ? String(+v.toFixed(2)) : v.toPrecision(2));
      const ticks = signed ? [-1, -.25, 0, .25, 1] : own.view.scale === "sqrt" ? [0, .01, .05, .1, .25, .5, 1] : [0, .25, .5, .75, 1];
      for (const tick of ticks) {
        const t = signed ? .5 + Math.sign(tick) * shape(Math.abs(tick)) / 2 : shape(tick);
        surface.text((signed && tick > 0 ? "+" : "") + (tick === 0 ? "0" : nice(tick * most)), x + 15 + t * inner, y + 20, { size: 10, align: "center", fill: ink.ink, alpha: .9 });
      }
    }
    const strip = { canvas: el("canvas"), view: { strip: true, sheet: newSheet() }, titled: "" };
    strip.view.canvas = strip.canvas;
    strip.canvas.setAttribute("role", "img");
    strip.canvas.setAttribute("aria-label", "Last row of every map: the same numbers as the last rows of the maps above");
    stripBox.append(strip.canvas, strip.view.sheet.over);
    pointing(strip.canvas, strip.view, true);
    function drawStrip() {
      views = views.filter(view => !view.strip);
      const rows = stripRows(), geo = stripGeometry(width, rows), ink = colours(), { canvas, view } = strip;
      const spec = own.view.panels[0], head = spec.h in TOGETHER ? TOGETHER[spec.h] : `head ${spec.h + 1}`;
      stripTitle.textContent = "The last row ";
      stripTitle.append(el("span", "", `\u00b7 what the newest item, where the prediction is made, attends to; ${own.view.linked ? `layer ${spec.l + 1}, ${head}` : "layer and head as chosen above"}`));
      const titlesOf = [D.signature, theme, geo.width, geo.x, rows.map(row => row.label), window.devicePixelRatio].join();
      if (titlesOf !== strip.titled) paintStripTitles(onCanvas(size(canvas, geo.width, geo.height)), geo, rows, ink);
      strip.titled = titlesOf;
      const c = canvas.getContext("2d");
      c.clearRect(geo.x, geo.y - 1, geo.width, rows.length * 22);
      paintStripRows(onCanvas(c), geo, rows, ink);
      Object.assign(view, { spec, x: geo.x, y: geo.y, cell: geo.cell, rows });
      fit(view.sheet, geo.width, geo.height);
      views.push(view);
    }

    /* ---- pointing, locking, the keyboard -------------------------------------------------------- */
    function cellAt(view, event) {
      const rect = view.canvas.getBoundingClientRect();
      const x = event.clientX - rect.left, y = event.clientY - rect.top;
      const along = view.strip ? Math.max(0, view.y - 6 - y) / Math.tan(SLANT * Math.PI / 180) : 0; // back down a slanted title
      const k = Math.floor((x - along - view.x) / view.cell);
      if (view.strip) {
        const r = Math.floor((y - view.y) / 22), row = view.rows[Math.max(0, Math.min(view.rows.length - 1, r))];
        return k >= 0 && k < N ? { q: lastPlace(row.s), k, l: row.spec.l, h: row.spec.h } : null;
      }
      const q = Math.floor((y - view.y) / view.cell);
      if (q < 0 || q >= N || k < -6) return null;
      return { q, k: k >= 0 && k <= q ? k : null, l: view.spec.l, h: view.spec.h };
    }
    function pointing(node, view, locks) {
      node.addEventListener("pointermove", event => {
        if (steered) { steered = false; drawReading(); }
        const cell = cellAt(view, event);
        if (view.thumb && cell && cell.k === null) cell.k = cell.q;
        point(cell);
        if (cell) showTip(event, cell); else tip.style.visibility = "hidden";
      });
      node.addEventListener("pointerleave", () => { point(null); tip.style.visibility = "hidden"; });
      if (locks) node.addEventListener("click", event => {
        const cell = cellAt(view, event);
        const held = own.view.lock && cell && own.view.lock.q === cell.q && own.view.lock.k === cell.k;
        if (cell) lock(held && (lockedOn === null || lockedOn === viewed()) ? null : cell); // on other maps it is asked again
      });
    }
    function steering(node, view) {
      node.addEventListener("keydown", event => {
        let { q, k } = hover || own.view.lock || { q: N - 1, k: N - 1 };
        if (k === null) k = q;
        const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-5, 0], PageDown: [5, 0] }[event.key];
        const cell = { q, k, l: view.spec.l, h: view.spec.h };
        if (event.key === "Enter" || event.key === " ") lock(cell);
        else if (event.key === "r" || event.key === "R") lock({ ...cell, k: null });
        else if (event.key === "Home") point({ ...cell, k: 0 });
        else if (event.key === "End") point({ ...cell, k: q });
        else if (step) { q = Math.max(0, Math.min(N - 1, q + step[0])); point({ ...cell, q, k: Math.max(0, Math.min(q, k + step[1])) }); }
        else return;
        event.preventDefault();
        if (event.key.length < 2 || event.key === "Enter") { tip.style.visibility = "hidden"; return; }
        steered = true; drawReading();
        const at = node.firstChild.getBoundingClientRect();
        showTip({ clientX: at.left + view.x + (hover.k + .5) * view.cell, clientY: at.top + view.y + (hover.q + .5) * view.cell }, hover);
        live.textContent = cellText(hover);
      });
      node.addEventListener("blur", () => { if (steered) { steered = false; tip.style.visibility = "hidden"; point(null); drawReading(); } });
    }
    function point(cell) {
      if (cell && hover && cell.q === hover.q && cell.k === hover.k) { hover = cell; return; }
      if (!cell && !hover) return;
      hover = cell;
      later(mark);
    }
    let lockedOn = null; // the maps on view when the cell was locked
    const viewed = () => JSON.stringify(own.view.panels);
    function lock(cell) {
      own.view.lock = cell && { q: cell.q, k: cell.k };
      live.textContent = cell ? `Locked. ${cellText(cell)}` : "Released";
      lockedOn = cell && viewed();
      drawLedger(); drawReading(); mark(); writeHash(); tell(true);
    }
    let told = "null";
    function tell(anew) { // another view of the locked cell is not told: the maps on view when it was locked stay asked for
      if (!own.hooks.lock) return;
      const cell = own.view.lock, places = JSON.stringify(cell && [cell.q, cell.k, D.signature]);
      if (places === told && !(anew && cell)) return;
      told = places;
      own.hooks.lock(cell && { query: cell.q, key: cell.k, panels: own.view.panels.map(p => ({ source: D.sources[p.s].name, layer: p.l, head: p.h, kind: shownKind(p) })) });
    }
    const panelOf = s => own.view.panels.find(p => p.s === s) || own.view.panels[0];
    const readings = cell => D.sources.map((S, s) => {
      const values = {}, spec = valid({ s, l: cell.l ?? panelOf(s).l, h: cell.h ?? panelOf(s).h, k: "first" });
      for (const k of Object.keys(KINDS)) {
        const g = kindsOf(S).includes(k) ? grid({ ...spec, k }) : null;
        values[k] = g && g.z ? g.z[there(S, cell)] ?? ABSENT : ABSENT;
      }
      return { s, spec, values };
    });
    function there(S, cell) { // the cell of the same two items in a source; null where it has none
      const q = S.where[cell.q], k = S.where[cell.k];
      return q < 0 || k < 0 || k > q ? null : q * N + k;
    }
    function elsewhere(cell) { // which sources have the items on other places, lack one, or have the key after the query
      const said = new Map();
      for (const S of D.sources) {
        const places = cell.k === null || cell.k === cell.q ? [cell.q] : [cell.q, cell.k], [q, k = q] = places.map(i => S.where[i]);
        if (places.every(i => S.where[i] === i)) continue;
        const lacking = places.filter(i => S.where[i] < 0).map(i => D.slots[i]).join(" and ");
        const text = lacking ? `${lacking} not seen` : `query at ${D.slots[q]}` + (places.length > 1 ? `, key at ${D.slots[k]}${k > q ? ", newer: no such cell" : ""}` : "");
        said.set(text, [...(said.get(text) || []), S.name]);
      }
      return [...said].map(([text, names]) => el("div", "ab-line", `${names.join(", ")}: ${text}`));
    }
    const digits = value => (value === value ? value.toFixed(4) : "\u2013");
    function cellText(cell) {
      if (!cell) return "";
      const query = `query ${D.slots[cell.q]} ${D.titles[cell.q]}`;
      if (cell.k === null) return `${query}. ` + stripRows().map(row => {
        const mass = ledgerRow(row.s, row.spec, cell.q);
        return mass ? `${row.label}: ` + Object.entries(LEDGER).filter(([key]) => mass[key] > 0).map(([key, text]) => `${text} ${mass[key].toFixed(3)}`).join(", ") : "";
      }).filter(Boolean).join(". ");
      return `${query}, key ${D.slots[cell.k]} ${D.titles[cell.k]}. ` + readings(cell).map(({ s, spec, values }) =>
        `${D.sources[s].name}, layer ${spec.l + 1}, ${spec.h in TOGETHER ? TOGETHER[spec.h] : `head ${spec.h + 1}`}: `
        + Object.entries(values).filter(([, v]) => v === v).map(([k, v]) => `${KINDS[k]} ${digits(v)}`).join(", ")).join(". ");
    }
    function titleLine(label, i) {
      const d = el("div", "ab-line");
      d.append(el("b", "", `${label} ${D.slots[i]} `), document.createTextNode(D.titles[i] + (D.groups ? ` \u00b7 ${D.groups.of[i]}` : "")));
      return d;
    }
    function columnsOf(cell) { // the layers and heads whose values are read out; all where there is room
      const most = Math.max(...D.sources.map(x => x.layers * x.heads)), found = [];
      const now = cell.l === undefined ? own.view.panels.map(p => ({ l: p.l, h: p.h })) : [{ l: cell.l, h: cell.h }]; // of a locked cell all maps on view
      const is = (l, h) => now.some(p => p.l === l && p.h === h);
      for (let l = 0; l < Math.max(...D.sources.map(x => x.layers)); l++) for (let h = 0; h < Math.max(...D.sources.map(x => x.heads)); h++)
        if (most <= 8 || now.some(p => p.l === l)) found.push({ l, h, label: `L${l + 1} H${h + 1}`, now: is(l, h) });
      for (const { l, h } of now) if (h in TOGETHER && !found.some(c => c.l === l && c.h === h)) found.push({ l, h, label: `L${l + 1} ${h}`, now: true });
      return found;
    }
    function valuesTable(cell) { // every map's value at the cell: a line for each model and kind, a column for each layer and head
      const table = el("table"), head = el("tr"), columns = columnsOf(cell), both = own.view.measure === "contribution";
      head.append(el("th", "", both ? "weight \u00b7 \u00d7 length" : ""));
      for (const column of columns) head.append(el("th", column.now ? "ab-now" : "", column.label));
      table.append(head);
      D.sources.forEach((S, s) => {
        const at = there(S, cell);
        for (const k of kindsOf(S)) {
          const row = el("tr"); row.append(el("td", "", `${S.name} ${KINDS[k]}`));
          for (const { l, h, now } of columns) {
            const has = at !== null && l < S.layers && (h in TOGETHER || h < S.heads);
            const weight = has ? grid({ s, l, h, k }, "weight").z[at] : ABSENT, g = has && both ? grid({ s, l, h, k }, "contribution") : null;
            row.append(el("td", now ? "ab-now" : "", digits(weight) + (g && g.z ? ` \u00b7 ${digits(g.z[at])}` : "")));
          }
          table.append(row);
        }
      });
      return table;
    }
    function differenceLine(cell) {
      const g = own.view.mode === "difference" && cell.k !== null ? difference() : null, value = g && g.z ? g.z[cell.q * N + cell.k] : ABSENT;
      return value === value ? [el("div", "ab-line", `right minus left: ${value > 0 ? "+" : ""}${value.toFixed(4)}`)] : [];
    }
    function described(cell) {
      const names = [titleLine("query", cell.q), ...(cell.k === null ? [] : [titleLine("key", cell.k)]), ...elsewhere(cell)];
      return { names, table: cell.k === null ? [] : [valuesTable(cell)], less: differenceLine(cell) };
    }
    let steered = false; // the cell in `hover` was reached by keys: there is no pointer to read it out beside
    function drawReading() {
      const cell = steered && hover ? hover : own.view.lock;
      reading.replaceChildren();
      if (!cell) { reading.append(el("span", "", "Point at a cell to find it in every map; click to lock it, Escape to release it. Keys: arrows, Enter, R for the row.")); return; }
      const words = described(cell), names = el("div"), values = el("div");
      names.append(...words.names, ...words.less); values.append(...words.table);
      reading.append(names, values);
      if (own.view.lock) { const b = el("button", "ab-act", "Release"); b.type = "button"; b.setAttribute("aria-label", "Release the locked cell"); b.onclick = () => lock(null); reading.append(b); }
    }
    function showTip(event, cell) {
      const { names, table, less } = described(cell);
      tip.replaceChildren(...names, ...table, ...less);
      const rect = box.getBoundingClientRect(), w = tip.offsetWidth, h = tip.offsetHeight;
      let x = event.clientX - rect.left + 16, y = event.clientY - rect.top + 18;
      if (x + w > rect.width) x = Math.max(0, event.clientX - rect.left - w - 14);
      if (event.clientY + h + 24 > window.innerHeight) y = event.clientY - rect.top - h - 14;
      tip.style.left = x + "px"; tip.style.top = y + "px"; tip.style.visibility = "visible";
    }
    function mark() {
      const ink = colours();
      for (const sheet of new Set(views.map(view => view.sheet))) {
        if (sheet.marked) sheet.c.clearRect(0, 0, sheet.width, sheet.height);
        sheet.marked = Boolean(own.view.lock || hover); // an untouched sheet costs nothing
      }
      for (const view of views) {
        if (own.view.lock) outline(view, own.view.lock, LOCK, ink, !hover);
        if (hover) outline(view, hover, HOVER, ink, true);
      }
    }
    function outline(view, cell, colour, ink, labels) {
      const c = view.sheet.c, { x, y, cell: e } = view;
      const box = (bx, by, bw, bh, line, bare) => { if (!bare) { c.lineWidth = line + 1.5; c.strokeStyle = ink.paper; c.strokeRect(bx, by, bw, bh); } c.lineWidth = line; c.strokeStyle = colour; c.strokeRect(bx, by, bw, bh); };
      const placed = (s, place) => (place === null || D.sources[s].where[place] < 0 ? place : D.sources[s].where[place]); // what is not there leaves its place empty
      if (view.strip) {
        if (cell.k === null || !view.rows.some(row => lastPlace(row.s) === cell.q)) return;
        const keys = view.rows.map(row => placed(row.s, cell.k));
        keys.forEach((k, r) => { // one box for neighbours with the key on one place
          if (k === keys[r - 1]) return;
          const next = keys.findIndex((other, i) => i > r && other !== k), end = next < 0 ? keys.length : next;
          box(x + k * e, y + r * 22 - 2, Math.max(3, e), (end - r) * 22 + 2, 1.5);
        });
        return;
      }
      const [q, k] = [cell.q, cell.k].map(place => (view.signed ? place : placed(view.spec.s, place)));
      const thin = view.thumb ? 1 : 1.25;
      box(x, y + q * e, (q + 1) * e, Math.max(2, e), thin, true);
      if (k !== null) {
        if (!view.thumb) {
          box(x + k * e, y + k * e, Math.max(2, e), (N - k) * e, thin, true);
          for (let i = 0; i < N; i++) if (i !== q && i !== k && (D.items[i] === D.items[q] || D.items[i] === D.items[k]))
            box(x + i * e, y + i * e, e, e, 2); // the same item at another slot
        }
        const pad = Math.max(0, (5 - e) / 2);
        if (k <= q) box(x + k * e - pad, y + q * e - pad, e + 2 * pad, e + 2 * pad, view.thumb ? 1.5 : 2.5);
      }
      if (!view.labels || !labels) return;
      const pill = (i, dy) => {
        const text = `${D.slots[i]} ${name(i)}`, size = 12, px = x + (i + 1) * e + 2; // never over a cell
        const shown = clipped(text, view.width - px - 11, size), w = measured(shown, size) + 10;
        const py = Math.max(0, y + (i + .5) * e - 9 + dy);
        c.fillStyle = colour; c.fillRect(px, py, w, 18);
        c.fillStyle = "#111111"; c.font = `${size}px ${FONT}`; c.textBaseline = "middle"; c.textAlign = "left"; c.fillText(shown, px + 5, py + 9.5);
      };
      pill(q, 0);
      const apart = (q - k) * e;
      if (k !== null && k !== q) pill(k, Math.abs(apart) < 19 ? Math.sign(apart) * (Math.abs(apart) - 19) : 0);
    }

    /* ---- the ledger of a row -------------------------------------------------------------------- */
    function ledgerRow(s, spec, place) { // each key counts once, under the first name that fits
      const S = D.sources[s], at = S.where[place], own = S.of[at];
      if (at < 0) return null;
      const g = grid({ ...spec, s }, "weight"), previous = own > 0 ? S.places[own - 1] : -1, first = S.places[0];
      const mass = { self: 0, repeats: 0, previous: 0, first: 0, group: 0, rest: 0 };
      for (const k of S.places) {
        if (k > at) break;
        const where = k === at ? "self" : D.items[k] === D.items[at] ? "repeats" : k === previous ? "previous" : k === first ? "first"
          : D.groups && D.groups.of[k] === D.groups.of[at] ? "group" : "rest";
        mass[where] += g.z[at * N + k];
      }
      return mass;
    }
    let ledgerOf = ""; // what the ledger is drawn for
    function drawLedger() {
      const now = JSON.stringify([D.signature, own.view.lock && own.view.lock.q, own.view.linked, own.view.panels]);
      if (now === ledgerOf) return;
      ledgerOf = now;
      const locked = own.view.lock, one = locked ? locked.q : lastPlace(0), placeOf = s => (locked ? one : lastPlace(s));
      ledgerTitle.textContent = locked || D.sources.every((_, s) => lastPlace(s) === one) ? `Row ${D.slots[one]}, ${D.titles[one]} ` : "The last row of each history ";
      ledgerTitle.append(el("span", "", `\u00b7 ${locked ? "locked" : "the last row, where the prediction is made; lock a cell for another"} \u00b7 where its attention weight lies; each key counts once, in the first line that fits`));
      const columns = stripRows().map(({ s, spec, label }) => {
        const place = placeOf(s), at = D.sources[s].where[place];
        return { label: at < 0 || at === place ? label : `${label}, row ${D.slots[at]}`, mass: ledgerRow(s, spec, place) };
      });
      const shape = JSON.stringify([D.groups && D.groups.name, columns.map(column => column.label)]);
      if (shape !== ledgerShape) ledger.replaceChildren(ledgerTable(columns));
      ledgerShape = shape;
      for (const { key, column, td } of ledgerCells) { // the browser is slower at a new table than at new words in an old one
        const { mass } = columns[column];
        td.firstChild.data = mass ? (key ? mass[key] : Object.values(mass).reduce((a, b) => a + b, 0)).toFixed(3) : "not seen";
        if (key) td.style.background = mass ? `linear-gradient(to right, rgba(70,130,180,.28) ${(mass[key] * 100).toFixed(1)}%, transparent 0)` : "";
      }
    }
    let ledgerShape = "", ledgerCells = [];
    function ledgerTable(columns) {
      const table = el("table"), line = (tag, text) => { const row = el("tr"); row.append(el(tag, "", text)); table.append(row); return row; };
      const titles = line("th", "key"), names = { ...LEDGER, group: D.groups ? `same ${D.groups.name} (first listed)` : "", "": "sum" };
      for (const column of columns) titles.append(el("th", "", column.label));
      ledgerCells = [];
      for (const [key, text] of Object.entries(names)) {
        if (!text) continue;
        const row = line("td", text);
        columns.forEach((_, column) => { const td = el("td", "", " "); row.append(td); ledgerCells.push({ key, column, td }); });
      }
      return table;
    }

    /* ---- the address: the board's view after "#" -------------------------------------------------- */
    let writesHash = false, strange = [];
    function hash() {
      const view = own.view, plain = defaults(), out = [];
      const text = p => [D.sources[p.s].name, p.l + 1, p.h in TOGETHER ? p.h : p.h + 1, p.k].join(".");
      view.panels.forEach((p, i) => { if (text(p) !== text(plain.panels[i])) out.push(`${["left", "right"][i]}=${encodeURIComponent(text(p))}`); });
      for (const key of ["mode", "measure", "scale", "share", "size"]) if (view[key] !== plain[key]) out.push(`${key}=${view[key]}`);
      if (!view.linked) out.push("apart=1");
      if (view.lock) out.push(`lock=${view.lock.q + 1}${view.lock.k === null ? "" : "." + (view.lock.k + 1)}`);
      return out.length ? "#" + out.join("&") : "";
    }
    let soon = 0;
    function keepView() { // for the page's way back, and for whoever takes the board away
      (window.attentionBoardViews ||= {})[location.pathname] = { view: hash(), signature: D.signature };
    }
    function writeHashSoon() { // a browser takes longer to change the address than to draw a map
      keepView();
      clearTimeout(soon);
      soon = setTimeout(writeHash, 150);
    }
    function writeHash() {
      clearTimeout(soon);
      if (!box.isConnected) return;
      writesHash = Boolean(own.hooks.lock); // in a file of its own there is no address to share
      keepView();
      if (writesHash && location.hash !== hash()) history.replaceState(history.state, "", location.pathname + location.search + hash());
    }
    function left() { // the view when this page of the app was left for another; a lock only means something on the same maps
      const { view, signature } = (window.attentionBoardViews || {})[location.pathname] || {};
      return view && signature !== D.signature ? view.replace(/[#&]lock=[^&]*/, "") : view;
    }
    function readHash() {
      // Streamlit may have rewritten the address before the first board is drawn, and drops what follows "#".
      const [opened] = performance.getEntriesByType("navigation"), first = !window.attentionBoardOpened;
      window.attentionBoardOpened = true;
      const asked = location.hash || (first && opened ? new URL(opened.name).hash : "") || left() || data.view || "";
      const given = new URLSearchParams(asked.replace(/^#/, "")), view = own.view;
      ["left", "right"].forEach((side, i) => {
        const [source, l, h, k] = (given.get(side) || "").split(".");
        const s = D.sources.findIndex(S => S.name === source);
        const spec = s >= 0 && valid({ s, l: +l - 1, h: h in TOGETHER ? h : +h - 1, k });
        if (spec && view.panels[i] && spec.l === +l - 1 && (spec.h === h || spec.h === +h - 1)) view.panels[i] = spec;
        else if (given.has(side)) strange.push(`${side}=${given.get(side)}`);
      });
      const allowed = { mode: ["maps", "difference"], measure: ["weight", "contribution"], scale: Object.keys(SCALES), size: ["fit", "large"] };
      for (const [key, values] of Object.entries(allowed)) {
        if (values.includes(given.get(key))) view[key] = given.get(key);
        else if (given.has(key)) strange.push(`${key}=${given.get(key)}`);
      }
      if (view.panels.length < 2) view.mode = "maps";
      const share = Number(given.get("share"));
      if (share >= 20 && share <= 100 && share % 5 === 0) view.share = share; // what the slider has
      else if (given.has("share")) strange.push(`share=${given.get("share")}`);
      view.linked = !given.get("apart") && same(view.panels);
      const at = /^(\d{1,4})(?:\.(\d{1,4}))?$/.exec(given.get("lock") || "");
      if (at && at[1] >= 1 && at[1] <= N && (at[2] === undefined || (at[2] >= 1 && +at[2] <= +at[1]))) { view.lock = { q: at[1] - 1, k: at[2] === undefined ? null : at[2] - 1 }; setTimeout(tell, 0); }
      else if (given.has("lock")) strange.push(`lock=${given.get("lock")}`);
      for (const key of given.keys()) if (!["left", "right", "mode", "measure", "scale", "size", "share", "apart", "lock"].includes(key)) strange.push(`${key}=${given.get(key)}`);
      strange = strange.slice(0, 6).map(text => (text.length > 40 ? text.slice(0, 40) + "\u2026" : text));
    }
    const same = list => list.every(p => p.l === list[0].l && p.h === list[0].h && p.k === list[0].k);

    /* ---- taking it away ---------------------------------------------------------------------------- */
    function wrapped(text, room, size) {
      const lines = [""];
      for (const word of text.split(" ")) {
        const longer = lines[lines.length - 1] ? `${lines[lines.length - 1]} ${word}` : word;
        if (measured(longer, size) <= room || !lines[lines.length - 1]) lines[lines.length - 1] = longer; else lines.push(word);
      }
      return lines.map(line => clipped(line, room, size));
    }
    function drawn(format) { // the large maps as one figure in print colours, a column wide: 340 px are 240 pt, so 10 px are 7 pt
      const view = own.view, wide = 340, signed = view.mode === "difference", room = wide - 12;
      const named = spec => `${D.sources[spec.s].title}: ${specName(spec).slice(D.sources[spec.s].name.length + 2)}`;
      const shown = signed ? [{ g: difference(), title: `${named(view.panels[1])}; minus ${named(view.panels[0])}` }]
        : view.panels.map(spec => ({ g: grid(spec), title: named(spec) }));
      const geo = geometry(wide); geo.width = wide;
      let y = 6;
      const steps = []; // measured first: the surface's height depends on how the words wrap
      const say = (text, size, weight) => { for (const line of wrapped(text, room, size)) { const at = y + size * .7; steps.push(t => t.text(line, 6, at, { size, weight, fill: PRINT.ink })); y += size * 1.35; } };
      if (D.title) say(D.title, 10.5, 600);
      shown.forEach(({ g, title }) => {
        y += 4; say(title, 10.5, 400); y += 2;
        if (!g.z) { say(g.why, 10.5, 400); return; }
        const at = y; steps.push(t => { t.cells(painted(g, signed, PRINT), geo.x, at + geo.y, geo.cell); paintFrame(t, g, signed, geo, PRINT, at); }); y += geo.height;
      });
      if (!signed || shown[0].g.z) { y += 4; say(legendName(signed), 10.5, 400); const at = y; steps.push(t => paintLegend(t, signed, PRINT, 6, at, 320)); y += 30; }
      if (D.groups) {
        say(`${D.groups.name}, first listed:`, 10.5, 400);
        let x = 6;
        groupsHere().forEach(({ text, colour }) => {
          const label = clipped(text, room - 20, 10.5), w = 16 + measured(label, 10.5) + 10;
          if (x + w > room && x > 6) { x = 6; y += 15; }
          const left = x, at = y;
          steps.push(t => { t.rect(left, at + 1, 9, 9, colour); t.text(label, left + 13, at + 6, { size: 10.5, fill: PRINT.ink }); });
          x += w;
        });
        y += 15;
      }
      y += 6;
      const paint = t => { t.rect(0, 0, wide, y, PRINT.paper); for (const step of steps) step(t); };
      if (format === "svg") { const surface = onSvg(); paint(surface); return surface.done(wide, y); }
      const canvas = el("canvas"); canvas.width = wide * 4; canvas.height = Math.ceil(y * 4);
      const c = canvas.getContext("2d"); c.scale(4, 4); paint(onCanvas(c));
      canvas.toBlob(blob => save("png", blob));
      return null;
    }
    function offline() {
      const [head, ...rest] = D.page.split("{{");
      const text = D.title.replace(/&/g, "&amp;").replace(/</g, "&lt;");
      const values = { title: text || "Attention board", data: JSON.stringify({ ...data_(), view: hash() }).replace(/</g, "\\u003c"), script: attentionBoard.toString() };
      return head + rest.map(part => { const at = part.indexOf("}}"); return values[part.slice(0, at)] + part.slice(at + 2); }).join("");
    }
    const data_ = () => own.data;
    const download = (ending, text, type) => save(ending, new Blob([text], { type }));
    function save(ending, blob) {
      const link = el("a"); link.href = URL.createObjectURL(blob); link.download = `attention.${ending}`;
      box.append(link); link.click(); link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }
    function copy(button) {
      const done = text => { button.textContent = text; setTimeout(() => { button.textContent = "Copy link"; }, 1800); };
      writeHash();
      if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(() => done("Copied"), () => done("In the address bar"));
      else done("In the address bar"); // browsers only give the clipboard to secure pages
    }
    own.load = given => { own.data = given; load(given); };
    return own;
  }
}

export default function ({ parentElement, data, setStateValue }) {
  attentionBoard(parentElement, data, { lock: cell => setStateValue("lock", cell) });
}
