"use strict";
// Everything shown comes from the server's transcript; what the citizen does is sent there and comes back as news.
(() => {
  const $ = (id) => document.getElementById(id);
  const log = $("log"), box = $("text"), dialog = $("dialog");
  const entries = new Map();   // id -> entry
  const shown = new Map();     // id -> its element
  let version = -1, citizens = [], me = "", menu = null, agents = [], accepts = true, skew = 0, typed = false, menuKey = "", seen = new Map();

  const KINDS = { text: "文字", image: "图片", voice: "语音", video: "视频", shortvideo: "小视频", location: "位置",
    link: "链接", event: "事件", msgmenu: "菜单消息", news: "图文" };
  const EVENTS = { subscribe: "关注了公众号", unsubscribe: "取消了关注", scan: "扫描了二维码", click: "点击菜单",
    view: "打开菜单网页", location: "上报了位置" };
  const ACTS = [   // name, drawing, act; then what is asked for, and a proposal
    ["图片", "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.1", "image"],
    ["视频", "M4 6h11v12H4zM15 11l5-3v8l-5-3z", "video"],
    ["位置", "M12 21s6-6.5 6-11a6 6 0 0 0-12 0c0 4.5 6 11 6 11zM12 10h.1", "location", "位置名称", "市政务服务中心"],
    ["链接", "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1", "link", "网址", "https://www.gov.cn/"],
    ["扫码", "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M7 12h10", "scan", "二维码的场景值", "hall-3"],
    ["没听清", "M9 4h6v9a3 3 0 0 1-6 0zM6 12a6 6 0 0 0 12 0M12 18v3M4 4l16 16", "voice"],
    ["上报位置", "M12 5v14M5 12h14M12 12m-5 0a5 5 0 1 0 10 0 5 5 0 1 0-10 0M12 2v3M12 19v3M2 12h3M19 12h3", "whereabouts"],
  ];
  const ADDRESS = String.raw`https?:\/\/[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+`;
  const LINKS = new RegExp(String.raw`<a\s[^>]*?href=(["'])(.*?)\1[^>]*>(.*?)<\/a>|${ADDRESS}`, "gis");

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function button(className, text, action) {
    const element = make("button", className, text);
    element.type = "button";
    element.addEventListener("click", action);
    return element;
  }

  function drawing(path) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.append(document.createElementNS(svg.namespaceURI, "path"));
    svg.firstChild.setAttribute("d", path);
    return svg;
  }

  // ---- What is sent

  async function act(name, text = "", key = "") {
    try {
      const reply = await fetch("/phone/act", { method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ openid: me, act: name, text, key }) });
      if (!reply.ok) alert((await reply.json()).message);
    } catch {
      $("lost").hidden = false;
    }
  }

  function ask(title, label, value, then) {
    $("dialog-title").textContent = title;
    $("dialog-label").textContent = label;
    $("dialog-input").value = value;
    dialog.returnValue = "";
    dialog.onclose = () => { if (dialog.returnValue === "ok") then($("dialog-input").value.trim()); };
    dialog.showModal();
    $("dialog-input").select();
  }

  // ---- What is seen

  function plainText(html) { return html.replace(/<[^>]*>/g, ""); }

  function decoded(text) {
    const area = make("textarea");
    area.innerHTML = text;   // a textarea's content is text: entities are decoded, nothing else
    return area.value;
  }

  function anchor(address, label) {
    const element = make("a", "", label);
    element.href = address;
    element.target = "_blank";
    element.rel = "noopener noreferrer";
    return element;
  }

  function link(address, label) {
    if (/^weixin:\/\/bizmsgmenu\?/i.test(address)) {
      const query = new URLSearchParams(address.split("?")[1]);
      return button("tap", label, () => act("tap", query.get("msgmenucontent") || label, query.get("msgmenuid") || ""));
    }
    return /^https?:\/\//i.test(address) ? anchor(address, label) : document.createTextNode(label);
  }

  function withLinks(element, text) {
    let rest = 0;
    for (const match of text.matchAll(LINKS)) {
      element.append(text.slice(rest, match.index));
      element.append(match[2] === undefined ? anchor(match[0], match[0]) : link(decoded(match[2]), plainText(match[3])));
      rest = match.index + match[0].length;
    }
    element.append(text.slice(rest));
  }

  function accountBubble(entry) {
    const bubble = make("div", "bubble");
    const body = make("div");
    bubble.append(body);
    if (entry.kind !== "msgmenu") {
      withLinks(body, entry.text);
      return bubble;
    }
    const options = [...entry.options];
    for (const line of entry.text.split("\n")) {
      if (options.length && line === options[0].label) {
        const option = options.shift();
        body.append(button("tap option", option.label, () => act("tap", option.label, option.id)));
      } else {
        const part = make("div");
        withLinks(part, line);
        body.append(part);
      }
    }
    return bubble;
  }

  function citizenBubble(entry) {
    if (entry.kind === "image") return make("span", "picture");
    const bubble = make("div", "bubble"), body = make("div");
    bubble.append(body);
    if (entry.kind !== "text") body.append(make("span", "sort", entry.kind === "voice" ? "语音 3″" : KINDS[entry.kind]));
    const unheard = entry.kind === "voice" && !entry.text;
    body.append(unheard ? "（没有识别出文字）" : entry.text);
    return bubble;
  }

  function card(article) {
    const linked = /^https?:\/\//i.test(article.url);
    const element = linked ? anchor(article.url, "") : make("div");
    element.className = "card";
    element.append(make("strong", "", article.title));
    const rest = make("span", "rest");
    rest.append(make("span", "", article.description));
    if (/^https?:\/\//i.test(article.picurl)) {
      const picture = make("img");
      picture.alt = "";
      picture.addEventListener("error", () => picture.remove());
      picture.src = article.picurl;
      rest.append(picture);
    }
    element.append(rest);
    return element;
  }

  function noteOf(entry) {
    if (entry.side === "platform") {
      if (entry.kind === "unavailable") return make("li", "note bad", entry.text);
      const agent = entry.text ? `（${entry.text}）` : "";
      const waits = agent ? "" : "，等待接入";
      return make("li", "note", entry.kind === "transferred" ? `已转接到公众平台客服${agent}${waits}` : `消息由公众平台客服${agent}接收`);
    }
    const name = entry.event.toLowerCase();
    const what = EVENTS[name] || `事件 ${entry.event}`;
    const key = name === "click" || name === "view" ? nameOf(entry.text) : entry.text.replace(/^qrscene_/, "");
    return make("li", "note", key ? `${what}：${key}` : what);
  }

  function nameOf(key) {
    const all = (menu?.button || []).flatMap((each) => [each, ...(each.sub_button || [])]);
    return all.find((each) => each.key === key || each.url === key)?.name || key;
  }

  function elementOf(entry) {
    if (entry.kind === "typing") return null;
    if (entry.kind === "event" || entry.side === "platform") return noteOf(entry);
    const item = make("li", `message ${entry.side}`);
    const face = make("span", "face", entry.side === "citizen" ? citizens.find((one) => one.openid === me).name.slice(-1)
      : entry.by === "agent" ? "客" : "政");
    face.setAttribute("aria-hidden", "true");
    item.append(face);
    if (entry.articles.length) {
      const cards = make("div", "cards");
      cards.append(...entry.articles.map(card));
      item.append(cards);
    } else item.append(entry.side === "citizen" ? citizenBubble(entry) : accountBubble(entry));
    if (entry.side === "citizen" && entry.seconds === null && entry.tries) {
      const waiting = make("span", "waiting");
      waiting.title = `第 ${entry.tries} 次请求`;
      item.append(waiting);
    }
    return item;
  }

  function time(at) {
    const date = new Date(at * 1000), today = new Date().toDateString() === date.toDateString();
    const clock = date.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
    return today ? clock : `${date.getMonth() + 1}月${date.getDate()}日 ${clock}`;
  }

  function mine() { return [...entries.values()].filter((entry) => entry.openid === me); }

  function draw(all) {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    if (all) { log.replaceChildren(); shown.clear(); log.dataset.at = "0"; }
    for (const entry of mine()) {
      const old = shown.get(entry.id);
      if (old && old.version === entry.version) continue;
      const element = elementOf(entry);
      if (element && old?.element) old.element.replaceWith(element);
      else if (element) {
        if (!Number(log.dataset.at)) log.replaceChildren();
        if (entry.at - Number(log.dataset.at) > 300) {
          log.append(make("li", "note", time(entry.at)));
          log.dataset.at = String(entry.at);
        }
        log.append(element);
      }
      shown.set(entry.id, { version: entry.version, element });
      seen.set(me, entry.id);
    }
    if (!log.children.length) log.append(make("li", "note", "还没有关注。关注公众号后可以发送消息。"));
    if (all || atEnd) log.scrollTop = log.scrollHeight;
    drawRequests();
  }

  function drawRequests() {
    const rows = mine().filter((entry) => entry.side === "citizen").slice(-8).reverse().map((entry) => {
      const row = make("li");
      const name = entry.kind === "event" ? EVENTS[entry.event.toLowerCase()] || entry.event : KINDS[entry.kind] || entry.kind;
      row.append(make("span", "what", entry.text && entry.kind !== "event" ? `${name}：${entry.text}` : name));
      row.append(make("span", "how", entry.seconds === null ? (entry.tries ? `第 ${entry.tries} 次……` : "由客服接收")
        : `${entry.tries} 次 · ${Math.round(entry.seconds * 1000)} 毫秒`));
      const problem = problemOf(entry);
      if (problem) row.append(make("span", "problem", problem));
      return row;
    });
    $("requests").replaceChildren(...(rows.length ? rows : [make("li", "soft", "还没有。")]));
  }

  function problemOf(entry) {
    if (entry.problem) return `回复不合平台的要求：${entry.problem}`;
    const bad = entry.statuses.filter((status) => status !== 200), silent = entry.tries - entry.statuses.length;
    return [bad.length ? `回调的状态：${bad.join("、")}。请检查令牌、模式和密钥。` : "",
      entry.seconds !== null && silent ? `${silent} 次连不上，或没有在 5 秒内答复。` : ""].join("");
  }

  function pairs(id, rows) {
    $(id).replaceChildren(...rows.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  }

  function left(seconds) {
    if (seconds >= 3600) return `${Math.floor(seconds / 3600)} 小时 ${Math.floor(seconds % 3600 / 60)} 分`;
    return seconds >= 60 ? `${Math.floor(seconds / 60)} 分 ${Math.floor(seconds % 60)} 秒` : `${Math.ceil(seconds)} 秒`;
  }

  function drawState() {
    const now = Date.now() / 1000 + skew;
    const state = citizens.find((one) => one.openid === me)?.standing || {};
    const window = (one) => !one || one.until <= now ? "未打开" : `还可发 ${one.left} 条，${left(one.until - now)}后关闭`;
    pairs("quota", [["市民消息", window(state.speaking)], ["点击、扫码、关注", window(state.tapping)]]);
    pairs("agents", [["在线", agents.map((one) => one.kf_account).join("、") || "没有"],
      ["这位市民", state.agent ? `由 ${state.agent} 接待` : state.waits ? "等待接入" : "未转接"]]);
    const possible = { come: !agents.length, go: agents.length, waits: agents.length && accepts, accept: state.waits && agents.length,
      say: state.agent, close: state.agent };
    for (const one of $("agent-acts").children) one.hidden = !possible[one.dataset.act];
    const typing = (state.typing_until || 0) > now ? "对方正在输入……" : "";
    if ($("typing").textContent !== typing) $("typing").textContent = typing;
    const follows = Boolean(state.follows), hasMenu = Boolean(menu?.button?.length);
    $("follow").hidden = follows;
    $("unfollow").hidden = !follows;
    $("menu").hidden = !follows || !hasMenu || typed;
    $("composer").hidden = !follows || (hasMenu && !typed);
    $("to-menu").hidden = !hasMenu;
    if ($("composer").hidden) $("panel").hidden = true;
    for (const one of $("citizens").children) {
      const newest = [...entries.values()].findLast((entry) => entry.openid === one.dataset.openid)?.id || 0;
      one.setAttribute("aria-pressed", String(one.dataset.openid === me));
      one.classList.toggle("news", one.dataset.openid !== me && newest > (seen.get(one.dataset.openid) || 0));
    }
  }

  // ---- The account's menu

  function tapEntry(entry) {
    closeMenus();
    if (entry.type === "view") { act("view", "", entry.url); open(entry.url, "_blank", "noopener"); }
    else if (entry.type === "miniprogram") alert(`小程序 ${entry.appid}：模拟器里打不开。`);
    else act("click", "", entry.key);
  }

  function closeMenus(but) {
    for (const list of $("menu").querySelectorAll("ul")) {
      if (list === but) continue;
      list.hidden = true;
      list.previousSibling.setAttribute("aria-expanded", "false");
    }
  }

  function drawMenu() {
    const key = JSON.stringify(menu);
    if (key === menuKey) return;
    menuKey = key;
    const keyboard = button("icon", "", () => { typed = true; drawState(); box.focus(); });
    keyboard.setAttribute("aria-label", "切换到键盘");
    keyboard.append(drawing("M2.5 6h19v12h-19zM6 10h.1M10 10h.1M14 10h.1M18 10h.1M8 14.5h8"));
    const parts = (menu?.button || []).map((entry) => {
      const part = make("div", "entry");
      if (!entry.sub_button?.length) {
        part.append(button("", entry.name, () => tapEntry(entry)));
        return part;
      }
      const list = make("ul");
      list.hidden = true;
      const head = button("opens", entry.name, () => {
        closeMenus(list);
        list.hidden = !list.hidden;
        head.setAttribute("aria-expanded", String(!list.hidden));
      });
      head.setAttribute("aria-expanded", "false");
      for (const each of entry.sub_button) {
        const item = make("li");
        item.append(button("", each.name, () => tapEntry(each)));
        list.append(item);
      }
      part.append(head, list);
      return part;
    });
    $("menu").replaceChildren(keyboard, ...parts);
  }

  // ---- News

  async function listen() {
    for (let failed = false; ;) {
      const news = await get(`/phone/news?after=${version}`);
      $("lost").hidden = Boolean(news);
      if (news && failed) { location.reload(); return; }   // the stand-in may have begun anew
      failed = !news;
      if (news) take(news);
      else await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  async function get(address) {
    try {
      const reply = await fetch(address);
      return reply.ok ? await reply.json() : null;
    } catch {
      return null;
    }
  }

  function take(news) {
    version = news.version;
    skew = news.now - Date.now() / 1000;
    citizens = news.citizens;
    menu = news.menu;
    agents = news.agents;
    accepts = news.accepts;
    for (const entry of news.entries) entries.set(entry.id, entry);
    const first = !me;
    if (first) start(news);
    drawMenu();
    draw(first);
    drawState();
  }

  function start(news) {
    me = citizens.some((one) => `#${one.openid}` === location.hash) ? location.hash.slice(1) : citizens[0].openid;
    pairs("facts", news.facts);
    $("citizens").replaceChildren(...citizens.map((one) => {
      const choice = button("", "", () => { me = one.openid; history.replaceState(null, "", `#${me}`); draw(true); drawState(); });
      choice.dataset.openid = one.openid;
      choice.setAttribute("aria-label", one.name);
      choice.append(make("span", "", one.name.slice(-1)));
      return choice;
    }));
    setInterval(drawState, 500);
  }

  function size() {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
    $("send").hidden = !box.value.trim();
    $("more").hidden = !$("send").hidden;
  }

  function panel(open) {
    $("panel").hidden = !open;
    $("more").setAttribute("aria-expanded", String(open));
    log.scrollTop = log.scrollHeight;
  }

  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    size();
    act("text", text);
  });
  box.addEventListener("input", size);
  box.addEventListener("focus", () => panel(false));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("composer").requestSubmit(); }
  });
  $("dialog-cancel").addEventListener("click", () => dialog.close());
  $("follow").addEventListener("click", () => act("follow"));
  $("unfollow").addEventListener("click", () => act("leave"));
  $("to-menu").addEventListener("click", () => { typed = false; drawState(); });
  $("voice").addEventListener("click", () => ask("语音", "微信识别出的文字；留空表示没有听清", "", (text) => act("voice", text)));
  $("more").addEventListener("click", () => panel($("panel").hidden));
  document.addEventListener("click", (event) => { if (!event.target.closest("#menu")) closeMenus(); });
  for (const [name, mark, what, label, value] of ACTS) {
    const element = button("", "", () => {
      panel(false);
      if (!label) act(what);
      else ask(name, label, value, (text) => what === "scan" ? act(what, "", text) : act(what, text));
    });
    element.append(drawing(mark), make("span", "", name));
    $("panel").append(element);
  }
  for (const [name, what] of [["客服上线", "come"], ["客服下线", "go"], ["改为手动接入", "waits"], ["接入", "accept"],
    ["客服回复", "say"], ["结束会话", "close"]]) {
    const element = button("", name, () => what === "say" ? ask(name, "客服说的话", "", (text) => act("agent-say", text))
      : act(`agent-${what}`, "", what === "go" ? agents[0].kf_account : ""));
    element.dataset.act = what;
    $("agent-acts").append(element);
  }
  listen();
})();
