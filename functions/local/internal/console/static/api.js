import { t, known } from "./strings.js";

// Asking the process. Every change carries the token that stands in this page.

const token = document.querySelector("meta[name=console-token]").content;

class Problem extends Error {}

// text returns what a person is told of a problem; a mistake of this page's own goes on.
export function text(error) {
  if (!(error instanceof Problem)) throw error;
  return error.message;
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch("/console/" + path, options);
  } catch {
    throw new Problem(t("noAnswer"));
  }
  const reply = await response.json();
  if (!response.ok) throw new Problem((reply.problem && known("problem_", reply.problem)) ?? reply.ErrorInfo ?? t("status", { status: response.status }));
  return reply;
}

export const get = (path) => ask(path, { headers: { Accept: "application/json" } });

export const post = (path, body = {}) => ask(path, {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Console-Token": token },
  body: JSON.stringify(body),
});
