"use strict";

// Keeps the numbers fresh. The server renders; this puts the part in place, and stops while nobody looks.
(() => {
  const EVERY = 2000; // ms
  const numbers = document.getElementById("numbers");
  const link = document.getElementById("link");
  const alert = document.getElementById("alert");

  const show = (html) => {
    const open = numbers.querySelector("details")?.open;
    numbers.innerHTML = html;
    if (open) numbers.querySelector("details").open = true;
  };

  // False when asking again makes no sense.
  const refresh = async () => {
    const response = await fetch(numbers.dataset.address, { signal: AbortSignal.timeout(10000) });
    if (response.status === 401) {
      location.assign("/console/login");
      return false;
    }
    if (response.status === 403) {
      alert.textContent = (await response.json()).error.message;
      alert.hidden = false;
      return false;
    }
    if (!response.ok) throw new Error(`state ${response.status}`);
    show(await response.text());
    return true;
  };

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const seen = () =>
    new Promise((done) => {
      if (!document.hidden) return done();
      document.addEventListener("visibilitychange", () => done(), { once: true });
    });

  const follow = async () => {
    for (let more = true; more; ) {
      await pause(EVERY);
      await seen();
      try {
        more = await refresh();
        link.hidden = true;
      } catch (error) {
        link.hidden = false;
      }
    }
  };
  follow();
})();
