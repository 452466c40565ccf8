// Package consumer is for a program behind a sink. It keeps the state of a message and takes in the
// events that msgext sends, so that the program shows what Chat has. It has no store and does no
// I/O: a View is encoded as JSON, and the program stores it.
//
// What a View shows depends only on the set of events it was given, not on their order, number or
// lateness. Two guarantees follow (docs/consumers.md):
//
//   - Once it has a repaired or gone event whose read began after the last change, and a minute
//     (twice MSGEXT_REPAIR_GRACE) after the last webhook was received, it shows what Chat has,
//     whatever else was lost, doubled, late or forged.
//   - Without such a read it shows what Chat has if no change above the last read was lost, and
//     a read has refuted every forgery.
//
// It is for programs that receive events. Its API is v0: it may change with any release.
package consumer
