// While staff write to the citizen, the citizen sees that somebody does.
import { conversation, isMine, part, post } from "./page.js";

const EVERY = 5000; // ms
let shown = -EVERY;

export const start = () => {
  part("text")?.addEventListener("input", (event) => {
    const { text, kind } = event.target.form.elements;
    if (!isMine() || kind.value !== "reply" || !text.value.trim() || performance.now() - shown < EVERY) return;
    shown = performance.now();
    post("/console/desk/typing", { c: conversation }).catch(() => {}); // nothing depends on it
  });
};
