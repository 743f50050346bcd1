// A button that requests a file from Python, with the board's view, and saves it.
//
// data: the file's bytes, empty before a request. trigger "asked": {view}, the board's part of the
// address, which the server does not see otherwise. The board writes it there with a delay after a
// change, or at once after the event WANTED.

const NAME = "awrsr-inspection.zip";
const WANTED = "attention-board-address";
const waiting = new WeakSet();

export default function ({ parentElement, data, setTriggerValue }) {
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("[role=status]");
  const wait = busy => {
    waiting[busy ? "add" : "delete"](parentElement);
    button.disabled = busy;
    said.textContent = busy ? "Drawing and packing\u2026" : "";
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
