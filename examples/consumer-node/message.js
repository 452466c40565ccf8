"use strict";

// What is kept of one message, and the whole rule by which events are taken in: docs/consumers.md explains it.
// What a Message shows depends on the set of its events, not on their order or number.
class Message {
  constructor(kept = {}) {
    this.number = 0; // of the newest read
    this.base = []; // that read's list: { Key, Value, Seq }
    this.complete = true; // false: that read's list did not fit, read the message
    this.line = 0; // greatest LatestSeq of any read: what is at or below it is decided
    this.decided = 0; // greatest DecidedBefore of any read: what was received before it is decided
    this.log = []; // what changes said: { key, seq, deleted, value, received }; a clear has the key ""
    Object.assign(this, kept);
  }

  // take takes in an event of this message.
  take(event) {
    const kind = event.type.slice(event.type.lastIndexOf(".") + 1);
    const data = event.data;
    const received = Number(event.received ?? 0);
    switch (kind) {
      case "repaired":
      case "gone":
        this.#read(data);
        return;
      case "cleared":
        this.#row({ key: "", seq: integer(data.Seq), deleted: false, value: "", received });
        return;
    }
    const deleted = kind === "deleted";
    for (const item of data.ExtensionList) {
      this.#row({ key: item.Key, seq: integer(item.Seq), deleted, value: deleted ? "" : (item.Value ?? ""), received });
    }
  }

  // visible returns what the message has, { Key, Value, Seq } each, oldest first.
  visible() {
    const cleared = Math.max(0, ...this.log.filter((row) => row.key === "").map((row) => row.seq));
    const newest = new Map();
    for (const row of this.log) {
      const have = newest.get(row.key);
      if (row.key !== "" && row.seq > cleared && (!have || compare(row, have) > 0)) newest.set(row.key, row);
    }
    const shown = [...newest.values()].filter((row) => !row.deleted).map(({ key, value, seq }) => ({ Key: key, Value: value, Seq: seq }));
    if (cleared === 0) shown.push(...this.base.filter((item) => !newest.has(item.Key)));
    return shown.sort((a, b) => a.Seq - b.Seq || compareText(a.Key, b.Key));
  }

  #read(data) {
    this.line = Math.max(this.line, data.LatestSeq ?? 0);
    this.decided = Math.max(this.decided, integer(data.DecidedBefore));
    if (integer(data.ReadNumber) > this.number || (data.ReadNumber === this.number && !this.complete)) {
      this.number = data.ReadNumber;
      this.base = (data.ExtensionList ?? []).map(({ Key, Value, Seq }) => ({ Key, Value, Seq }));
      this.complete = (data.CompleteFlag ?? 1) === 1;
    }
    this.log = this.log.filter((row) => !this.#isDecided(row));
  }

  #row(row) {
    if (this.#isDecided(row) || this.log.some((other) => outlives(other, row))) return;
    this.log = this.log.filter((other) => !outlives(row, other));
    this.log.push(row);
  }

  #isDecided(row) {
    return row.seq <= this.line || row.received < this.decided;
  }
}

// compare is the order in which rows of one key decide. Under one version only a forgery differs.
function compare(a, b) {
  return a.seq - b.seq || a.deleted - b.deleted || compareText(a.value, b.value);
}

// compareText compares as bytes of UTF-8, as msgext's stores do; < would compare UTF-16.
function compareText(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

// outlives tells whether row a makes row b superfluous: it decides over b, and no read refutes it that does not
// refute b.
function outlives(a, b) {
  return a.key === b.key && compare(a, b) >= 0 && a.received >= b.received;
}

// integer reads a number as Chat may write it: 56, 56.0 or "56". Versions beyond 2^53 are none of Chat's.
function integer(value) {
  const number = Number(value ?? NaN);
  if (!Number.isInteger(number)) throw new TypeError("not an integer");
  return number;
}

module.exports = { Message };
