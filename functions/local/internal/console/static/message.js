import { h, inert, verdict, change, details, time, duration, number, plural, clockText, messageLink } from "./dom.js";
import { get, text } from "./api.js";
import { drawTimeline, listVersions } from "./timeline.js";
import { drawPoll } from "./poll.js";

const section = document.getElementById("view-message");
const tabs = [["", "Extensions"], ["poll", "Poll"], ["deliveries", "Deliveries"]];
let path = "";
let tab = "";
let timer = 0;
let drawn = ""; // what the section shows, so that nothing is redrawn unchanged

export const message = {
  show(wanted, wantedTab) {
    if (wanted !== path) section.replaceChildren();
    [path, tab, drawn] = [wanted, wantedTab, ""];
    load();
  },
  changed(fresh) {
    if (section.hidden || timer || !fresh.some((entry) => entry.message === path)) return;
    timer = setTimeout(load, 200);
  },
};

// A hole is filled by the next delivery or the next read; both show up as an entry. What else
// changes, such as when a message is due, is looked up now and then.
setInterval(() => section.hidden || document.hidden || load(), 5000);

// The timeline is as wide as its place.
addEventListener("resize", () => {
  drawn = "";
  if (!section.hidden) load();
});

async function load() {
  clearTimeout(timer);
  timer = 0;
  const [wanted, wantedTab] = [path, tab];
  try {
    const view = await get("message?path=" + encodeURIComponent(wanted));
    const current = JSON.stringify(view);
    if (wanted !== path || wantedTab !== tab || current === drawn) return;
    drawn = current;
    draw(view);
  } catch (problem) {
    section.replaceChildren(back(), h("h1", { id: "message-title" }, "Message"), h("p", { class: "note" }, text(problem)));
  }
}

const back = () => h("p", { class: "crumb" }, h("a", { href: "#/messages" }, "Messages"));

function draw(view) {
  const active = document.activeElement?.dataset?.tab;
  const opened = new Set([...section.querySelectorAll("details[open]")].map((d) => d.dataset.name));
  section.replaceChildren(
    back(),
    h("div", { class: "head" },
      h("div", {}, h("h1", { id: "message-title" }, inert(view.label, 200)), h("p", { class: "sub" }, sentence(view))),
      standing(view)),
    facts(view),
    h("section", { class: "card", "aria-labelledby": "timeline-title" },
      h("h2", { id: "timeline-title" }, "Versions"),
      drawTimeline(view.timeline, section.clientWidth - 42),
      details("versions", "As a list", () => listVersions(view.timeline), opened)),
    h("nav", { class: "tabs", "aria-label": "Of this message" }, tabs.map(([name, title]) =>
      h("a", { href: messageLink(path, name), "data-tab": title, "aria-current": name === tab ? "true" : undefined }, title))),
    tab === "poll" ? drawPoll(view, opened) : tab === "deliveries" ? deliveries(view) : keyValues(view));
  if (active) section.querySelector(`[data-tab="${active}"]`)?.focus();
  const scroller = section.querySelector(".scroller");
  if (scroller) scroller.scrollLeft = scroller.scrollWidth;
}

const range = (s) => (s.from === s.to ? "v" + s.from : `v${s.from} to v${s.to}`);

function sentence(view) {
  if (!view.stored) return view.entries.length ? "Nothing of it is stored." : "Nobody has heard of this message.";
  if (view.holes.length === 0) return "What shows is the truth as of version " + view.latest + ".";
  return "Missing: " + view.holes.slice(0, 5).map(range).join(", ") + (view.holes.length > 5 ? " and more" : "") + ". What shows may not be the truth until they are read back.";
}

function standing(view) {
  if (!view.stored) return h("span", { class: "badge" }, "Not stored");
  return view.holes.length ? h("span", { class: "badge hole" }, plural(view.holes.length, "hole")) : h("span", { class: "badge whole" }, "Complete");
}

function facts(view) {
  const list = [
    ["Latest", "v" + view.latest, "The greatest version heard of"],
    ["Floor", view.stored ? "v" + view.floor : "–", "Every version up to it is completely handled"],
    ["Seen above", view.stored ? number(view.seen) : "–", "Versions above the floor that are completely handled"],
    ["Last clear", view.clear === "0" ? "–" : "v" + view.clear, "The version that last removed everything"],
    ["Read back", view.read === "0" ? "–" : "v" + view.read, "The version up to which Chat itself was read"],
    ["Next check", due(view), "When the message is looked at again"],
  ];
  return h("dl", { class: "counters" }, list.map(([name, value, title]) => h("div", { title }, h("dt", {}, name), h("dd", {}, value))));
}

function due(view) {
  if (!view.due) return "–";
  return (new Date(view.due) <= new Date() ? "due" : clockText(view.due)) + (view.tries ? `, try ${view.tries + 1}` : "");
}

function keyValues(view) {
  if (view.keyValues.length === 0) return h("div", { class: "empty" }, h("p", {}, "No key-values."));
  return h("div", {},
    h("table", { class: "plain wide", "aria-label": "Key-values" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Key"), h("th", { scope: "col" }, "Value"), h("th", { scope: "col", class: "number" }, "Version"))),
      h("tbody", {}, view.keyValues.map((kv) => h("tr", {},
        h("th", { scope: "row" }, inert(kv.key, 300)), h("td", {}, kv.value === "" ? h("i", {}, "empty") : inert(kv.value, 600)), h("td", { class: "number" }, "v" + kv.seq))))),
    h("p", { class: "sub" }, plural(view.keys, "key"), view.keys > view.keyValues.length ? `, of which ${number(view.keyValues.length)} are listed` : ""));
}

function deliveries(view) {
  if (view.entries.length === 0) return h("div", { class: "empty" }, h("p", {}, "None of the last 1,000."));
  return h("table", { class: "plain wide", "aria-label": "Deliveries of this message, newest first" },
    h("thead", {}, h("tr", {}, ["Time", "Verdict", "Change", "Duration"].map((title, i) => h("th", { scope: "col", class: i === 3 ? "number" : undefined }, title)))),
    h("tbody", {}, view.entries.slice(0, 200).map((e) => h("tr", {},
      h("td", {}, h("a", { href: "#/delivery/" + e.id }, time(e.at))), h("td", {}, verdict(e.verdict)),
      h("td", { class: "change" }, change(e)), h("td", { class: "number" }, e.verdict === "repaired" ? "" : duration(e.durationMs))))));
}
