"use strict";

// Keeps the desk page up to date without reloading. The server renders; this only puts the parts in place.
(() => {
  const body = document.body;
  const conversation = body.dataset.conversation;
  const part = (id) => document.getElementById(id);
  const main = document.querySelector("main");
  const title = document.title;
  const draftKey = `draft:${conversation}`;
  let version = ""; // none yet: the first question is answered at once

  const showAlert = (message) => {
    part("alert").textContent = message;
    part("alert").hidden = !message;
  };

  const atEnd = () => {
    const scroll = part("scroll");
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  };
  const toEnd = () => {
    if (part("scroll")) part("scroll").scrollTop = part("scroll").scrollHeight;
  };

  // Replaces a part only when it differs, and leaves the keyboard focus where it was.
  const replacePart = (id, html) => {
    const target = part(id);
    if (html === undefined || target.dataset.html === html) return;
    const focused = target.contains(document.activeElement) ? document.activeElement.id : "";
    target.innerHTML = html;
    target.dataset.html = html;
    if (focused && part(focused)) part(focused).focus();
  };

  // Adds only what is new: a screen reader then reads the new message, not the whole conversation.
  const addMessages = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const list = part("messages");
    const follow = atEnd();
    let added = false;
    for (const item of [...holder.content.children]) {
      if (!item.dataset.id || list.querySelector(`[data-id="${item.dataset.id}"]`)) continue;
      list.querySelector("li:not([data-id])")?.remove();
      list.append(item);
      added = true;
    }
    if (added && follow) toEnd();
  };

  const apply = (state) => {
    version = state.version;
    replacePart("lists", state.lists);
    document.title = state.waiting ? `(${state.waiting}) ${title}` : title;
    if (!conversation) return;
    replacePart("header", state.header);
    addMessages(state.messages);
    if (main.dataset.mode !== state.mode) {
      const follow = atEnd();
      main.dataset.mode = state.mode;
      if (follow) toEnd();
    }
  };

  const fetchState = async (wait, signal) => {
    const query = new URLSearchParams({ c: conversation, since: version, wait });
    const response = await fetch(`/console/desk/state?${query}`, { signal });
    if (response.status === 401) {
      location.assign("/console/login");
      return false;
    }
    const state = await response.json();
    if (state.error) {
      main.dataset.mode = "closed";
      showAlert(state.error.message);
      return false;
    }
    if (!response.ok) throw new Error(`state ${response.status}`);
    apply(state);
    return true;
  };

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const follow = async () => {
    for (let more = true; more; ) {
      try {
        more = await fetchState(5, AbortSignal.timeout(20000));
        part("link").hidden = true;
      } catch (error) {
        part("link").hidden = false;
        await pause(2000);
      }
    }
  };

  const send = async (form) => {
    const button = form.querySelector("button[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
      });
      if (response.status === 401) {
        location.assign("/console/login");
        return;
      }
      const answer = await response.json();
      if (answer.error) {
        showAlert(answer.error.message);
      } else {
        showAlert("");
        for (const field of form.querySelectorAll("textarea")) field.value = "";
        if (form.dataset.action === "reply") {
          sessionStorage.removeItem(draftKey);
          toEnd();
        }
        form.closest("details")?.removeAttribute("open");
      }
      await fetchState(0).catch(() => {}); // follow() notices a broken line
      if (main.dataset.mode === "mine") part("text").focus();
    } catch (error) {
      showAlert(main.dataset.unsent);
    } finally {
      button.disabled = false;
    }
  };

  document.addEventListener("submit", (event) => {
    if (event.target.dataset.action === undefined) return;
    event.preventDefault();
    send(event.target);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    if (event.target.tagName === "TEXTAREA") event.target.form.requestSubmit();
  });

  // What was typed survives a look at another conversation, as what it was: a note must not turn into a reply.
  const composer = document.querySelector("form[data-action=reply]");
  if (composer) {
    const draft = JSON.parse(sessionStorage.getItem(draftKey) || "null");
    if (draft) {
      composer.elements.text.value = draft.text;
      composer.elements.kind.value = draft.kind;
    }
    composer.addEventListener("input", () => {
      const { text, kind } = composer.elements;
      sessionStorage.setItem(draftKey, JSON.stringify({ text: text.value, kind: kind.value }));
    });
  }
  toEnd();
  follow();
})();
