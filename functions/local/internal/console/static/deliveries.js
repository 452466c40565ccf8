import { h, inert, verdict, change, time, duration, number, sync, backendSaid } from "./dom.js";
import { feed } from "./feed.js";
import { detail } from "./delivery.js";

const rowsPerPage = 200;

const body = document.querySelector("#deliveries tbody");
const table = document.getElementById("deliveries");
const empty = document.getElementById("deliveries-empty");
const more = document.getElementById("more");
const filter = document.getElementById("filter");
const pauseButton = document.getElementById("pause");
const counters = document.getElementById("counters");

let rows = new Map(); // entry -> row
let shown = []; // the entries as of when the list was last not paused
let paused = false;
let waiting = 0;
let limit = rowsPerPage;
let selected = 0;
let scheduled = false;

export const deliveries = {
  show(id) {
    selected = Number(id) || 0;
    detail.show(selected);
    draw();
  },
  changed(fresh) {
    if (paused) waiting += fresh.length;
    else shown = feed.entries;
    detail.changed();
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
  pauseButton.textContent = paused ? (waiting ? `Resume, ${number(waiting)} new` : "Resume") : "Pause";
  const wanted = shown.filter(matches);
  const visible = wanted.slice(0, limit);
  const next = new Map();
  for (const entry of visible) next.set(entry, rows.get(entry) ?? row(entry));
  rows = next;
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
    ? [h("p", {}, "No delivery matches the filter."), h("p", {}, h("button", { type: "button", class: "button", onclick: clear }, "Clear the filter"))]
    : [h("p", {}, "Waiting for the first webhook."), sending && h("p", {}, h("a", { href: "#/send", class: "button" }, "Send a sample"))].filter(Boolean)));
}

function clear() {
  filter.value = "";
  document.querySelector("#verdicts input").checked = true;
  draw();
  filter.focus();
}

function matches(entry) {
  const wanted = document.querySelector("#verdicts input:checked").value;
  if (wanted && entry.verdict !== wanted) return false;
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  entry.haystack ??= [entry.command, entry.label, entry.operation, entry.version !== "0" && "v" + entry.version,
    entry.verdict, entry.reason, entry.rule, entry.method, entry.status].filter(Boolean).join(" ").toLowerCase();
  return words.every((word) => entry.haystack.includes(word));
}

function row(entry) {
  const element = h("tr", { role: "row", class: entry.verdict },
    h("td", { role: "cell", class: "at" }, h("a", { href: "#/delivery/" + entry.id, "aria-label": describe(entry) }, time(entry.at))),
    h("td", { role: "cell", class: "fate" }, verdict(entry.verdict), entry.verdict !== "accepted" && h("span", { class: "reason" }, entry.reason),
      entry.backend && h("span", { class: "reason" }, `${backendSaid(entry.backend)}, Chat was told ${entry.status}`)),
    h("td", { role: "cell", class: "what" }, h("span", { class: "label" }, subject(entry)), h("span", { class: entry.rule ? "rule" : "command" }, entry.rule ? inert(entry.rule, 300) : inert(entry.command, 200))),
    h("td", { role: "cell", class: "change" }, change(entry)),
    h("td", { role: "cell", class: "number took" }, entry.verdict === "repaired" ? "" : duration(entry.durationMs)));
  return element;
}

function subject(entry) {
  if (entry.label) return inert(entry.label, 200);
  if (entry.verdict === "accepted" && !entry.command) return h("i", {}, "Probe: an empty request");
  if (entry.command) return h("i", {}, entry.verdict === "rejected" ? "Body not understood" : "Another command");
  return h("i", {}, "Not authenticated");
}

const describe = (entry) => [new Date(entry.at).toLocaleTimeString("en-GB"), entry.verdict, entry.label || entry.command || entry.reason,
  entry.operation && entry.operation + " version " + entry.version].filter(Boolean).join(", ");

function drawCounters() {
  const { received, verdicts, reasons } = feed.counters;
  const times = feed.entries.filter((e) => e.verdict !== "repaired").map((e) => e.durationMs).sort((a, b) => a - b);
  const figures = [
    ["Received", number(received)],
    ["Accepted", number(verdicts.accepted ?? 0)],
    ["Rejected", number(verdicts.rejected ?? 0), "rejected"],
    ["Deferred", number(verdicts.deferred ?? 0), "deferred"],
    ["Repaired", number(verdicts.repaired ?? 0), "repaired"],
    ["p95 time", times.length ? duration(times[Math.floor((times.length - 1) * 0.95)]) : "–"],
  ];
  const why = Object.entries(reasons).sort((a, b) => b[1] - a[1]).map(([reason, n]) => `${reason}: ${number(n)}`).join("\n");
  figures.forEach(([name, value, kind], i) => {
    let pair = counters.children[i];
    if (!pair) counters.append(pair = h("div", {}, h("dt", {}, name), h("dd")));
    pair.className = kind && value !== "0" ? kind : "";
    if (name === "Received") pair.title = why;
    if (name === "p95 time") pair.title = "Of the deliveries listed, 95 in 100 took no longer";
    if (pair.lastChild.textContent !== value) pair.lastChild.textContent = value;
  });
}

filter.addEventListener("input", () => {
  limit = rowsPerPage;
  draw();
});
document.getElementById("verdicts").addEventListener("change", () => {
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

// Arrow keys go from row to row while the list has the focus.
body.addEventListener("keydown", (event) => {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const next = step && event.target.closest("tr")?.[step];
  if (!next) return;
  event.preventDefault();
  next.querySelector("a").focus();
});
