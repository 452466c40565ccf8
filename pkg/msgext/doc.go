// Package msgext is the domain: a change of a message's extensions as Chat reports it
// (Event, Decode), and the algebra by which changes and reads, in any order and any
// number, become one state (State, Snapshot). It is pure: no I/O, no clock.
//
// Sources, read 2026-01-04: "After a group message extension is configured"
// (trtc.io/document/76007), its one-to-one sibling (76006), and the REST reads
// (52169, 51194). Versions are non-negative 64-bit integers; we take them as int64,
// because that is what the databases hold. Version 0 is the message before its first change
// (not documented; the vendor's samples start at 1), so what carries it shows nowhere.
//
// It is for programs that read changes, or keep the state of messages, by themselves. Its API
// is v0: it may change with any release.
package msgext
