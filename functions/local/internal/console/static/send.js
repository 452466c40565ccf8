import { h } from "./dom.js";
import { post, text } from "./api.js";

const section = document.getElementById("view-send");
const result = document.getElementById("result");

export const send = { show() {}, changed() {} };

section.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-sample], [data-preset]");
  if (!button || button.getAttribute("aria-busy") === "true") return;
  const { sample, preset } = button.dataset;
  button.setAttribute("aria-busy", "true");
  try {
    if (sample) {
      const title = button.querySelector("b").textContent;
      const reply = await post("samples/" + sample);
      say(`${title}: answered with HTTP ${reply.status}`, reply.reply);
    } else {
      say(`Playing ${preset}`);
      await post("simulation", { preset });
      say(`Played ${preset}`);
    }
  } catch (problem) {
    say(text(problem));
  } finally {
    button.removeAttribute("aria-busy");
  }
});

function say(sentence, reply) {
  result.replaceChildren(h("span", {}, sentence), reply ? h("code", {}, reply) : "", h("a", { href: "#/" }, "See deliveries"));
}
