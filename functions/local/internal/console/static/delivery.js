import { h, inert, verdict, change, time, duration, number, messageLink, backendSaid } from "./dom.js";
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
    // After a restart the numbers start over: what is shown may be another delivery's.
    if (current > 0 && feed.entries.length > 0 && feed.entries[0].id < current) location.hash = "#/";
  },
};

const top = () => h("div", { class: "top" }, h("h2", {}, "Delivery " + number(current)), h("a", { class: "button", href: "#/" }, "Close"));

function draw(d) {
  const webhook = d.verdict !== "repaired";
  panel.replaceChildren(...[
    top(),
    h("p", { class: "verdicts" }, verdict(d.verdict), h("span", { class: "reason" }, d.reason)),
    d.rule && section("The rule", h("p", { class: "rule-text" }, inert(d.rule)), d.advice && h("p", { class: "sub" }, d.advice)),
    facts(d, webhook),
    webhook && actions(d),
    webhook && d.verdict === "rejected" && d.command === "" && section("As it was given", parameters(d.parameters)),
    webhook && section("Body", bodyOf(d)),
  ].filter(Boolean));
}

const section = (title, ...children) => h("section", {}, h("h3", {}, title), ...children);

function facts(d, webhook) {
  const rows = [
    ["Arrived", time(d.at)],
    webhook && ["Took", duration(d.durationMs)],
    d.label && ["Message", d.message ? h("a", { href: messageLink(d.message) }, inert(d.label)) : inert(d.label)],
    d.operation && ["Change", h("span", { class: "change" }, change(d))],
    d.command && ["Command", h("code", {}, inert(d.command))],
    webhook && ["Answered", `HTTP ${d.status}, ${d.verdict === "accepted" ? "OK" : "FAIL"}`],
    d.reply && ["ErrorInfo", inert(d.reply)],
    d.backend && ["Backend", backendSaid(d.backend) + " after " + duration(d.backend.durationMs)],
    d.backend?.reply && ["Its answer", h("code", {}, inert(d.backend.reply, 2000))],
  ].filter(Boolean);
  return h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function actions(d) {
  const status = h("p", { class: "sub", role: "status" });
  const line = h("textarea", { class: "curl", readonly: true, rows: 5, hidden: true, "aria-label": "curl line", spellcheck: "false" });
  const signed = document.body.dataset.signed === "true";
  return section("Again",
    h("div", { class: "buttons" },
      h("button", { type: "button", class: "button", disabled: !d.again || document.body.dataset.canSend !== "true", onclick: () => sendAgain(d, status) }, "Send again"),
      h("button", { type: "button", class: "button", onclick: () => copyCurl(d, status, line, signed) }, "Copy as curl")),
    status, line);
}

async function sendAgain(d, status) {
  try {
    const { status: code } = await post(`deliveries/${d.id}/send`);
    status.textContent = `Sent, answered with HTTP ${code}.`;
  } catch (problem) {
    status.textContent = text(problem);
  }
}

async function copyCurl(d, status, line, signed) {
  try {
    const reply = await post(`deliveries/${d.id}/curl`);
    line.value = reply.line;
    line.hidden = false;
    const about = [signed ? "signed for as long as MSGEXT_MAX_SKEW" : "takes the token from MSGEXT_TOKEN in your shell", reply.same || "with a sample body, as this one was not read"];
    let copied = "Copied";
    try {
      await navigator.clipboard.writeText(reply.line);
    } catch {
      copied = "Copy the line below";
      line.select();
    }
    status.textContent = [copied, ...about.filter((part) => part !== true)].join(", ") + ".";
  } catch (problem) {
    status.textContent = text(problem);
  }
}

const parameters = (list) => h("table", { class: "plain" },
  h("thead", {}, h("tr", {}, ["Parameter", "Given", "Wanted"].map((title) => h("th", { scope: "col" }, title)))),
  h("tbody", {}, list.map((p) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, p.name)), h("td", {}, inert(p.given)), h("td", {}, p.want)))));

function bodyOf(d) {
  if (d.body === null) return h("p", { class: "sub" }, d.command || d.verdict !== "rejected" ? "Not read: nothing here needs it." : "Not read: the request was refused before that.");
  if (d.bodyBytes === 0) return h("p", { class: "sub" }, "Empty.");
  return h("div", {},
    h("p", { class: "sub" }, number(d.bodyBytes) + " bytes" + (d.whole ? "" : ", of which the first are kept")),
    h("pre", { tabindex: "0", "aria-label": "Body" }, lines(pretty(d.body))));
}

// lines keeps line breaks and makes every other hidden character visible.
const lines = (text) => text.slice(0, 70000).split("\n").flatMap((line, i) => (i ? ["\n", inert(line)] : [inert(line)]));

// pretty indents JSON without reading its numbers, which may be greater than a script can hold.
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
