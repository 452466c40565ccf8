// Package msgext is the domain. Event and Decode describe a change of a message's extensions as
// Chat reports it. State and Snapshot combine changes and reads, in any order and any number, into
// one state. The package is pure: no I/O, no clock.
//
// Sources, read 2026-01-04: "After a group message extension is configured"
// (trtc.io/document/76007), its one-to-one sibling (76006), and the REST reads (52169, 51194).
// Versions are non-negative 64-bit integers. We store them as int64, because databases have that
// type. Version 0 is the message before its first change, so a key-value with version 0 is never
// shown. This is not documented, but the vendor's samples start at 1.
//
// It is for programs that read changes, or that keep the state of messages themselves. Its API is
// v0: it may change with any release.
package msgext
