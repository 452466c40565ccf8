"use strict";

// A consumer of msgext's events. It shows what Chat has, even if events are lost, doubled, late or
// forged.
//
//   npm install && MSGEXT_HTTP_SECRET=whsec_... node consumer.js
//
// It takes events as POST and answers GET with the state of all messages, on 127.0.0.1:8090. The
// rule is in message.js. The parts that you will replace are here: the server and the database.

const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { Webhook } = require("standardwebhooks");
const { Message } = require("./message");

const MAX_BODY_BYTES = 2 << 20;

// Store keeps each message in its own file. When take returns the event is durable. take never
// waits, so no two events of a message are taken at once.
class Store {
  constructor(folder) {
    this.folder = folder;
    fs.mkdirSync(folder, { recursive: true });
  }

  take(event) {
    const name = crypto.createHash("sha256").update(event.partitionkey).digest("hex") + ".json";
    const message = new Message(this.#load(name)?.message);
    message.take(event);
    const file = path.join(this.folder, name);
    const handle = fs.openSync(file + ".new", "w");
    fs.writeSync(handle, JSON.stringify({ id: event.partitionkey, message }));
    fs.fsyncSync(handle);
    fs.closeSync(handle);
    fs.renameSync(file + ".new", file); // after a crash the file has the old state or the new one
    const directory = fs.openSync(this.folder, "r");
    fs.fsyncSync(directory);
    fs.closeSync(directory);
  }

  all() {
    const shown = {};
    for (const name of fs.readdirSync(this.folder).filter((name) => name.endsWith(".json"))) {
      const { id, message } = this.#load(name);
      shown[id] = new Message(message).visible();
    }
    return shown;
  }

  #load(name) {
    try {
      return JSON.parse(fs.readFileSync(path.join(this.folder, name), "utf8"));
    } catch (error) {
      if (error.code === "ENOENT") return undefined;
      throw error;
    }
  }
}

// verified returns the event in the body of a POST, or null if it is not signed with one of the
// secrets.
function verified(webhooks, headers, body) {
  for (const webhook of webhooks) {
    try {
      return webhook.verify(body, headers);
    } catch (error) {
      if (error instanceof SyntaxError) throw error; // signed, but not JSON
    }
  }
  return null;
}

// accept handles the body of a POST and returns the status of the answer.
function accept(webhooks, store, headers, body) {
  try {
    const event = verified(webhooks, headers, body);
    if (event === null) return 401;
    if (event.type.includes(".msgextension.")) store.take(event); // else another command
    return 200; // only now, because msgext sends again unless the answer is 2xx
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return 400; // not an event
    throw error;
  }
}

function serve(webhooks, store) {
  const answer = (response, status, content) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(content));
  };
  return http.createServer((request, response) => {
    if (request.method === "GET") return answer(response, 200, store.all());
    const parts = [];
    let size = 0;
    request.on("data", (part) => {
      size += part.length;
      if (size <= MAX_BODY_BYTES) parts.push(part);
    });
    request.on("end", () => {
      if (size > MAX_BODY_BYTES) return answer(response, 413, {});
      try {
        answer(response, accept(webhooks, store, request.headers, Buffer.concat(parts).toString("utf8")), {});
      } catch (error) {
        console.error("consumer: not kept:", error.code ?? error.name);
        answer(response, 503, {});
      }
    });
  });
}

const secrets = (process.env.MSGEXT_HTTP_SECRET ?? "").split(/\s+/).filter(Boolean);
if (secrets.length === 0) {
  console.error("MSGEXT_HTTP_SECRET is missing: the secret that msgext signs with, whsec_...");
  process.exit(1);
}
const server = serve(
  secrets.map((secret) => new Webhook(secret)),
  new Store(process.env.STATE_FOLDER ?? "state"),
);
server.listen(Number(process.env.PORT ?? 8090), "127.0.0.1", () => {
  console.log(`consumer: http://127.0.0.1:${server.address().port}`);
});
