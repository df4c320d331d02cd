"use strict";
// Each message carries an id of its own and waits in `unsent` (kept in the browser) until the server has it;
// the server counts one id once, so sending again after a lost connection doubles nothing.
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const $ = (id) => document.getElementById(id);
  const log = $("log"), form = $("form"), box = $("text"), statusBar = $("status"), starters = $("starters");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const KEY = "wz_unsent";

  const store = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, value); } catch { /* private mode: kept in memory */ } },
  };

  let cursor = "";
  let unsent = [];
  try { unsent = JSON.parse(store.get(KEY) || "[]"); } catch { unsent = []; }
  const mine = new Map();       // message id -> its element
  let connected = true, offline = false, posting = false, state = { busy: false, owner: "bot" };
  let thinking = null, source = null, failures = 0, retryTimer = 0, restoring = true, follow = true;

  // ---- Building

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function withLinks(element, text) {
    let rest = 0;
    for (const match of text.matchAll(/https?:\/\/[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+/g)) {
      element.append(text.slice(rest, match.index), link(match[0], match[0]));
      rest = match.index + match[0].length;
    }
    element.append(text.slice(rest));
    return element;
  }

  function link(address, label) {
    const anchor = make("a", "", label);
    anchor.href = address;
    anchor.target = "_blank";
    anchor.rel = "noopener noreferrer";
    return anchor;
  }

  function date(iso) {
    const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso);
    return parts ? `${+parts[1]}年${+parts[2]}月${+parts[3]}日` : iso;
  }

  // Only of this page's own host: another one would learn who reads what (and the page's policy forbids it).
  function pictureOf(one) {
    try {
      if (new URL(one.picture).origin !== location.origin) return [];
    } catch { return []; }
    const picture = make("img");
    picture.alt = words.picture.replace("{title}", one.title);
    picture.loading = "lazy";
    picture.addEventListener("error", () => picture.remove());
    picture.src = one.picture;
    return [picture];
  }

  function place(one) {
    const anchor = link(one.url, words.apply);
    anchor.className = "apply";
    return anchor;
  }

  function card(one) {
    const section = make("section", "card");
    section.append(...pictureOf(one), make("p", "title", one.title), place(one));
    return section;
  }

  function sourceBox(one) {
    const section = make("section", "source");
    section.append(make("h3", "", words.source));
    const title = one.kind === "faq" || one.title.startsWith("《") ? one.title : `《${one.title}》`;
    section.append(make("p", "title", title + (one.article ? " " + one.article : "")));
    const facts = [];
    if (one.doc_number) facts.push(one.doc_number);
    if (one.effective_from) facts.push(words.effective.replace("{date}", date(one.effective_from)));
    if (one.effective_to) facts.push(words.expires.replace("{date}", date(one.effective_to)));
    if (facts.length) section.append(make("p", "facts", facts.join("　")));
    const more = make("div", "more");
    if (one.quote) {
      const details = make("details");
      details.append(make("summary", "", words.quote), make("blockquote", "", one.quote));
      more.append(details);
    }
    if (isWeb(one.url) && !isGuide(one)) {
      const open = link(one.url, words.open_source);
      open.className = "open";
      more.append(open);
    }
    if (more.children.length) section.append(more);
    return section;
  }

  function isWeb(address) { return /^https?:\/\//i.test(address || ""); }

  function isGuide(one) { return one.kind === "faq" && isWeb(one.url) && isWeb(one.picture); }

  // As in render.py: an FAQ is cited by the policy it rests on; of the FAQ itself only where to get it done remains.
  function sourcesOf(payload) {
    const sources = (payload.sources || []).filter((one) => one.title);
    const policies = sources.filter((one) => one.kind !== "faq");
    const shown = (policies.length ? policies : sources).slice(0, 3).map(sourceBox);
    const places = sources.filter((one) => one.kind === "faq" && isWeb(one.url) && (policies.length || isGuide(one)));
    return shown.concat(places.map((one) => (isGuide(one) ? card(one) : place(one))));
  }

  function pick(group, button) {
    for (const other of group.querySelectorAll("button")) other.disabled = true;
    button.classList.add("chosen");
    toBox();
  }

  // The button that had the focus is gone or disabled. On a touch screen this would open the keyboard.
  function toBox() {
    if (window.matchMedia("(pointer: fine)").matches) box.focus({ preventScroll: true });
    else log.focus({ preventScroll: true });
  }

  function optionButtons(options, choose) {
    const group = make("div", "choices");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", words.choose);
    group.append(make("p", "", choose));
    options.forEach((option, index) => {
      const button = make("button");
      button.type = "button";
      button.append(make("span", "number", `${index + 1}.`), option.label);
      button.addEventListener("click", () => { pick(group, button); say(String(index + 1)); });
      group.append(button);
    });
    return group;
  }

  function rating() {
    const group = make("div", "rate");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", words.rate);
    group.append(make("span", "", words.rate));
    for (const word of [words.helpful, words.not_helpful]) {
      const button = make("button", "", word);
      button.type = "button";
      button.addEventListener("click", () => { pick(group, button); say(word); });
      group.append(button);
    }
    return group;
  }

  function message(author, text) {
    const article = make("article", "message " + author);
    article.append(make("h2", "who", words[author] || words.bot));
    article.append(withLinks(make("p", "bubble"), text));
    return article;
  }

  // Only the last answer can still be rated, and chosen from until the citizen or a person speaks: what the bot
  // says after it in the same turn (a form goes on) does not take its options away.
  function retire(which = ".message .choices, .message .rate") {
    for (const group of log.querySelectorAll(which)) {
      if (!group.querySelector(".chosen")) group.remove();
      else for (const button of group.querySelectorAll("button")) button.disabled = true;
    }
  }

  function show(element) {
    if (thinking) log.insertBefore(element, thinking); else log.append(element);
    starters.hidden = true;
    if (element.classList.contains("citizen")) follow = true;
    settle(element);
  }

  // To the end, but never past the beginning of a message that is longer than the window.
  function settle(element) {
    if (!follow) return;
    const end = log.scrollHeight - log.clientHeight;
    const top = element ? element.offsetTop - log.offsetTop - 12 : end;
    log.scrollTo({ top: Math.min(end, top), behavior: restoring || still.matches ? "instant" : "smooth" });
  }

  // Whoever scrolls back to read is left there.
  for (const kind of ["wheel", "touchmove", "keyup"]) {
    log.addEventListener(kind, () => {
      follow = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    }, { passive: true });
  }

  // ---- Receiving

  function receive(item) {
    if (!isNewer(item.id)) return;
    cursor = item.id;
    if (item.author === "citizen") {
      forget(item.message_id);
      const known = mine.get(item.message_id);
      if (known) { known.querySelector(".note")?.remove(); return; }
      retire();
      const element = message("citizen", item.text);
      mine.set(item.message_id, element);
      show(element);
      return;
    }
    const payload = item.payload || {};
    if (item.author === "bot" && !payload.options?.length) retire(".message .rate");
    else retire();
    const element = message(item.author, item.text);
    element.append(...sourcesOf(payload));
    const options = (payload.options || []).filter((option) => option.label);
    if (options.length) element.append(optionButtons(options, payload.choose || words.choose));
    if (payload.status === "answered") element.append(rating());
    show(element);
  }

  function isNewer(id) {
    const [a, b] = id.split("-").map(Number), [c, d] = (cursor || "0-0").split("-").map(Number);
    return a > c || b > d;
  }

  function receiveState(next) {
    state = next;
    drawState();
  }

  function drawState() {
    const busy = state.busy && state.owner === "bot";
    if (busy && !thinking) {
      thinking = make("p", "thinking");
      thinking.append(make("i"), words.thinking);
      log.append(thinking);
      settle();
    } else if (!busy && thinking) {
      thinking.remove();
      thinking = null;
    }
    const line = !connected ? words.lost
      : state.owner === "queue" ? words.queued
      : state.owner === "staff" ? words.serving : "";
    const wasHidden = statusBar.hidden;
    if (statusBar.textContent !== line) statusBar.textContent = line;
    statusBar.hidden = !line;
    statusBar.classList.toggle("bad", !connected);
    if (statusBar.hidden !== wasHidden) settle();
  }

  function online(is) {
    // What was under way when the network went still arrives; the network is back when the browser says so.
    if (is && offline) return;
    if (connected !== is) { connected = is; drawState(); }
    if (is) { failures = 0; flush(); }
  }

  // The stream first; where it does not get through (some proxies), polling.
  function listen() {
    clearTimeout(retryTimer);
    if (!window.EventSource || failures >= 4) { poll(); return; }
    source = new EventSource("/api/chat/events?after=" + encodeURIComponent(cursor));
    source.addEventListener("item", (event) => { receive(JSON.parse(event.data)); });
    source.addEventListener("state", (event) => {
      receiveState(JSON.parse(event.data));
      restoring = false;
      online(true);
    });
    source.onerror = () => { lost(listen); };
  }

  async function poll() {
    try {
      const reply = await fetch("/api/chat/messages?after=" + encodeURIComponent(cursor), { cache: "no-store" });
      if (!reply.ok) throw new Error(String(reply.status));
      const news = await reply.json();
      news.items.forEach(receive);
      receiveState(news.state);
      restoring = false;
      connected = !offline;
      drawState();
      flush();
      retryTimer = setTimeout(poll, state.busy ? 1000 : 3000);
    } catch { lost(poll); }
  }

  function lost(again) {
    source?.close();
    source = null;
    failures += 1;
    connected = false;
    drawState();
    clearTimeout(retryTimer);
    retryTimer = setTimeout(again, Math.min(1000 * 2 ** Math.min(failures, 4), 10000));
  }

  // ---- Sending

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function keep() { store.set(KEY, JSON.stringify(unsent)); }

  function forget(id) {
    const before = unsent.length;
    unsent = unsent.filter((one) => one.id !== id);
    if (unsent.length !== before) keep();
  }

  function draw(one) {
    const element = message("citizen", one.text);
    element.append(make("p", "note", words.sending));
    mine.set(one.id, element);
    retire();
    show(element);
  }

  function say(text) {
    const trimmed = text.trim();
    if (!trimmed) return;
    const one = { id: newId(), text: trimmed };
    unsent.push(one);
    keep();
    draw(one);
    flush();
  }

  function mark(id, text, bad) {
    const note = mine.get(id)?.querySelector(".note");
    if (note) { note.textContent = text; note.classList.toggle("bad", bad); }
  }

  async function flush() {
    if (posting) return;
    posting = true;
    try {
      while (unsent.length) {
        const one = unsent[0];
        const reply = await fetch("/api/chat/messages", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ text: one.text, message_id: one.id }),
        });
        if (reply.ok) {
          forget(one.id);
          mine.get(one.id)?.querySelector(".note")?.remove();
        } else if (reply.status === 400) {
          forget(one.id);
          mark(one.id, words.refused, true);
        } else {
          throw new Error(String(reply.status));
        }
      }
    } catch {
      for (const one of unsent) mark(one.id, words.unsent, true);
      setTimeout(flush, 3000);
    } finally {
      posting = false;
    }
  }

  // ---- Controls

  function grow() {
    box.style.height = "auto";
    box.style.height = Math.min(box.scrollHeight + 3, 180) + "px";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(box.value);
    box.value = "";
    grow();
    box.focus();
  });
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    // Not while an input method is still choosing characters.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  $("human").addEventListener("click", () => say(words.human_says));
  starters.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) { say(button.dataset.say); toBox(); }
  });

  function large(on) {
    document.documentElement.classList.toggle("large", on);
    $("large").setAttribute("aria-pressed", String(on));
    grow();
    settle();
  }
  $("large").addEventListener("click", () => {
    const on = !document.documentElement.classList.contains("large");
    large(on);
    store.set("wz_large", on ? "1" : "");
  });
  large(store.get("wz_large") === "1");

  window.addEventListener("online", () => { offline = false; failures = 0; source?.close(); listen(); flush(); });
  window.addEventListener("offline", () => { offline = true; connected = false; drawState(); });

  // History first, then what was not sent before a reload.
  (async () => {
    try {
      const reply = await fetch("/api/chat/messages?after=", { cache: "no-store" });
      const news = await reply.json();
      news.items.forEach(receive);
      receiveState(news.state);
    } catch { /* the stream tries again */ }
    unsent.filter((one) => !mine.has(one.id)).forEach(draw);
    listen();
    flush();
  })();
})();
