import { h, inert, fate, change, time, duration, number, messageLink, backendSaid, copy } from "./dom.js";
import { t, advice, known } from "./strings.js";
import { feed } from "./feed.js";
import { get, post, text } from "./api.js";

const panel = document.getElementById("detail");
const split = document.getElementById("split");
let current = 0;

// detail is the panel beside the list that shows one delivery.
export const detail = {
  async show(id) {
    if (id === current) return;
    current = id;
    panel.hidden = id === 0;
    split.classList.toggle("open", id !== 0);
    if (id === 0) return;
    try {
      const delivery = await get("deliveries/" + id);
      if (id === current) draw(delivery);
    } catch (problem) {
      if (id === current) panel.replaceChildren(top(), h("p", { class: "note" }, text(problem)));
    }
    if (id === current) panel.focus({ preventScroll: innerWidth >= 900 });
  },
  changed() {
    // After a restart the numbers begin at 1 again, so that this number may belong to another
    // delivery.
    if (current > 0 && feed.entries.length > 0 && feed.entries[0].id < current) location.hash = "#/";
  },
};

const top = () => h("div", { class: "top" }, h("h2", {}, t("delivery", { n: current })), h("a", { class: "button", href: "#/" }, t("close")));

function draw(d) {
  const webhook = d.fate !== "repaired";
  panel.setAttribute("aria-label", t("delivery", { n: d.id }));
  panel.replaceChildren(...[
    top(),
    h("p", { class: "fates" }, fate(d.fate), h("span", { class: "reason" }, webhook ? d.reason : t("readReason"))),
    d.rule && section(t("rule"), h("p", { class: "rule-text" }, inert(d.rule)), d.advice && h("p", { class: "sub" }, advice(d.advice))),
    facts(d, webhook),
    webhook && section(t("wentOut"), wentOut(d)),
    webhook && actions(d),
    webhook && d.fate === "rejected" && d.command === "" && section(t("asGiven"), parameters(d.parameters)),
    webhook && section(t("body"), bodyOf(d)),
  ].filter(Boolean));
}

const section = (title, ...children) => h("section", {}, h("h3", {}, title), ...children);

function facts(d, webhook) {
  const rows = [
    [t("arrived"), time(d.at)],
    webhook && [t("took"), duration(d.durationMs)],
    d.label && [t("message"), d.message ? h("a", { href: messageLink(d.message) }, inert(d.label)) : inert(d.label)],
    d.operation && [t("change"), h("span", { class: "change" }, change(d, 300))],
    d.command && [t("command"), h("code", {}, inert(d.command))],
    webhook && [t("answered"), [`HTTP ${d.status}`, d.answer].filter(Boolean).join(", ")],
    d.reply && ["ErrorInfo", inert(d.reply)],
    d.backend && [t("backendRow"), t("after", { said: backendSaid(d.backend), took: duration(d.backend.durationMs) })],
    d.backend?.reply && [t("backendAnswer"), h("code", {}, inert(d.backend.reply, 2000))],
  ].filter(Boolean);
  return h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

// wentOut shows what each destination answered, and the event that it got.
function wentOut(d) {
  if (d.destinations.length === 0) return h("p", { class: "sub" }, t(d.fate === "rejected" ? "noDestination" : "noneConfigured"));
  const status = h("p", { class: "sub", role: "status" });
  const shown = h("textarea", { class: "curl", readonly: true, rows: 5, hidden: true, "aria-label": t("event"), spellcheck: "false" });
  const button = (name, text) => h("button", { type: "button", class: "button", onclick: () => hand(text, status, shown) }, t(name));
  return h("div", {},
    h("table", { class: "plain", "aria-label": t("wentOut") },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("destination")), h("th", { scope: "col" }, t("result")), h("th", { scope: "col", class: "number" }, t("tries")), h("th", { scope: "col", class: "number" }, t("took")))),
      h("tbody", {}, d.destinations.map((to) => h("tr", {},
        h("th", { scope: "row" }, to.name === "state" ? t("state") : inert(to.name, 200)),
        h("td", {}, fate(to.accepted ? "accepted" : "deferred"), to.error && h("span", { class: "rule failed" }, inert(`${to.name}: ${to.error}`, 400))),
        h("td", { class: "number" }, number(to.tries)), h("td", { class: "number" }, duration(to.durationMs)))))),
    d.told && h("details", {}, h("summary", {}, t("event")), h("pre", { tabindex: "0", "aria-label": t("eventLabel") }, lines(d.told.event))),
    d.told && h("div", { class: "buttons" }, button("copyEvent", d.told.event), button("copyHeaders", d.told.headers)),
    status, shown);
}

