// Package consumer is what a program behind a sink keeps of a message, and how it takes in the
// events that msgext sends, so that it shows what Chat has. It has no store and does no I/O: a View
// is encoded as JSON and kept wherever the program keeps things.
//
// What a View shows is a function of the set of events it was given, whatever their order, number
// and lateness. Two things follow (docs/consumers.md):
//
//   - Once it has a repaired or gone event whose read began after the last change, and a minute
//     (twice MSGEXT_REPAIR_GRACE) after the last webhook was received, it shows what Chat has,
//     whatever else was lost, doubled, late or forged.
//   - Without such a read it shows what Chat has if no change above the last read was lost, and
//     a read has refuted every forgery.
//
// It is for programs that receive events. Its API is v0: it may change with any release.
package consumer
