import { h, inert, number } from "./dom.js";
import { t } from "./strings.js";

// drawPoll shows who leads, with one line for each option. A line opens to show the voters.
export function drawPoll(poll, opened) {
  const most = poll.choices[0].count;
  const hidden = poll.total - poll.choices.length;
  const about = poll.plugin ? t("pluginSub", { voters: t("people", { n: poll.voters }) }) : t("pollSub", { voters: t("voters", { n: poll.voters }), values: t("values", { n: poll.total }) });
  return h("div", { class: "poll" },
    h("p", { class: "sub" }, about, poll.closed && h("span", { class: "badge" }, t("closed"))),
    h("ol", {}, poll.choices.map((choice) => h("li", {}, option(poll, choice, most, opened)))),
    hidden > 0 && h("p", { class: "sub" }, t("notDrawn", { n: hidden })));
}

function option(poll, choice, most, opened) {
  const part = poll.voters > 0 ? choice.count / poll.voters : 0;
  const name = optionName(poll, choice.value);
  const key = "choice " + choice.value;
  return h("details", { "data-name": key, open: opened.has(key) },
    h("summary", { class: "choice", "aria-label": t("who", { value: typeof name === "string" ? name : choice.value || t("empty"), n: choice.count, all: number(poll.voters), share: share(part) }) },
      h("span", { class: "value" }, name),
      h("svg", { class: "meter" + (choice.count === most ? " most" : ""), viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" },
        h("rect", { class: "whole", width: 100, height: 1 }), h("rect", { class: "part", width: Math.min(1, part) * 100, height: 1 })),
      h("span", { class: "count" }, number(choice.count)),
      h("span", { class: "share" }, share(part))),
    h("p", { class: "who" }, choice.who.flatMap((key) => [h("span", { class: "chip" }, inert(key, 100)), " "]),
      choice.count > choice.who.length && t("moreKeys", { n: choice.count - choice.who.length })));
}

// The plugin numbers options from 0, but people count from 1.
export function optionName(poll, value) {
  if (poll.plugin) return t("option", { n: Number(value) + 1 });
  return value === "" ? h("i", {}, t("empty")) : inert(value, 200);
}

// share does not round to 0 or to 100 percent.
function share(part) {
  const percent = part * 100;
  if (percent > 0 && percent < 1) return t("under");
  if (percent > 99 && percent < 100) return t("over");
  return percent.toFixed(0) + " %";
}
