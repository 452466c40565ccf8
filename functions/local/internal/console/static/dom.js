import { t, parts, number, known } from "./strings.js";

// Functions that make elements. Text from outside only becomes text nodes, so that markup in it has
// no effect.

const svgNames = new Set(["svg", "g", "rect", "circle", "line", "path", "text", "title", "polyline"]);

export function h(name, attributes = {}, ...children) {
  const element = svgNames.has(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Invisible characters, and characters that change the direction of the text around them. Each is
// shown by its number.
const invisible = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

// inert returns text from outside as a node with its own text direction. No character in it is
// hidden.
export function inert(text, limit = 4096) {
  const node = h("bdi");
  const shown = text.length > limit ? text.slice(0, limit) : text;
  let run = "";
  for (const character of shown) {
    if (!invisible.test(character)) {
      run += character;
      continue;
    }
    node.append(run, h("span", { class: "mark" }, "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")));
    run = "";
  }
  node.append(run);
  if (shown.length < text.length) node.append(h("span", { class: "mark" }, t("moreText", { n: text.length - shown.length })));
  return node;
}

const shapes = {
  accepted: ["path", { d: "M2.5 6.5 5 9l4.5-6" }],
  rejected: ["path", { d: "M3 3l6 6M9 3 3 9" }],
  deferred: ["path", { d: "M6 2.2v4.6M6 9.6v.2" }],
  unanswered: ["path", { d: "M6 2.2v4.6M6 9.6v.2" }],
  repaired: ["path", { d: "M6 1.8 10.2 6 6 10.2 1.8 6Z" }],
};

export function fate(name) {
  const [shape, attributes] = shapes[name] ?? shapes.deferred;
  return h("span", { class: "fate " + (shapes[name] && name !== "unanswered" ? name : "deferred") },
    h("svg", { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, h(shape, attributes)), known("", name));
}

// Times are in the time zone of the process, so that they match its log.
const timeZone = supported(document.body.dataset.zone);
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false, timeZone });
const full = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "long", timeZone });

// supported returns the offset if the browser accepts it as a time zone. An older browser shows its
// own time zone.
function supported(offset) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: offset });
    return offset;
  } catch {
    return undefined;
  }
}

// change describes what a delivery did to its message.
export function change(entry, room = 60) {
  if (!entry.operation) return [h("span", { class: "none" }, entry.method)];
  const about = [h("span", { class: "op " + entry.operation }, known("", entry.operation)), " ", h("span", { class: "version" }, "v" + entry.version)];
  if (entry.latest !== entry.version) about.push(h("span", { class: "none" }, " " + t("ofLatest", { latest: entry.latest })));
  about.push(h("span", { class: "changed" }, changed(entry, room)));
  return about;
}

// changed lists the first key-values of a change.
function changed(entry, room) {
  if (entry.operation === "clear") return t("allRemoved");
  if (entry.operation === "read") return t("keys", { n: entry.keys });
  const shown = entry.changes ?? [];
  const list = shown.flatMap(({ key, value }, i) => [
    i ? ", " : "", ...(entry.operation === "delete" ? parts("removed", { key: inert(key, room) }) : [inert(key, room), " → ", value === "" ? h("i", {}, t("empty")) : inert(value, room)])]);
  if (entry.keys > shown.length) list.push(" ", t("more", { n: entry.keys - shown.length }));
  return list;
}

// changedText is the same as text, for screen readers.
export function changedText(entry) {
  if (!entry.operation) return "";
  const first = entry.changes?.[0];
  const about = `${known("", entry.operation)} ${t("version")} ${entry.version}`;
  if (!first || entry.operation === "read" || entry.operation === "clear") return about;
  return about + ", " + (entry.operation === "delete" ? t("removed", { key: first.key }) : `${first.key} → ${first.value}`);
}

// details is a part that can be opened. It is open if opened has its name.
export function details(name, title, content, opened) {
  return h("details", { "data-name": name, open: opened.has(name) }, h("summary", {}, title), content());
}

export function time(at) {
  const date = new Date(at);
  return h("time", { datetime: at, title: full.format(date) }, clock.format(date));
}

export const clockText = (at) => clock.format(new Date(at)).slice(0, 8);

export function duration(ms) {
  if (ms >= 1000) return (ms / 1000).toFixed(2) + " s";
  if (ms < 0.01) return "< 0.01 ms";
  return ms.toFixed(ms < 10 ? 2 : 0) + " ms";
}

export { number };

// sync makes the wanted nodes the children of parent. Nodes that stay are not moved, so that focus
// and selection survive.
export function sync(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((node, i) => {
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null);
  });
}

export const messageLink = (path, tab = "") => "#/message/" + encodeURIComponent(path) + (tab ? "/" + tab : "");

// backendSaid describes the answer of the app's own backend.
export const backendSaid = ({ status }) => (status ? t("backend", { status }) : t("backendNone"));

// versionSpan names a version or a range of versions.
export const versionSpan = (s) => (s.from === s.to ? "v" + s.from : t("versionRange", s));

// copy copies text to the clipboard, and returns whether that worked.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
