import { h, inert, fate, change, changedText, time, duration, number, sync, clockText, backendSaid } from "./dom.js";
import { t, known } from "./strings.js";
import { feed } from "./feed.js";
import { get } from "./api.js";
import { detail } from "./delivery.js";

const rowsPerPage = 200;
const rowsPerFrame = 40; // new rows in one frame at most, so that no frame takes long

const body = document.querySelector("#deliveries tbody");
const table = document.getElementById("deliveries");
const empty = document.getElementById("deliveries-empty");
const more = document.getElementById("more");
const filter = document.getElementById("filter");
const pauseButton = document.getElementById("pause");
const counters = document.getElementById("counters");

let rows = new Map(); // entry -> row
let shown = []; // the listed entries; they do not change while the list is paused
let paused = false;
let waiting = 0;
let limit = rowsPerPage;
let selected = 0;
let scheduled = false;
let found = { text: "", ids: null }; // entries whose bodies have the text, found by the process
let searching = 0;

export const deliveries = {
  show(id) {
    const left = selected;
    selected = Number(id) || 0;
    detail.show(selected);
    draw();
    // When a delivery is closed, the focus returns to the row from which it was opened.
    if (left && !selected) body.querySelector(`a[href="#/delivery/${left}"]`)?.focus();
  },
  changed(fresh) {
    if (paused) waiting += fresh.length;
    else shown = feed.entries;
    detail.changed();
    if (fresh.length > 0) search();
    schedule();
  },
};

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    draw();
  });
}

function draw() {
  drawCounters();
  pauseButton.textContent = paused ? (waiting ? t("resumeNew", { n: waiting }) : t("resume")) : t("pause");
  const wanted = shown.filter(matches);
  const visible = wanted.slice(0, limit);
  const next = new Map();
  let fresh = 0;
  for (const entry of visible) {
    const known = rows.get(entry);
    if (!known && ++fresh > rowsPerFrame) continue; // drawn by the next frame
    next.set(entry, known ?? row(entry));
  }
  rows = next;
  if (fresh > rowsPerFrame) schedule();
  for (const [entry, element] of rows) element.classList.toggle("selected", entry.id === selected);
  sync(body, [...rows.values()]);
  more.hidden = wanted.length <= limit;
  table.hidden = visible.length === 0;
  empty.hidden = visible.length !== 0;
  if (!empty.hidden) drawEmpty();
}

function drawEmpty() {
  const sending = document.body.dataset.canSend === "true";
  empty.replaceChildren(...(shown.length > 0
    ? [h("p", {}, t("noMatch")), h("p", {}, h("button", { type: "button", class: "button", onclick: clear }, t("clearFilter")))]
    : [h("p", {}, t("waiting")), sending && h("p", {}, h("a", { href: "#/send", class: "button" }, t("sendSample")))].filter(Boolean)));
}

function clear() {
  filter.value = "";
  document.querySelector("#fates input").checked = true;
  draw();
  filter.focus();
}

function matches(entry) {
  const wanted = document.querySelector("#fates input:checked").value;
  if (wanted && entry.fate !== wanted) return false;
  const text = filter.value.trim().toLowerCase();
  if (text === "") return true;
  if (found.text === text && found.ids.has(entry.id)) return true;
  entry.haystack ??= [entry.command, entry.label, entry.operation, entry.version !== "0" && "v" + entry.version, known("", entry.fate),
    entry.fate, entry.reason, entry.rule, entry.method, entry.status, ...(entry.changes ?? []).flatMap(({ key, value }) => [key, value])].filter(Boolean).join(" ").toLowerCase();
  return text.split(/\s+/).every((word) => entry.haystack.includes(word));
}

// search asks the process to search the bodies, which this page does not have. It waits until
// nobody has typed for a moment.
function search() {
  clearTimeout(searching);
  const text = filter.value.trim().toLowerCase();
  if (text === "") return;
  searching = setTimeout(async () => {
    try {
      const { ids } = await get("found?text=" + encodeURIComponent(text));
      found = { text, ids: new Set(ids) };
      schedule();
    } catch {
      // The page still shows what it finds itself, and the bar says that the process does not
      // answer.
    }
  }, 200);
}

