// Package chatsim simulates Chat. It keeps the truth of messages' extensions with proper versions,
// and serves the REST API over it. It simulates users who vote, sign up and work off tasks. It
// sends the signed webhooks that Chat would send, with the faults that a plan asks for. All random
// choices depend on a seed, so the same seed gives the same history, the same faults and the same
// bytes.
//
// The receiver and repair are tested against it. So that it does not repeat their mistakes, it
// shares nothing with them but the wire's types and the computation of a Sign. It has its own check
// of UserSigs.
//
// Sources are those of packages webhook and chatapi: trtc.io/document/34354, 34355, 76007 and 76006
// for webhooks, 52169, 52170, 51194 and 51195 for the REST API, 53445 for the limits. Where they
// say nothing, the comments state what we assume.
//
// It is for tests of programs that receive webhooks or call the REST API. Its API is v0: it may
// change with any release.
package chatsim
