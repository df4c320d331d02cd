// What every piece of the desk page needs: its parts, its alert line, and asking the server.

export const body = document.body;
export const main = document.querySelector("main");
export const conversation = body.dataset.conversation;
export const part = (id) => document.getElementById(id);
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const isMine = () => main.dataset.mode === "mine";

export const showAlert = (message) => {
  part("alert").textContent = message;
  part("alert").hidden = !message;
};

// The answer as JSON; signed out, the sign-in page is shown instead and nothing is answered. Throws on a broken line.
export const ask = async (address, options = {}) => {
  const response = await fetch(address, { headers: { Accept: "application/json" }, ...options });
  if (response.status === 401) {
    location.assign("/console/login");
    return new Promise(() => {});
  }
  if (response.status === 204) return {};
  const answer = await response.json();
  if (!answer.error && !response.ok) throw new Error(`${address} ${response.status}`);
  return answer;
};

export const post = (address, fields) => {
  const form = fields instanceof FormData ? fields : new FormData();
  if (form !== fields) for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (!form.has("form_token")) form.set("form_token", document.querySelector("input[name=form_token]").value);
  return ask(address, { method: "POST", body: form });
};
