// A good reply becomes a draft FAQ; a wrong answer is flagged for the editors.
import { main, part, post } from "./page.js";
import { toast } from "./panels.js";

const text = (item) => item.querySelector(".text").textContent.trim();

// The citizen's words before this message, back to the last thing anybody else said to them.
const questionBefore = (item) => {
  const asked = [];
  for (let before = item.previousElementSibling; before; before = before.previousElementSibling) {
    if (before.matches(".from-citizen")) asked.unshift(text(before));
    else if (asked.length && before.matches(".from-bot, .from-staff")) break;
  }
  return asked.join(" ");
};

const openLearn = (item) => {
  const box = part("learn");
  const heading = document.querySelector("#header h1").textContent.trim();
  box.querySelector("[name=question]").value = questionBefore(item) || heading;
  box.querySelector("[name=answer]").value = text(item);
  box.showModal();
};

const openFlag = (button) => {
  const box = part("flag");
  box.querySelector("[name=answer_id]").value = button.dataset.flag;
  box.querySelector("[name=comment]").value = "";
  part("flag-answer").textContent = text(button.closest(".message"));
  box.showModal();
};

const send = async (form) => {
  const box = form.closest("dialog");
  const [alert, button] = [form.querySelector(".box-alert"), form.querySelector("[type=submit]")];
  button.disabled = true;
  alert.hidden = true;
  try {
    const answer = await post(form.action, new FormData(form));
    if (!answer.error) {
      box.close();
      toast(answer.message);
      return;
    }
    alert.textContent = answer.error.message;
    alert.hidden = false;
  } catch (error) {
    alert.textContent = main.dataset.unkept;
    alert.hidden = false;
  } finally {
    button.disabled = false;
  }
};

export const start = () => {
  part("messages")?.addEventListener("click", (event) => {
    if (event.target.closest("[data-learn]")) openLearn(event.target.closest(".message"));
    if (event.target.closest("[data-flag]")) openFlag(event.target.closest("[data-flag]"));
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  });
  for (const box of document.querySelectorAll("#learn, #flag")) {
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      send(event.target);
    });
  }
};
