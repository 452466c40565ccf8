// What the process pushes: the newest entries, bounded like its own ring, and the counters.
//
// A browser has six connections to one address, whatever the number of its tabs. So one tab follows the process, the one that
// holds a lock, and tells the others over a channel; when it closes, the next one gets the lock.

const capacity = 1000;
const deaf = 12000; // ms without a word, of which there is one every 5 s
const lock = "msgext-stream";

export const feed = {
  entries: [], // newest first
  counters: { received: 0, verdicts: {}, reasons: {} },
  state: "connecting",
  heard: 0, // when the process last said something, as Date.now()
};

let run = ""; // of the process whose entries these are
const listeners = new Set();
const channel = new BroadcastChannel(lock);

// onChange calls listener with the entries that are new, newest first, whenever something changed.
export function onChange(listener) {
  listeners.add(listener);
}

const tell = (fresh) => listeners.forEach((listener) => listener(fresh));

export function connect() {
  channel.onmessage = ({ data }) => take(data);
  catchUp();
  navigator.locks.request(lock, () => new Promise(follow)); // never resolved: the lock is held until the tab closes
  setInterval(() => {
    if (feed.state === "live" && Date.now() - feed.heard > deaf) setState("reconnecting");
  }, 1000);
}

// follow is the one tab's part.
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

// merge takes in a push, unless something between what is known and what it says was missed.
function merge(push) {
  const newest = feed.entries[0]?.id ?? 0;
  if (push.reset || push.run !== run) {
    if (!push.reset && push.after > 0) return catchUp();
    // What is known already keeps its row, and so the focus in it.
    const known = new Map(push.run === run ? feed.entries.map((entry) => [entry.id, entry]) : []);
    run = push.run;
    feed.entries = push.entries.slice(0, capacity).map((entry) => known.get(entry.id) ?? entry);
    feed.counters = push.counters;
    return tell(push.entries);
  }
  if (push.after > newest) return catchUp();
  const fresh = push.entries.filter((entry) => entry.id > newest);
  feed.entries = [...fresh, ...feed.entries].slice(0, capacity);
  feed.counters = push.counters;
  tell(fresh);
}

// catchUp asks for all that is kept: what a tab does that has come late, or missed something.
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
