// What the process pushes: the newest entries, bounded like its own ring, and the counters.

const capacity = 1000;

export const feed = {
  entries: [], // newest first
  counters: { received: 0, verdicts: {}, reasons: {} },
  state: "connecting",
};

const listeners = new Set();

// onChange calls listener with the entries that are new, newest first, whenever something changed.
export function onChange(listener) {
  listeners.add(listener);
}

const tell = (fresh) => listeners.forEach((listener) => listener(fresh));

export function connect() {
  const source = new EventSource("/console/stream");
  source.onopen = () => {
    feed.state = "live";
    tell([]);
  };
  source.onerror = () => {
    feed.state = "reconnecting";
    tell([]);
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
  source.onmessage = (event) => {
    const push = JSON.parse(event.data);
    const before = push.reset ? [] : feed.entries;
    feed.entries = [...push.entries, ...before].slice(0, capacity);
    feed.counters = push.counters;
    tell(push.entries);
  };
}
