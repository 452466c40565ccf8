import { h, inert, time, number, sync, messageLink } from "./dom.js";
import { t } from "./strings.js";
import { get, text } from "./api.js";
import { optionName } from "./poll.js";

const section = document.getElementById("view-messages");
const table = document.getElementById("messages");
const body = table.querySelector("tbody");
const empty = document.getElementById("messages-empty");
const filter = document.getElementById("filter-messages");
const more = document.getElementById("more-messages");
const down = document.getElementById("store-down");
let timer = 0;
let asked = 0; // number of the newest request; answers to older ones are not drawn
let further = []; // rows of the store beyond the first page
let next = null; // cursor of the next page; null while only the first page is shown
let first = { rows: [], next: "", more: false };

export const messages = {
  show: load,
  changed(fresh) {
    if (section.hidden || fresh.length === 0 || timer) return;
    timer = setTimeout(load, 500);
  },
};

const page = (after) => get(`messages?after=${encodeURIComponent(after)}&filter=${encodeURIComponent(filter.value.trim())}`);

async function load() {
  clearTimeout(timer);
  timer = 0;
  const question = ++asked;
  try {
    const answer = await page("");
    if (question !== asked) return;
    first = answer;
    draw();
  } catch (problem) {
    if (question !== asked) return;
    empty.hidden = false;
    empty.replaceChildren(h("p", {}, text(problem)));
  }
}

function draw() {
  document.getElementById("messages-sub").textContent = t(first.all ? "messagesSub" : "messagesSubRecent");
  down.hidden = !first.down;
  const known = new Set(first.rows.map((m) => m.path));
  const list = [...first.rows, ...further.filter((m) => !known.has(m.path))];
  more.hidden = !(next ? next.more : first.more);
  table.hidden = list.length === 0;
  empty.hidden = list.length !== 0;
  empty.replaceChildren(...(filter.value.trim() ? [h("p", {}, t("noMessageMatch"))] : [h("p", {}, t("noMessage")), h("p", {}, t("appears"))]));
  const focused = document.activeElement?.getAttribute?.("href");
  sync(body, list.map((m) => h("tr", { role: "row" },
    h("td", { role: "cell", class: "what" }, h("a", { href: messageLink(m.path), class: "label" }, inert(m.label, 200))),
    h("td", { role: "cell", class: "lead" }, leading(m)),
    h("td", { role: "cell", class: "state" }, badge(m)),
    h("td", { role: "cell", class: "number", "data-name": "version" }, m.latest === "0" ? "–" : m.latest),
    h("td", { role: "cell", class: "number", "data-name": "keys" }, m.store === "stored" ? number(m.keys) : "–"),
    h("td", { role: "cell", class: "number", "data-name": "deliveries" }, number(m.deliveries)),
    h("td", { role: "cell", class: "number at" }, m.at ? time(m.at) : "–"))));
  if (focused) [...body.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

// leading names the leading choice. The value is a separate node.
function leading(m) {
  if (!m.leading) return "–";
  const { value, count, tied, voters } = m.leading;
  return [h("b", {}, optionName(m.leading, value)), " ", h("span", { class: "none" }, tied ? t("tie", { n: count }) : `${number(count)} / ${number(voters)}`)];
}

function badge(m) {
  switch (m.store) {
    case "down": return h("span", { class: "badge gap" }, t("storeDown"));
    case "none": return h("span", { class: "badge" }, t("noStore"));
    case "unknown": return h("span", { class: "badge" }, t("unknown"));
  }
  return m.missing ? h("span", { class: "badge gap" }, t("missingBadge")) : h("span", { class: "badge whole" }, t("stored"));
}

filter.addEventListener("input", () => {
  [further, next] = [[], null];
  clearTimeout(timer);
  timer = setTimeout(load, 200);
});

more.addEventListener("click", async () => {
  try {
    const answer = await page((next ?? first).next);
    further.push(...answer.rows);
    next = answer;
    down.hidden = !answer.down;
    draw();
  } catch (problem) {
    empty.hidden = false;
    empty.replaceChildren(h("p", {}, text(problem)));
  }
});

const form = document.getElementById("open");
form.elements.kind.addEventListener("change", () => {
  for (const field of form.querySelectorAll("[data-kind]")) field.hidden = field.disabled = field.dataset.kind !== form.elements.kind.value;
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(form);
  const names = given.get("kind") === "c2c" ? ["from", "to", "key"] : ["group", "seq"];
  location.hash = messageLink([document.body.dataset.app, ...names.map((name) => given.get(name))].map(encodeURIComponent).join("/"));
});
