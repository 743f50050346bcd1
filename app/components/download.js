// A button that asks Python for a file, together with the board's view, and saves what comes.
//
// data: the file's bytes, empty while none was asked for. trigger "asked": {view}, the board's part
// of the address, which the server never sees otherwise. The board writes it there a moment after a
// change, or at once when the event WANTED asks for it.

const NAME = "awrsr-inspection.zip";
const WANTED = "attention-board-address";
const waiting = new WeakSet();

export default function ({ parentElement, data, setTriggerValue }) {
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("[role=status]");
  const wait = now => {
    waiting[now ? "add" : "delete"](parentElement);
    button.disabled = now;
    said.textContent = now ? "Drawing and packing\u2026" : "";
  };
  button.onclick = () => {
    wait(true);
    document.dispatchEvent(new Event(WANTED));
    setTriggerValue("asked", { view: window.location.hash });
  };
  if (!(data instanceof Uint8Array) || !data.length || !waiting.has(parentElement)) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type: "application/zip" }));
  link.download = NAME;
  parentElement.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  wait(false);
}
