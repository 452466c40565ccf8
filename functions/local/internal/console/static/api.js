import { t, known } from "./strings.js";

// Requests to the process. Every request for a change carries the token in this page.

const token = document.querySelector("meta[name=console-token]").content;

class Problem extends Error {}

// text returns the text of a problem for people. Any other error is a mistake of this page and is
// thrown again.
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
