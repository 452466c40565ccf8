import { h, clockText, number, versionSpan } from "./dom.js";
import { t, known } from "./strings.js";

const standings = ["arrived", "late", "unsettled", "repaired", "settled", "missing", "dropped"];
const named = (standing) => known("s_", standing);

const lane = 104; // height of the part that shows when versions arrived
const strip = 26;
const left = 66;
const top = 14;

const folded = (slot) => slot.from !== slot.to;
// With all digits, because the last digits of two long versions may be the same.
const label = (slot) => (folded(slot) ? `${slot.from}–${slot.to}` : slot.from);
const width = (slot) => Math.max(28, label(slot).length * 7 + 12);
const widest = 64;

// drawTimeline draws versions from left to right. Below is what became of each. Above is when it
// arrived; later arrivals are higher up. A read is a line across everything that it settled.
export function drawTimeline(timeline, room) {
  if (timeline.slots.length === 0) return h("p", { class: "sub" }, t("noVersion"));
  const narrow = Math.min(widest, (room - left - 12) / timeline.slots.length);
  let x = left;
  const places = timeline.slots.map((slot) => {
    const across = Math.max(narrow, width(slot));
    const place = { slot, x, width: across, middle: x + across / 2 };
    x += across;
    return place;
  });
  const bottom = top + lane;
  const orders = arrivalOrders(timeline);
  const y = (order) => bottom - 12 - (orders.indexOf(order) * (lane - 24)) / Math.max(1, orders.length - 1);
  const dots = places.flatMap((p) => p.slot.arrivals.map((a) => ({ ...a, x: p.middle, y: y(a.order), slot: p.slot })));
  const picture = h("svg", { class: "timeline", width: x + 12, height: bottom + strip + 26, role: "img", "aria-label": summary(timeline) },
    h("line", { class: "axis", x1: left, y1: bottom, x2: x, y2: bottom }),
    times(timeline, dots, orders).map(([order, at]) => h("text", { class: "tick", x: left - 10, y: y(order) + 4, "text-anchor": "end" }, clockText(at))),
    timeline.reads.filter((read) => orders.includes(read.order)).map((read) => h("g", { class: "read" },
      h("title", {}, t("readAt", { at: clockText(read.at) })),
      h("line", { x1: left, y1: y(read.order), x2: x, y2: y(read.order) }))),
    h("polyline", { class: "path", points: [...dots].sort((a, b) => a.order - b.order).map((d) => `${d.x},${d.y}`).join(" ") }),
    places.filter((p) => p.slot.filled && orders.includes(p.slot.filled.order)).map((p) => h("path", { class: "filled", d: diamond(p.middle, y(p.slot.filled.order), 5) })),
    dots.map((d) => h("circle", { class: "dot " + d.fate + (d.slot.standing === "late" ? " late" : ""), cx: d.x, cy: d.y, r: 4.5 },
      h("title", {}, t("at", { what: `v${d.slot.from}, ${known("", d.operation)}, ${known("", d.fate)}`, at: clockText(d.at) })))),
    places.map((p) => h("g", { class: "slot " + p.slot.standing },
      h("title", {}, `${about(p.slot)}`),
      h("rect", { x: p.x + 2, y: bottom + 6, width: p.width - 4, height: strip - 4, rx: 5 }),
      symbol(p, bottom + 6 + (strip - 4) / 2),
      h("text", { x: p.middle, y: bottom + strip + 18, "text-anchor": "middle" }, label(p.slot)))));
  return h("div", {},
    h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": t("timelineScroll") }, picture),
    legend(timeline));
}

// arrivalOrders returns the ranks that are drawn, oldest first.
function arrivalOrders(timeline) {
  const orders = new Set(timeline.slots.flatMap((slot) => slot.arrivals.map((a) => a.order)));
  const first = Math.min(...orders);
  for (const read of timeline.reads) if (orders.size === 0 || read.order > first) orders.add(read.order);
  return [...orders].sort((a, b) => a - b);
}

// times labels the first and the last arrival, and the reads where there is room.
function times(timeline, dots, orders) {
  const at = new Map([...dots, ...timeline.reads].map((a) => [a.order, a.at]));
  const room = (lane - 24) / Math.max(1, orders.length - 1);
  const labelled = [];
  for (const order of [orders[0], orders[orders.length - 1], ...timeline.reads.map((read) => read.order)]) {
    const free = labelled.every(([other]) => Math.abs(orders.indexOf(order) - orders.indexOf(other)) * room >= 14);
    if (at.has(order) && orders.includes(order) && free) labelled.push([order, at.get(order)]);
  }
  return labelled;
}

const diamond = (x, y, r) => `M${x} ${y - r} ${x + r} ${y} ${x} ${y + r} ${x - r} ${y}Z`;

function symbol(p, y) {
  switch (p.slot.standing) {
    case "missing": return h("text", { class: "sign", x: p.middle, y: y + 4, "text-anchor": "middle" }, "?");
    case "unsettled": return h("text", { class: "sign", x: p.middle, y: y + 4, "text-anchor": "middle" }, "!");
    case "dropped": return h("path", { class: "sign line", d: `M${p.middle - 3} ${y - 3}l6 6m0-6-6 6` });
    case "repaired": return h("path", { class: "sign", d: diamond(p.middle, y, 4) });
    case "late": return h("path", { class: "sign line", d: `M${p.middle + 4} ${y}h-8m3-3-3 3 3 3` });
    case "settled": return h("circle", { class: "sign", cx: p.middle, cy: y, r: 2 });
  }
  return h("path", { class: "sign line", d: `M${p.middle - 4} ${y}l3 3 5-6` });
}

function legend(timeline) {
  const present = standings.filter((name) => timeline.slots.some((slot) => slot.standing === name));
  return h("ul", { class: "legend" },
    present.map((name) => h("li", {}, h("svg", { width: 16, height: 14, "aria-hidden": "true", class: "timeline" },
      h("g", { class: "slot " + name }, h("rect", { x: 1, y: 1, width: 14, height: 12, rx: 4 }))), named(name))),
    timeline.earlier && h("li", {}, t("olderLeftOut")));
}

const about = (slot) => {
  const what = `${versionSpan(slot)}: ${named(slot.standing)}`;
  return slot.filled ? t("at", { what, at: clockText(slot.filled.at) }) : what;
};

function summary(timeline) {
  const counts = {};
  for (const slot of timeline.slots) counts[slot.standing] = (counts[slot.standing] ?? 0n) + BigInt(slot.to) - BigInt(slot.from) + 1n;
  return t("versionsSummary", { list: Object.entries(counts).map(([name, n]) => `${number(n)} ${named(name)}`).join(", ") });
}

// listVersions shows the same as a table, newest first.
export function listVersions(timeline) {
  return h("table", { class: "plain", "aria-label": t("versionsTable") },
    h("thead", {}, h("tr", {}, ["versionColumn", "became", "when"].map((title) => h("th", { scope: "col" }, t(title))))),
    h("tbody", {}, timeline.slots.toReversed().map((slot) => h("tr", {},
      h("th", { scope: "row" }, versionSpan(slot)),
      h("td", {}, named(slot.standing)),
      h("td", {}, [...slot.arrivals.map((a) => `${clockText(a.at)} ${known("", a.operation)}, ${known("", a.fate)}`), ...(slot.filled ? [clockText(slot.filled.at) + " " + named("repaired")] : [])].join("; ") || "–")))));
}
