import { h, inert, time, number, sync, messageLink } from "./dom.js";
import { get, text } from "./api.js";

const section = document.getElementById("view-messages");
const table = document.getElementById("messages");
const body = table.querySelector("tbody");
const empty = document.getElementById("messages-empty");
let timer = 0;

export const messages = {
  show: load,
  changed(fresh) {
    if (section.hidden || fresh.length === 0 || timer) return;
    timer = setTimeout(load, 500);
  },
};

async function load() {
  clearTimeout(timer);
  timer = 0;
  try {
    draw(await get("messages"));
  } catch (problem) {
    empty.hidden = false;
    empty.replaceChildren(h("p", {}, text(problem)));
  }
}

function draw(list) {
  table.hidden = list.length === 0;
  empty.hidden = list.length !== 0;
  const focused = document.activeElement?.getAttribute?.("href");
  sync(body, list.map((m) => h("tr", { role: "row" },
    h("td", { role: "cell", class: "what" }, h("a", { href: messageLink(m.path), class: "label" }, inert(m.label, 200))),
    h("td", { role: "cell", class: "state" }, badge(m)),
    h("td", { role: "cell", class: "number", "data-name": "version" }, m.latest),
    h("td", { role: "cell", class: "number", "data-name": "keys" }, m.stored ? number(m.keys) : "–"),
    h("td", { role: "cell", class: "number", "data-name": "deliveries" }, number(m.deliveries)),
    h("td", { role: "cell", class: "number at" }, time(m.at)))));
  if (focused) [...body.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

function badge(m) {
  if (!m.stored) return h("span", { class: "badge" }, "Not stored");
  return m.gap ? h("span", { class: "badge hole" }, "Has a hole") : h("span", { class: "badge whole" }, "Complete");
}

document.getElementById("open").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const path = [document.body.dataset.app, form.get("group"), form.get("seq")].map(encodeURIComponent).join("/");
  location.hash = messageLink(path);
});
