// The staff's forms: sent without leaving the page; what was typed and not sent is kept.
import { ask, conversation, isMine, main, part, post, showAlert } from "./page.js";
import { fetchState, toEnd } from "./live.js";

const draftKey = `draft:${conversation}`;
const form = document.querySelector("form[data-action=reply]");

const keepDraft = () => {
  const { text, kind } = form.elements;
  sessionStorage.setItem(draftKey, JSON.stringify({ text: text.value, kind: kind.value }));
};

// Puts a text into the reply box, where the cursor is.
export const insert = (text) => {
  const box = part("text");
  if (!box || !isMine()) return;
  box.focus();
  box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.scrollTop = box.scrollHeight;
};

const send = async (sent) => {
  const button = sent.querySelector("button[type=submit]");
  if (button.disabled) return;
  button.disabled = true;
  try {
    const answer = await post(sent.action, new FormData(sent));
    showAlert(answer.error ? answer.error.message : "");
    if (!answer.error) {
      for (const field of sent.querySelectorAll("textarea, select")) field.value = "";
      if (sent === form) {
        sessionStorage.removeItem(draftKey);
        toEnd();
      }
      sent.closest("details")?.removeAttribute("open");
    }
    await fetchState(0).catch(() => {}); // the loop in live.js notices a broken line
    if (isMine()) part("text").focus();
  } catch (error) {
    showAlert(main.dataset.unsent);
  } finally {
    button.disabled = false;
  }
};

// Opening one of the forms closes the others, and asks who is at the desk now.
const opened = async (event) => {
  const details = event.target;
  if (!details.matches?.(".act") || !details.open) return;
  for (const other of document.querySelectorAll(".act[open]")) if (other !== details) other.open = false;
  if (details.dataset.targets === undefined) return;
  const answer = await ask("/console/desk/targets").catch(() => ({}));
  const select = part("to");
  const chosen = select.value;
  if (answer.html) select.innerHTML = answer.html;
  select.value = chosen;
  if (select.selectedIndex < 0) select.value = "";
};

export const start = () => {
  document.addEventListener("toggle", opened, true);
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.action === undefined) return;
    event.preventDefault();
    send(event.target);
  });
  if (!form) return;
  // What was typed survives a look at another conversation, as what it was: a note must not turn into a reply.
  const draft = JSON.parse(sessionStorage.getItem(draftKey) || "null");
  if (draft) {
    form.elements.text.value = draft.text;
    form.elements.kind.value = draft.kind;
  }
  form.addEventListener("input", keepDraft);
};
