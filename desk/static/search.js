// Looking something up beside the conversation, and putting it into the reply.
import { ask, body, isMine, part } from "./page.js";
import { insert } from "./composer.js";
import { register, toBox } from "./panels.js";

const panel = part("search");
const says = part("search-says");
let asked = 0;

// The citizen's last words; “［图片］…” stands for what was no text.
const lastQuestion = () => {
  const said = [...document.querySelectorAll("#messages .from-citizen .text")].map((each) => each.textContent.trim());
  return said.reverse().find((words) => !words.startsWith("［")) ?? "";
};

const find = async () => {
  const question = part("search-box").value.trim();
  if (!question) return;
  const mine = ++asked;
  says.textContent = says.dataset.searching;
  says.hidden = false;
  try {
    const answer = await ask(`/console/desk/search?${new URLSearchParams({ q: question })}`);
    if (mine !== asked) return; // a later question is under way
    part("found").innerHTML = answer.html ?? "";
    says.textContent = answer.error ? answer.error.message : says.dataset.none;
    says.hidden = Boolean(answer.found);
    for (const item of part("found").children) {
      const text = item.querySelector(".found-text");
      item.querySelector(".found-more").hidden = text.scrollHeight <= text.clientHeight + 1;
    }
  } catch (error) {
    if (mine === asked) says.textContent = says.dataset.lost;
  }
};

export const open = () => {
  if (!panel) return;
  const chosen = String(getSelection()).trim();
  panel.hidden = false;
  body.classList.add("has-search");
  const box = part("search-box");
  if (chosen || !box.value) {
    box.value = (chosen || lastQuestion()).slice(0, box.maxLength);
    find();
  }
  box.focus();
  box.select();
};

export const close = () => {
  panel.hidden = true;
  body.classList.remove("has-search");
  toBox();
};

export const start = () => {
  if (!panel) return;
  register({ isOpen: () => !panel.hidden, close });
  part("search-open")?.addEventListener("click", open);
  part("search-close").addEventListener("click", close);
  part("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    find();
  });
  part("found").addEventListener("click", (event) => {
    const more = event.target.closest(".found-more");
    if (more) {
      const whole = more.closest(".found").classList.toggle("whole");
      more.setAttribute("aria-expanded", String(whole));
    }
    const button = event.target.closest("[data-insert]");
    if (!button || !isMine()) return;
    if (getComputedStyle(panel).position === "fixed") close();
    insert(button.dataset.insert);
  });
};
