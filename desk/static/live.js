// Keeps the page up to date without reloading: the server renders what changed, this puts it in place.
import { ask, conversation, main, part, pause, showAlert } from "./page.js";

const WAIT = 5; // seconds a question for news stays open
const FIRST_REST = 300; // ms until it is asked again after the line broke; then twice as long, and so on
const LONGEST_REST = 4000;
const have = {};
const listeners = [];
let version = ""; // none yet: the first question is answered at once
let lookedAtAll = 0;

// Called after each change of the page.
export const onChange = (listener) => listeners.push(listener);

const atEnd = () => {
  const scroll = part("scroll");
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
};
export const toEnd = () => {
  if (part("scroll")) part("scroll").scrollTop = part("scroll").scrollHeight;
};

const lastMessage = () => Number(part("messages")?.querySelector("li[data-id]:last-of-type")?.dataset.id ?? 0);

// Does something that may make the conversation's place smaller; its end stays in sight.
export const keepEnd = (work) => {
  const follow = part("scroll") && atEnd();
  work();
  if (follow) toEnd();
};

// Leaves the keyboard focus where it was.
const replacePart = (id, html) => {
  const target = part(id);
  const focused = target.contains(document.activeElement) ? document.activeElement.id : "";
  target.innerHTML = html;
  for (const entry of target.querySelectorAll(".entry")) {
    if (conversation && entry.dataset.conversation === conversation) entry.setAttribute("aria-current", "true");
  }
  if (focused && part(focused)) part(focused).focus({ preventScroll: true });
};

// Adds only what is new: a screen reader then reads the new message, not the whole conversation.
const addMessages = (html) => {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const list = part("messages");
  const follow = atEnd();
  for (const item of [...holder.content.children]) {
    if (list.querySelector(`[data-id="${item.dataset.id}"]`)) continue;
    list.querySelector("li:not([data-id])")?.remove();
    list.append(item);
  }
  if (follow) toEnd();
};

const apply = (state) => {
  version = state.version;
  if (state.full) lookedAtAll = performance.now();
  for (const [id, [mark, html]] of Object.entries(state.parts)) {
    have[id] = mark;
    replacePart(id, html);
  }
  if (state.messages) addMessages(state.messages);
  if (state.mode && main.dataset.mode !== state.mode) keepEnd(() => (main.dataset.mode = state.mode));
  for (const listener of listeners) listener(state);
};

export const fetchState = async (wait, signal) => {
  const marks = Object.entries(have).map((each) => each.join("."));
  const query = new URLSearchParams({
    c: conversation, since: version, after: lastMessage(), have: marks.join(","), wait,
    full: performance.now() - lookedAtAll > WAIT * 1000, // what the command line wrote is seen, too
  });
  const state = await ask(`/console/desk/state?${query}`, { signal });
  if (state.error) {
    main.dataset.mode = "closed";
    showAlert(state.error.message);
    return false;
  }
  apply(state);
  return true;
};

export const follow = async () => {
  let rest = FIRST_REST;
  for (let more = true; more; ) {
    try {
      more = await fetchState(version ? WAIT : 0, AbortSignal.timeout(20000));
      part("link").hidden = true;
      rest = FIRST_REST;
    } catch (error) {
      part("link").hidden = false;
      await pause(rest * (1 + Math.random())); // not all pages at the same moment
      rest = Math.min(2 * rest, LONGEST_REST);
    }
  }
};
