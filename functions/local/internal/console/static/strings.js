// All texts of the page, in the language of the browser.

import { en } from "./en.js";
import { zh } from "./zh.js";
import { ja } from "./ja.js";

// languages holds all languages, for the test that compares them.
export const languages = { en, zh, ja };

// pick returns the first of the browser's languages that the page has. Chinese is simplified in
// every region.
function pick(wanted) {
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "en") return ["en", en];
    if (primary === "zh") return ["zh-CN", zh];
    if (primary === "ja") return ["ja", ja];
  }
  return ["en", en];
}

const [language, words] = pick(navigator.languages ?? [navigator.language]);
document.documentElement.lang = language;

export const number = (n) => (typeof n === "bigint" ? n : Number(n)).toLocaleString(language);

// t returns a text with its values filled in. Values are often text from outside, so the result
// must only become a text node.
export function t(name, values = {}) {
  let text = words[name] ?? en[name];
  if (Array.isArray(text)) text = text[String(values.n) === "1" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, key) => (key === "n" && typeof values.n !== "string" ? number(values.n) : String(values[key])));
}

// parts returns a text as a list in which the values are nodes.
export function parts(name, values) {
  const text = words[name] ?? en[name];
  return text.split(/(\{\w+\})/).filter(Boolean).map((part) => (part.startsWith("{") ? values[part.slice(1, -1)] : part));
}

export const advice = (name) =>
  (words.advice[name] ?? en.advice[name]).replaceAll("{page}", words.page);
export const sampleTexts = (name) => words.samples?.[name] ?? en.samples[name] ?? [name, ""];

// known returns the text of a name that the process sends, or the name itself.
export const known = (prefix, name) => words[prefix + name] ?? en[prefix + name] ?? name;

// translate fills in the texts of the page when it is loaded.
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  for (const element of root.querySelectorAll("[data-t-placeholder]")) element.setAttribute("placeholder", t(element.dataset.tPlaceholder));
  for (const element of root.querySelectorAll("[data-t-sample]")) element.textContent = sampleTexts(element.dataset.tSample)[0];
  for (const element of root.querySelectorAll("[data-t-detail]")) element.textContent = sampleTexts(element.dataset.tDetail)[1];
  for (const element of root.querySelectorAll("[data-t-preset]")) element.textContent = known("p_", element.dataset.tPreset);
}
