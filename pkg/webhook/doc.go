// Package webhook is the protocol by which Tencent Cloud Chat calls an app, for any command: the
// query that Chat appends to the app's URL, its signature, the body's size, and the reply. It knows
// the fields of no command, and of our packages it imports only secret.
//
// Source: "Webhook overview" and "webhook security" (trtc.io/document/34354 and 34355,
// read 2026-01-04).
//
// It is for programs that receive any of Chat's webhooks, of message extensions or other
// commands. Its API is v0: it may change with any release.
package webhook
