import { connect, feed, onChange } from "./feed.js";
import { t, parts, translate } from "./strings.js";
import { h, clockText } from "./dom.js";
import { deliveries } from "./deliveries.js";
import { messages } from "./messages.js";
import { message } from "./message.js";
import { send } from "./send.js";

const views = { deliveries, messages, message, send };
const content = document.getElementById("content");
const { app, url, repairs, zone } = document.body.dataset;
let current = null;

translate(document);
document.getElementById("deliveries-sub").replaceChildren(...parts("deliveriesSub", { app: h("code", {}, app), url: h("code", {}, url) }));
const repair = document.getElementById("repair");
repair.textContent = t(repairs === "true" ? "repairOn" : "repairOff");
repair.title = t(repairs === "true" ? "repairOnHint" : "repairOffHint");
repair.classList.toggle("off", repairs !== "true");
const zoneNote = document.getElementById("zone");
zoneNote.textContent = t("zone", { zone });
zoneNote.title = t("zoneHint");

// route reads #/, #/delivery/ID, #/messages, #/message/PATH[/deliveries|/details], #/send.
function route() {
  const [, name = "", argument = "", tab = ""] = location.hash.split("/");
  const view = { delivery: "deliveries", messages: "messages", message: "message", send: "send" }[name] ?? "deliveries";
  for (const other of Object.keys(views)) document.getElementById("view-" + other).hidden = other !== view;
  for (const link of document.querySelectorAll("[data-nav]")) {
    const active = link.dataset.nav === view || (link.dataset.nav === "messages" && view === "message");
    if (active) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const moved = current !== null && current !== view;
  current = view;
  const decoded = safeDecode(argument);
  document.title = `${title(view, decoded)} · ${t("product")}`;
  views[view].show(decoded, tab);
  if (moved) {
    scrollTo(0, 0);
    content.focus({ preventScroll: true });
  }
}

function title(view, argument) {
  switch (view) {
    case "messages": return t("titleMessages");
    case "send": return t("titleSend");
    case "message": return argument.split("/").slice(1).map(safeDecode).join(" / ").slice(0, 80);
  }
  return Number(argument) ? t("titleDelivery", { n: Number(argument) }) : t("titleDeliveries");
}

function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  content.focus();
});

const live = document.getElementById("live");
const liveText = document.getElementById("live-text");
const banner = document.getElementById("banner");

// New deliveries are announced in one sentence every 5 s. More often, a screen reader would talk
// all the time.
const announce = document.getElementById("announce");
let unheard = 0;
setInterval(() => {
  if (unheard > 0) announce.textContent = t("newDeliveries", { n: unheard });
  unheard = 0;
}, 5000);

function drawState() {
  live.dataset.state = feed.state;
  const word = t(feed.state);
  if (liveText.textContent !== word) liveText.textContent = word;
  const stopped = feed.state === "reconnecting";
  banner.hidden = !stopped;
  const text = stopped ? t("stopped", { at: feed.heard ? clockText(feed.heard) : "–" }) : "";
  if (banner.textContent !== text) banner.textContent = text;
}

onChange((fresh) => {
  drawState();
  unheard += fresh.length;
  for (const view of Object.values(views)) view.changed(fresh);
});

drawState();
addEventListener("hashchange", route);
route();
connect();
