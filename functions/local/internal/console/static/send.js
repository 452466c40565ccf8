import { h, inert, number, messageLink } from "./dom.js";
import { t, parts, known } from "./strings.js";
import { get, post, text } from "./api.js";

const section = document.getElementById("view-send");
const result = document.getElementById("result");
const simulation = document.getElementById("simulation");
let timer = 0;

export const send = {
  show() {
    if (simulation) watch();
  },
  changed() {},
};

section.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-sample], [data-preset]");
  if (!button || button.getAttribute("aria-busy") === "true") return;
  const { sample, preset } = button.dataset;
  button.setAttribute("aria-busy", "true");
  try {
    if (sample) {
      const title = button.querySelector("b").textContent;
      const reply = await post("samples/" + sample);
      say(t("answeredWith", { title, status: reply.status }), reply.reply);
    } else {
      draw(await post("simulation", { preset }));
      watch();
    }
  } catch (problem) {
    say(text(problem));
  } finally {
    button.removeAttribute("aria-busy");
  }
});

function say(sentence, reply) {
  result.replaceChildren(h("span", {}, sentence), reply ? h("code", {}, reply) : "", h("a", { href: "#/" }, t("seeDeliveries")));
}

// watch shows the progress of a simulation until it is over.
async function watch() {
  clearTimeout(timer);
  try {
    const now = await get("simulation");
    draw(now);
    if (now.running && !section.hidden) timer = setTimeout(watch, 300);
  } catch (problem) {
    simulation.replaceChildren(text(problem));
  }
}

function draw(s) {
  for (const button of section.querySelectorAll("[data-preset]")) button.disabled = s.running;
  if (!s.preset) return;
  const values = { preset: known("p_", s.preset), problem: s.problem };
  for (const name of ["changes", "messages", "sent", "planned", "lost", "differ", "repaired"]) values[name] = number(s[name]);
  const sentence = s.problem && !s.running ? "playFailed" : !s.running ? "played" : s.repair ? "repairing" : "playing";
  simulation.dataset.state = s.running ? "running" : "over";
  simulation.replaceChildren(h("span", {}, t(sentence, values)),
    s.look && !s.running ? h("a", { href: messageLink(s.look) }, parts("seeMessage", { label: inert(s.label, 80) })) : "");
}