// hand copies text to the clipboard. Where that fails it shows the text, selected, to be copied.
async function hand(text, status, shown, about = []) {
  const copied = await copy(text);
  shown.value = text;
  shown.hidden = copied && about.length === 0;
  if (!copied) shown.select();
  status.textContent = [t(copied ? "copied" : "copyBelow"), ...about].join(", ");
}

function actions(d) {
  const status = h("p", { class: "sub", role: "status" });
  const line = h("textarea", { class: "curl", readonly: true, rows: 5, hidden: true, "aria-label": t("curlLine"), spellcheck: "false" });
  const signed = document.body.dataset.signed === "true";
  return section(t("again"),
    h("div", { class: "buttons" },
      h("button", { type: "button", class: "button", disabled: !d.again || document.body.dataset.canSend !== "true", onclick: () => sendAgain(d, status) }, t("sendAgain")),
      h("button", { type: "button", class: "button", onclick: () => copyCurl(d, status, line, signed) }, t("copyCurl"))),
    status, line);
}

async function sendAgain(d, status) {
  try {
    const { status: code } = await post(`deliveries/${d.id}/send`);
    status.textContent = t("sentAgain", { status: code });
  } catch (problem) {
    status.textContent = text(problem);
  }
}

async function copyCurl(d, status, line, signed) {
  try {
    const reply = await post(`deliveries/${d.id}/curl`);
    await hand(reply.line, status, line, [t(signed ? "curlSigned" : "curlToken"), !reply.same && t("curlSample")].filter(Boolean));
  } catch (problem) {
    status.textContent = text(problem);
  }
}

const parameters = (list) => h("table", { class: "plain" },
  h("thead", {}, h("tr", {}, ["parameter", "given", "wanted"].map((title) => h("th", { scope: "col" }, t(title))))),
  h("tbody", {}, list.map((p) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, p.name)), h("td", {}, inert(p.given)), h("td", {}, known("want_", p.name))))));

function bodyOf(d) {
  if (d.body === null) return h("p", { class: "sub" }, t(d.command || d.fate !== "rejected" ? "notRead" : "notReadRefused"));
  if (d.bodyBytes === 0) return h("p", { class: "sub" }, t("bodyEmpty"));
  const size = t("bytes", { n: d.bodyBytes });
  return h("div", {},
    h("p", { class: "sub" }, d.whole ? size : t("firstKept", { bytes: size })),
    h("pre", { tabindex: "0", "aria-label": t("bodyLabel") }, lines(pretty(d.body))));
}

// lines keeps line breaks and makes every other hidden character visible.
const lines = (text) => text.slice(0, 70000).split("\n").flatMap((line, i) => (i ? ["\n", inert(line)] : [inert(line)]));

// pretty indents JSON without parsing its numbers, because they may be too great for JavaScript.
function pretty(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let out = "", depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    const indent = (by) => "\n" + "  ".repeat(depth += by);
    if (token === "{" || token === "[") out += token + indent(1);
    else if (token === "}" || token === "]") out += indent(-1) + token;
    else if (token === ",") out += token + indent(0);
    else out += token === ":" ? ": " : token;
  }
  return out.replace(/([{[])\s+([}\]])/g, "$1$2");
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && current !== 0 && location.hash.startsWith("#/delivery/")) location.hash = "#/";
});
