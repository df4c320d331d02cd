// The keyboard; “?” shows the list, which stands in _dialogs.html.
import * as canned from "./canned.js";
import * as search from "./search.js";
import { closeTop, toBox } from "./panels.js";
import { conversation, part } from "./page.js";

const isWriting = (target) => target.closest?.("input, textarea, select, [contenteditable]") !== null;

// To the conversation below or above in the list; the first one when none is open.
const go = (step) => {
  const entries = [...document.querySelectorAll("#lists .entry")];
  const here = entries.findIndex((entry) => entry.dataset.conversation === conversation);
  const next = entries[here < 0 ? 0 : here + step];
  if (next) location.assign(next.href);
};

const pressed = (event) => {
  const command = event.ctrlKey || event.metaKey;
  if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    return () => go(event.key === "ArrowDown" ? 1 : -1);
  }
  if (command && event.key.toLowerCase() === "k") return search.open;
  if (command && event.key === "Enter" && event.target.tagName === "TEXTAREA") {
    return () => event.target.form.requestSubmit();
  }
  if (command || event.altKey || isWriting(event.target)) return null;
  if (event.key === "?" || event.key === "？") return () => part("shortcuts").showModal();
  if (event.key === "/") return canned.open;
  return null;
};

export const start = () => {
  document.addEventListener("keydown", (event) => {
    // In a dialog only its own form can be sent; it closes itself.
    if (event.isComposing || (document.querySelector("dialog[open]") && event.key !== "Enter")) return;
    if (event.key === "Escape" && closeTop()) {
      event.preventDefault();
      return;
    }
    const act = pressed(event);
    if (!act) return;
    event.preventDefault();
    act();
  });
  part("help").addEventListener("click", () => part("shortcuts").showModal());
  part("shortcuts").addEventListener("close", toBox);
};
