"use strict";

// The state of one message, and the complete rule for events, which docs/consumers.md explains.
// What a Message shows depends only on the set of its events, not on their order or number.
class Message {
  constructor(kept = {}) {
    this.number = 0; // of the newest read
    this.base = []; // that read's list: { Key, Value, Seq }
    this.complete = true; // false if the list did not fit into the event: read the message
    this.line = 0; // greatest LatestSeq of any read; versions up to it are decided
    this.decided = 0; // greatest DecidedBefore of any read; changes received before are decided
    this.log = []; // rows of changes: { key, seq, deleted, value, received }; a clear has key ""
    Object.assign(this, kept);
  }

  // take handles an event of this message.
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

  // visible returns the key-values of the message, { Key, Value, Seq } each, oldest first. It
  // returns null if they are not known, because the list of the newest read did not fit into its
  // event. Then read the message, put the list into that event with CompleteFlag 1, and take it.
  visible() {
    const cleared = Math.max(0, ...this.log.filter((row) => row.key === "").map((row) => row.seq));
    if (cleared === 0 && !this.complete) return null;
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

// compare is the order of rows of one key: the greatest decides. Two rows with the same version
// differ only if one is forged.
function compare(a, b) {
  return a.seq - b.seq || a.deleted - b.deleted || compareText(a.value, b.value);
}

// compareText compares the UTF-8 bytes, as msgext's stores do. < would compare UTF-16.
function compareText(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

// outlives tells whether row b can be dropped because of row a: a decides over b, and every read
// that removes a removes b as well.
function outlives(a, b) {
  return a.key === b.key && compare(a, b) >= 0 && a.received >= b.received;
}

// integer reads a number as Chat may write it: 56, 56.0 or "56". Chat's versions are never greater
// than 2^53.
function integer(value) {
  const number = Number(value ?? NaN);
  if (!Number.isInteger(number)) throw new TypeError("not an integer");
  return number;
}

module.exports = { Message };
