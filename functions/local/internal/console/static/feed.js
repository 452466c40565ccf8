// The entries and counters that the process pushes. As many of the newest entries are kept as in
// the process.
//
// A browser opens at most six connections to one address, for all of its tabs together. So only one
// tab, which holds a lock, follows the process. It passes what it gets to the other tabs over a
// channel. When it closes, another tab gets the lock.

const capacity = 1000;
const deaf = 12000; // ms without an event; the process sends one every 5 s
const lock = "msgext-stream";

export const feed = {
  entries: [], // newest first
  counters: { received: 0, fates: {}, reasons: {} },
  state: "connecting",
  heard: 0, // when the last event came, as Date.now()
};

let run = ""; // the run of the process that the entries belong to
const listeners = new Set();
const channel = new BroadcastChannel(lock);

// onChange calls listener after every change with the new entries, newest first.
export function onChange(listener) {
  listeners.add(listener);
}

const tell = (fresh) => listeners.forEach((listener) => listener(fresh));

export function connect() {
  channel.onmessage = ({ data }) => take(data);
  catchUp();
  // The promise never resolves, so that the tab holds the lock until it closes.
  navigator.locks.request(lock, () => new Promise(follow));
  setInterval(() => {
    if (feed.state === "live" && Date.now() - feed.heard > deaf) setState("reconnecting");
  }, 1000);
}

// follow receives the stream. Only the tab with the lock calls it.
function follow() {
  const source = new EventSource("/console/stream");
  const share = (word) => {
    channel.postMessage(word);
    take(word);
  };
  source.onopen = () => share({ state: "live" });
  source.addEventListener("beat", () => share({ state: "live" }));
  source.onmessage = (event) => share({ state: "live", push: JSON.parse(event.data) });
  source.onerror = () => {
    share({ state: "reconnecting" });
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  };
}

function take({ state, push }) {
  if (state === "live") feed.heard = Date.now();
  if (push) merge(push);
  setState(state);
}

function setState(state) {
  if (feed.state === state) return;
  feed.state = state;
  tell([]);
}

// merge adds a push to the entries. If entries between the known ones and the push are missing, it
// asks for all.
function merge(push) {
  const newest = feed.entries[0]?.id ?? 0;
  if (push.reset || push.run !== run) {
    if (!push.reset && push.after > 0) return catchUp();
    // Known entries stay the same objects, so that their rows and the focus stay. Entries that were
    // pushed after this answer was made stay, too.
    const same = push.run === run;
    const known = new Map(same ? feed.entries.map((entry) => [entry.id, entry]) : []);
    const newer = same ? feed.entries.filter((entry) => entry.id > (push.entries[0]?.id ?? 0)) : [];
    const fresh = push.entries.filter((entry) => !known.has(entry.id));
    const entries = push.entries.map((entry) => known.get(entry.id) ?? entry);
    if (!same || newer.length === 0) feed.counters = push.counters;
    run = push.run;
    feed.entries = [...newer, ...entries].slice(0, capacity);
    return tell(fresh);
  }
  if (push.after > newest) return catchUp();
  const fresh = push.entries.filter((entry) => entry.id > newest);
  feed.entries = [...fresh, ...feed.entries].slice(0, capacity);
  feed.counters = push.counters;
  tell(fresh);
}

// catchUp asks for all kept entries. A tab does that when it opens, and when it has missed some.
async function catchUp() {
  try {
    const response = await fetch("/console/deliveries");
    const push = await response.json();
    feed.heard = Date.now();
    merge({ ...push, reset: true });
    setState("live");
  } catch {
    setState("reconnecting");
  }
}
