// Choosing a canned reply: “/” in an empty reply box, or the button.
import { ask, conversation, isMine, part, showAlert } from "./page.js";
import { insert } from "./composer.js";
import { register, toBox } from "./panels.js";

const SLASHES = ["/", "／", "、"]; // what the key gives, by the input method
const panel = part("canned");
const filter = part("canned-filter");
const list = part("canned-list");
let replies = [];
let current = 0;

const matches = () => {
  const words = filter.value.trim().toLowerCase();
  return replies.filter((reply) => `${reply.title}\n${reply.text}`.toLowerCase().includes(words));
};

const draw = () => {
  const shown = matches();
  current = Math.min(current, Math.max(shown.length - 1, 0));
  list.replaceChildren(
    ...shown.map((reply, place) => {
      const item = document.createElement("li");
      const [title, text] = [document.createElement("strong"), document.createElement("span")];
      item.id = `canned-${reply.id}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(place === current));
      title.textContent = reply.title;
      text.textContent = reply.text;
      item.append(title, text);
      item.dataset.place = place;
      return item;
    }),
  );
  const chosen = list.children[current];
  filter.setAttribute("aria-activedescendant", chosen ? chosen.id : "");
  chosen?.scrollIntoView({ block: "nearest" });
};

const choose = (place) => {
  const reply = matches()[place];
  if (!reply) return;
  close();
  insert(reply.text);
};

export const close = () => {
  panel.hidden = true;
  toBox();
};

export const open = async () => {
  if (!panel || !isMine()) return;
  filter.value = "";
  current = 0;
  panel.hidden = false;
  filter.focus();
  try {
    const answer = await ask(`/console/desk/canned?${new URLSearchParams({ c: conversation })}`);
    if (answer.error) showAlert(answer.error.message);
    replies = answer.replies ?? [];
    draw();
  } catch (error) {
    close(); // live.js says that the line is broken
  }
};

const keys = {
  ArrowDown: () => { current += 1; draw(); },
  ArrowUp: () => { current = Math.max(current - 1, 0); draw(); },
  Enter: () => choose(current),
};

export const start = () => {
  if (!panel) return;
  register({ isOpen: () => !panel.hidden, close });
  part("canned-open").addEventListener("click", open);
  part("text").addEventListener("input", (event) => {
    if (event.isComposing || !SLASHES.includes(event.target.value)) return;
    event.target.value = "";
    open();
  });
  filter.addEventListener("input", () => {
    current = 0;
    draw();
  });
  filter.addEventListener("keydown", (event) => {
    if (event.isComposing || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  list.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) choose(Number(item.dataset.place));
  });
};
