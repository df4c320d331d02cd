// Calls staff: a new conversation of theirs, news in one while the page is hidden, and always a crisis.
import { body, conversation, part } from "./page.js";
import { keepEnd, onChange } from "./live.js";
import { soft, urgent } from "./sound.js";

const AGAIN = 6000; // ms between the sounds of a crisis nobody has looked at
const knownKey = `known:${body.dataset.staff}`;
const seenKey = `crises:${body.dataset.staff}`;
const read = (key) => JSON.parse(sessionStorage.getItem(key) || "null");
const title = document.title;
const seen = new Set(read(seenKey) ?? []);
let known = read(knownKey); // conversation -> its last message; null before the first look
let unread = 0;
let sounding = 0;

const question = (entry) => entry.querySelector(".entry-question").textContent;

const tell = (kind, entry) => {
  unread += document.hidden ? 1 : 0;
  soft();
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const note = new Notification(part("notify").dataset[kind], { body: question(entry), tag: entry.id });
  note.addEventListener("click", () => {
    focus();
    location.assign(entry.href);
  });
};

const look = () => {
  const now = {};
  for (const entry of document.querySelectorAll("#serving .entry")) {
    const { conversation: id, last, awaiting } = entry.dataset;
    now[id] = Number(last);
    const isOpen = id === conversation && !document.hidden;
    if (known === null || isOpen) continue;
    if (!(id in known)) tell("assigned", entry);
    else if (known[id] < now[id] && awaiting !== undefined && document.hidden) tell("said", entry);
  }
  known = now;
  sessionStorage.setItem(knownKey, JSON.stringify(known));
};

const keepSeen = (id) => {
  seen.add(id);
  sessionStorage.setItem(seenKey, JSON.stringify([...seen]));
};

const showCrisis = () => {
  const entries = [...document.querySelectorAll('.entry[data-reason="crisis"]')];
  for (const entry of entries) {
    if (entry.dataset.conversation === conversation && !document.hidden) keepSeen(entry.id);
  }
  const crisis = entries.find((entry) => !seen.has(entry.id));
  keepEnd(() => (part("crisis").hidden = !crisis));
  if (!crisis) {
    clearInterval(sounding);
    sounding = 0;
    return;
  }
  if (part("crisis").dataset.entry !== crisis.id) {
    part("crisis").dataset.entry = crisis.id;
    part("crisis-open").textContent = question(crisis);
    part("crisis-open").href = crisis.href;
    tell("crisis", crisis);
  }
  if (!sounding) {
    urgent();
    sounding = setInterval(urgent, AGAIN);
  }
};

const badge = (state) => {
  if (unread) document.title = `【${part("notify").dataset.unread} ${unread}】${title}`;
  else document.title = state.waiting ? `(${state.waiting}) ${title}` : title;
};

const offer = () => {
  part("notify").hidden = !("Notification" in window) || Notification.permission !== "default";
};

export const start = () => {
  let latest = { waiting: 0 };
  onChange((state) => {
    latest = state;
    look();
    showCrisis();
    badge(latest);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unread = 0;
    badge(latest);
    showCrisis();
  });
  part("crisis-seen").addEventListener("click", () => {
    keepSeen(part("crisis").dataset.entry);
    showCrisis();
  });
  part("notify").addEventListener("click", async () => {
    await Notification.requestPermission();
    offer();
  });
  offer();
};
