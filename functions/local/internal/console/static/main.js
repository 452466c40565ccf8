import { connect, feed, onChange } from "./feed.js";
import { plural } from "./dom.js";
import { deliveries } from "./deliveries.js";
import { messages } from "./messages.js";
import { message } from "./message.js";
import { send } from "./send.js";

const views = { deliveries, messages, message, send };
const content = document.getElementById("content");
let current = null;

// route reads #/, #/delivery/ID, #/messages, #/message/PATH[/poll|/deliveries], #/send.
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
  views[view].show(safeDecode(argument), tab);
  if (moved) {
    scrollTo(0, 0);
    content.focus({ preventScroll: true });
  }
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
const words = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting" };

// What arrives is announced in one sentence, and seldom, or a screen reader would not stop.
const announce = document.getElementById("announce");
let unheard = 0;
setInterval(() => {
  if (unheard > 0) announce.textContent = plural(unheard, "new delivery", "new deliveries");
  unheard = 0;
}, 5000);

onChange((fresh) => {
  live.dataset.state = feed.state;
  if (liveText.textContent !== words[feed.state]) liveText.textContent = words[feed.state];
  unheard += fresh.length;
  for (const view of Object.values(views)) view.changed(fresh);
});

addEventListener("hashchange", route);
route();
connect();
