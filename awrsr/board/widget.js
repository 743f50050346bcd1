// The board as a widget, see live.py: a page in a frame of its own, which reports the locked cell.
// The frame keeps the board's styles, keys and address apart from those of the notebook.

/** Whether the notebook's text is light, on a dark ground. */
function isDark() {
  const parts = getComputedStyle(document.body).color.match(/[\d.]+/g) ?? [];
  const [red, green, blue] = parts.map(Number);
  return 0.3 * red + 0.6 * green + 0.1 * blue > 127;
}

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.title = "Attention board";
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.style.cssText = "width: 100%; height: 60rem; border: 0";
  frame.style.colorScheme = isDark() ? "dark" : "light";
  const draw = () => {
    frame.srcdoc = model.get("page");
  };
  const hear = ({ source, data }) => {
    if (source !== frame.contentWindow || data?.attentionBoard !== "lock") return;
    model.set("lock", data.lock);
    model.save_changes();
  };
  draw();
  model.on("change:page", draw);
  addEventListener("message", hear);
  el.append(frame);
  return () => {
    model.off("change:page", draw);
    removeEventListener("message", hear);
  };
}

export default { render };
