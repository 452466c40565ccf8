import { h, inert, fate, change, changedText, details, time, duration, number, clockText, messageLink, versionSpan } from "./dom.js";
import { t } from "./strings.js";
import { get, text } from "./api.js";
import { drawTimeline, listVersions } from "./timeline.js";
import { drawPoll } from "./poll.js";

const section = document.getElementById("view-message");
const tabs = [["", "extensions"], ["deliveries", "titleDeliveries"], ["details", "details"]];
const repairs = document.body.dataset.repairs === "true";
let path = "";
let tab = "";
let timer = 0;
let drawn = ""; // what the section shows, so that unchanged content is not drawn again

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

// A missing version comes with a later delivery or read, and both arrive as an entry. Other
// changes, such as when a message is due, are asked for from time to time.
setInterval(() => section.hidden || document.hidden || load(), 5000);

// The timeline is as wide as the space it has.
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
    section.replaceChildren(back(), h("h1", { id: "message-title" }, t("message")), h("p", { class: "note" }, text(problem)));
  }
}

const back = () => h("p", { class: "crumb" }, h("a", { href: "#/messages" }, t("messagesTitle")));

function draw(view) {
  const active = document.activeElement?.dataset?.tab;
  const focused = document.activeElement?.closest?.("details[data-name]")?.dataset.name;
  const opened = new Set([...section.querySelectorAll("details[open]")].map((d) => d.dataset.name));
  section.replaceChildren(...[
    back(),
    h("div", { class: "head" },
      h("div", {}, h("h1", { id: "message-title" }, inert(view.label, 200)), h("p", { class: "sub" }, sentence(view))),
      standing(view)),
    view.poll.choices.length > 0 && h("section", { class: "card", "aria-labelledby": "poll-title" }, h("h2", { id: "poll-title" }, t("poll")), drawPoll(view.poll, opened)),
    h("section", { class: "card", "aria-labelledby": "timeline-title" },
      h("h2", { id: "timeline-title" }, t("versions")),
      drawTimeline(view.timeline, section.clientWidth - 42),
      details("versions", t("asList"), () => listVersions(view.timeline), opened)),
    h("nav", { class: "tabs", "aria-label": t("ofMessage") }, tabs.map(([name, title]) =>
      h("a", { href: messageLink(path, name), "data-tab": name || "extensions", "aria-current": name === tab ? "true" : undefined }, t(title)))),
    tab === "details" ? facts(view) : tab === "deliveries" ? deliveries(view) : keyValues(view),
  ].filter(Boolean));
  if (active) section.querySelector(`[data-tab="${active}"]`)?.focus();
  if (focused) section.querySelector(`details[data-name="${CSS.escape(focused)}"] summary`)?.focus();
  const scroller = section.querySelector(".scroller");
  if (scroller) scroller.scrollLeft = scroller.scrollWidth;
}

function sentence(view) {
  if (view.store === "none") return t("noStoreSentence");
  if (view.store !== "stored") return t(view.entries.length ? "nothingStored" : "nobodyHeard");
  if (view.gone) return t("goneSentence");
  if (view.doubted) return t(repairs ? "doubted" : "doubtedOff");
  if (view.gaps.length === 0) return t("complete", { latest: view.latest });
  const list = view.gaps.slice(0, 5).map(versionSpan);
  if (view.gaps.length > 5) list.push(t("andMore"));
  return t(repairs ? "missingSentence" : "missingOff", { versions: list.join(", ") });
}

function standing(view) {
  if (view.store !== "stored") return h("span", { class: "badge" }, t(view.store === "none" ? "noStore" : "unknown"));
  if (view.gone) return h("span", { class: "badge" }, t("gone"));
  if (view.doubted) return h("span", { class: "badge gap" }, t("doubtedBadge"));
  return view.gaps.length ? h("span", { class: "badge gap" }, t("missingBadges", { n: view.gaps.length })) : h("span", { class: "badge whole" }, t("stored"));
}

function facts(view) {
  const stored = view.store === "stored";
  const list = [
    ["latest", "v" + view.latest], ["upTo", stored ? "v" + view.floor : "–"], ["above", stored ? number(view.seen) : "–"],
    ["lastClear", view.clear === "0" ? "–" : "v" + view.clear], ["readBack", view.read === "0" ? "–" : "v" + view.read], ["nextCheck", nextCheck(view)],
  ];
  return h("dl", { class: "plain-facts", "aria-label": t("details") }, list.map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value), h("dd", { class: "sub" }, t(name + "Hint")))));
}

// nextCheck names a time only if repair runs.
function nextCheck(view) {
  if (!repairs) return t("off");
  if (!view.due) return "–";
  const at = new Date(view.due) <= new Date() ? t("now") : clockText(view.due);
  return view.tries ? t("tryN", { at, n: view.tries + 1 }) : at;
}

function keyValues(view) {
  if (view.keyValues.length === 0) return h("div", { class: "empty" }, h("p", {}, t("noKeyValues")));
  return h("div", {},
    h("table", { class: "plain wide", "aria-label": t("keyValues") },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("keyColumn")), h("th", { scope: "col" }, t("value")), h("th", { scope: "col", class: "number" }, t("version")))),
      h("tbody", {}, view.keyValues.map((kv) => h("tr", {},
        h("th", { scope: "row" }, inert(kv.key, 300)), h("td", {}, kv.value === "" ? h("i", {}, t("empty")) : inert(kv.value, 600)), h("td", { class: "number" }, "v" + kv.seq))))),
    h("p", { class: "sub" }, t("keys", { n: view.keys }), view.keys > view.keyValues.length ? t("listed", { n: view.keyValues.length }) : ""));
}

function deliveries(view) {
  if (view.entries.length === 0) return h("div", { class: "empty" }, h("p", {}, t("noneOfLast")));
  return h("table", { class: "plain wide", "aria-label": t("ofThisMessage") },
    h("thead", {}, h("tr", {}, ["time", "fate", "change", "duration"].map((title, i) => h("th", { scope: "col", class: i === 3 ? "number" : undefined }, t(title))))),
    h("tbody", {}, view.entries.slice(0, 200).map((e) => h("tr", {},
      h("td", {}, h("a", { href: "#/delivery/" + e.id, "aria-label": [clockText(e.at), changedText(e), t("delivery", { n: e.id })].filter(Boolean).join(", ") }, time(e.at))), h("td", {}, fate(e.fate)),
      h("td", { class: "change" }, change(e)), h("td", { class: "number" }, e.fate === "repaired" ? "" : duration(e.durationMs))))));
}