function row(entry) {
  const element = h("tr", { role: "row", class: entry.fate },
    h("td", { role: "cell", class: "at" }, h("a", { href: "#/delivery/" + entry.id, "aria-label": describe(entry) }, time(entry.at))),
    h("td", { role: "cell", class: "with-reason" }, fate(entry.fate), entry.fate !== "accepted" && h("span", { class: "reason" }, entry.fate === "repaired" ? t("readReason") : entry.reason),
      entry.failed && h("span", { class: "reason" }, t("notAt", { names: entry.failed.join(", ") })),
      entry.backend && h("span", { class: "reason" }, t("chatTold", { said: backendSaid(entry.backend), status: entry.status }))),
    h("td", { role: "cell", class: "what" }, h("span", { class: "label" }, subject(entry)), h("span", { class: entry.rule ? "rule" : "command" }, entry.rule ? inert(entry.rule, 300) : inert(entry.command, 200))),
    h("td", { role: "cell", class: "change" }, change(entry)),
    h("td", { role: "cell", class: "number took" }, entry.fate === "repaired" ? "" : duration(entry.durationMs)));
  return element;
}

function subject(entry) {
  if (entry.label) return inert(entry.label, 200);
  if (entry.fate === "accepted" && !entry.command) return h("i", {}, t("probe"));
  if (entry.reason === "body too large") return h("i", {}, t("tooLarge"));
  if (entry.command) return h("i", {}, entry.fate === "rejected" ? t("notUnderstood") : t("otherCommand"));
  return h("i", {}, entry.status === 401 || entry.status === 403 ? t("notAuthentic") : t("refusedBefore"));
}

const describe = (entry) => [clockText(entry.at), known("", entry.fate), entry.label || entry.command || entry.reason, changedText(entry), t("delivery", { n: entry.id })]
  .filter(Boolean).join(", ");

function drawCounters() {
  const { received, fates, reasons } = feed.counters;
  const times = feed.entries.filter((e) => e.fate !== "repaired").map((e) => e.durationMs).sort((a, b) => a - b);
  const figures = [
    [t("received"), number(received)],
    [t("accepted_"), number(fates.accepted ?? 0)],
    [t("rejected_"), number(fates.rejected ?? 0), "rejected"],
    [t("deferred_"), number(fates.deferred ?? 0), "deferred"],
    [t("unanswered_"), number(fates.unanswered ?? 0), "deferred"],
    [t("repaired_"), number(fates.repaired ?? 0), "repaired"],
    [t("p95"), times.length ? duration(times[Math.floor((times.length - 1) * 0.95)]) : "–"],
  ];
  const why = Object.entries(reasons).sort((a, b) => b[1] - a[1]).map(([reason, n]) => `${reason}: ${number(n)}`).join("\n");
  figures.forEach(([name, value, kind], i) => {
    let pair = counters.children[i];
    if (!pair) counters.append(pair = h("div", {}, h("dt", {}, name), h("dd")));
    pair.className = kind && value !== "0" ? kind : "";
    if (i === 0) pair.title = why;
    if (i === 6) pair.title = t("p95Hint");
    if (pair.lastChild.textContent !== value) pair.lastChild.textContent = value;
  });
}

filter.addEventListener("input", () => {
  limit = rowsPerPage;
  search();
  draw();
});
document.getElementById("fates").addEventListener("change", () => {
  limit = rowsPerPage;
  draw();
});
more.addEventListener("click", () => {
  limit += rowsPerPage;
  draw();
});
pauseButton.addEventListener("click", () => {
  paused = !paused;
  pauseButton.setAttribute("aria-pressed", String(paused));
  waiting = 0;
  if (!paused) shown = feed.entries;
  draw();
});

// Arrow keys move from row to row while the list has the focus.
body.addEventListener("keydown", (event) => {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const next = step && event.target.closest("tr")?.[step];
  if (!next) return;
  event.preventDefault();
  next.querySelector("a").focus();
});
