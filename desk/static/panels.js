// What opens over or beside the conversation: one way to close it, and the focus goes back to the reply box.
import { isMine, part } from "./page.js";

const panels = [];

export const toBox = () => {
  if (isMine()) part("text").focus();
};

// `close` closes the panel; `isOpen` says whether it is open. The one opened last is closed first.
export const register = (panel) => panels.push(panel);

export const closeTop = () => {
  const open = panels.filter((panel) => panel.isOpen());
  if (!open.length) return false;
  open[open.length - 1].close();
  return true;
};

let fading = 0;
export const toast = (message) => {
  part("toast").textContent = message;
  part("toast").hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (part("toast").hidden = true), 5000);
};
