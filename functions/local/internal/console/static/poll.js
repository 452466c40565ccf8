import { h, inert, details, number, plural } from "./dom.js";

// drawPoll counts values over keys: in a poll each key is a person and each value an option.
export function drawPoll(view, opened) {
  if (view.poll.length === 0) return h("div", { class: "empty" }, h("p", {}, "No key-values to count."));
  const most = view.poll[0].count;
  const hidden = view.choices - view.poll.length;
  return h("div", { class: "poll" },
    h("p", { class: "sub" }, `${plural(view.keys, "key")} over ${plural(view.choices, "value")}`),
    h("ol", {}, view.poll.map((choice, i) => h("li", {},
      h("div", { class: "choice" },
        h("span", { class: "value" }, choice.value === "" ? h("i", {}, "empty") : inert(choice.value, 200)),
        h("span", { class: "count" }, number(choice.count)),
        h("span", { class: "share" }, ((choice.count / view.keys) * 100).toFixed(0) + " %")),
      h("svg", { class: "meter" + (choice.count === most ? " most" : ""), viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" },
        h("rect", { class: "whole", width: 100, height: 1 }), h("rect", { class: "part", width: (choice.count / view.keys) * 100, height: 1 })),
      details("choice " + i, choice.count === 1 ? "Which key" : "Which keys", () => h("p", { class: "who" }, choice.keys.slice(0, 100).flatMap((key) => [h("span", { class: "chip" }, inert(key, 100)), " "]),
        choice.count > 100 && plural(choice.count - 100, "more key")), opened)))),
    hidden > 0 && h("p", { class: "sub" }, plural(hidden, "less common value is", "less common values are") + " not drawn"));
}
