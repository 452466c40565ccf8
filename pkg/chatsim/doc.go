// Package chatsim is a fake Chat: it keeps the truth of messages' extensions with proper versions,
// serves the REST API over it, plays users who vote, sign up and work off tasks, and sends the
// signed webhooks that Chat would send, with whatever faults a plan asks for. Everything it makes
// up comes from a seed, so that the same seed gives the same history, the same faults and the same
// bytes.
//
// It is what the receiver and repair are proven against, so it shares nothing with them but the
// wire's types and the sum that is a Sign; UserSigs it checks by itself.
//
// Sources are those of packages webhook and chatapi: trtc.io/document/34354, 34355, 76007 and 76006
// for what is sent, 52169, 52170, 51194 and 51195 for what is served, 53445 for the limits. Where
// they are silent, the comments say what we assume.
//
// It is for tests of programs that receive webhooks or call the REST API. Its API is v0: it may
// change with any release.
package chatsim
