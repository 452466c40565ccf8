#!/usr/bin/env python3
"""A consumer of msgext's events.

It shows what Chat has, even if events are lost, doubled, late or forged.

    MSGEXT_HTTP_SECRET=whsec_... python3 consumer.py

It takes events as POST and answers GET with the state of all messages, on 127.0.0.1:8090. It needs
Python 3.9 and nothing else. Copy this file; the parts that you will change are at its end. Message
is the complete rule, which docs/consumers.md explains.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BODY_BYTES = 2 << 20
TOLERANCE_SECONDS = 5 * 60  # between a request's time and ours


class Message:
    """The state of one message. Its fields can be written as JSON."""

    def __init__(self, kept=None):
        self.number = 0  # of the newest read
        self.base = []  # that read's list: [key, value, seq]
        self.complete = True  # False if the list did not fit into the event: read the message
        self.line = 0  # greatest LatestSeq of any read; versions up to it are decided
        self.decided = 0  # greatest DecidedBefore of any read; changes received before are decided
        self.log = []  # rows of changes: [key, seq, deleted, value, received]; a clear has key ""
        self.__dict__.update(kept or {})

    def take(self, event):
        """Handles an event of this message. Order and repetition do not matter."""
        kind, data = event["type"].rsplit(".", 1)[1], event["data"]
        if kind in ("repaired", "gone"):
            self._read(data)
        elif kind == "cleared":
            self._row("", int(data["Seq"]), False, "", int(event.get("received", 0)))
        else:
            for item in data["ExtensionList"]:
                deleted = kind == "deleted"
                value = "" if deleted else item.get("Value") or ""
                self._row(item["Key"], int(item["Seq"]), deleted, value, int(event.get("received", 0)))

    def visible(self):
        """Returns the key-values of the message: [key, value, seq] each, oldest first.

        Returns None if they are not known, because the list of the newest read did not fit into its
        event. Then read the message, put the list into that event with CompleteFlag 1, and take it.
        """
        cleared = max((seq for key, seq, *_ in self.log if key == ""), default=0)
        if cleared == 0 and not self.complete:
            return None
        newest = {}
        for row in self.log:
            key, seq = row[0], row[1]
            if key != "" and seq > cleared and (key not in newest or row[1:4] > newest[key][1:4]):
                newest[key] = row
        shown = [[key, row[3], row[1]] for key, row in newest.items() if not row[2]]
        if cleared == 0:
            shown += [item for item in self.base if item[0] not in newest]
        return sorted(shown, key=lambda item: (item[2], item[0]))

    def _read(self, data):
        self.line = max(self.line, data.get("LatestSeq", 0))
        self.decided = max(self.decided, data["DecidedBefore"])
        if data["ReadNumber"] > self.number or (data["ReadNumber"] == self.number and not self.complete):
            self.number = data["ReadNumber"]
            self.base = [[item["Key"], item["Value"], item["Seq"]] for item in data.get("ExtensionList", [])]
            self.complete = data.get("CompleteFlag", 1) == 1
        self.log = [row for row in self.log if not self._is_decided(row)]

    def _row(self, *row):
        row = list(row)
        if self._is_decided(row) or any(_outlives(other, row) for other in self.log):
            return
        self.log = [other for other in self.log if not _outlives(row, other)] + [row]

    def _is_decided(self, row):
        return row[1] <= self.line or row[4] < self.decided


def _outlives(a, b):
    """Whether row b can be dropped because of row a.

    Row a decides over b, and every read that removes a removes b as well.
    """
    return a[0] == b[0] and a[1:4] >= b[1:4] and a[4] >= b[4]


def verify(keys, headers, body):
    """Whether a request is signed with one of the keys, and fresh (standardwebhooks.com)."""
    name, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent.isascii() or not sent.isdigit() or abs(time.time() - int(sent)) > TOLERANCE_SECONDS:
        return False
    signed = f"{name}.{sent}.".encode() + body
    valid = False
    for key in keys:
        want = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        for given in headers.get("webhook-signature", "").encode().split():
            valid |= hmac.compare_digest(want, given)
    return valid


class Store:
    """Keeps messages in SQLite; replace it by your own database.

    An event is durable when take returns.
    """

    def __init__(self, path):
        self.lock = threading.Lock()  # only one thread at a time loads, changes and saves a message
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, kept TEXT NOT NULL) WITHOUT ROWID")

    def take(self, event):
        key = event["partitionkey"]
        with self.lock, self.db:
            found = self.db.execute("SELECT kept FROM messages WHERE id = ?", (key,)).fetchone()
            message = Message(json.loads(found[0]) if found else None)
            message.take(event)
            self.db.execute("REPLACE INTO messages VALUES (?, ?)", (key, json.dumps(message.__dict__)))

    def all(self):
        with self.lock:
            rows = self.db.execute("SELECT id, kept FROM messages ORDER BY id").fetchall()
        return {key: Message(json.loads(kept)).visible() for key, kept in rows}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # status and body in one packet

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            return self.answer(413, {})
        body = self.rfile.read(int(length))
        if not verify(self.server.keys, self.headers, body):
            return self.answer(401, {})
        try:
            event = json.loads(body)
            if ".msgextension." in event["type"]:  # else another command that is forwarded
                self.server.store.take(event)
        except (ValueError, TypeError, LookupError, AttributeError):
            return self.answer(400, {})  # no event of msgext, and no better when it is sent again
        self.answer(200, {})  # only now: msgext sends again what is not answered with 2xx

    def do_GET(self):
        self.answer(200, {id: named(items) for id, items in self.server.store.all().items()})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass  # a request's path and body may be personal data


def named(items):
    """Returns key-values as JSON objects, None if they are not known."""
    return None if items is None else [dict(zip(("Key", "Value", "Seq"), item)) for item in items]


def main():
    secrets = os.environ.get("MSGEXT_HTTP_SECRET", "").split()
    if not secrets:
        raise SystemExit("MSGEXT_HTTP_SECRET is missing: the secret that msgext signs with, whsec_...")
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8090"))), Handler)
    server.keys = [base64.b64decode(secret.removeprefix("whsec_"), validate=True) for secret in secrets]
    server.store = Store(os.environ.get("STATE_FILE", "state.db"))
    print(f"consumer: http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
