// Package reader serves the visible key-values of one message over HTTP: the read function of both
// clouds, the server and the local process are this one handler. docs/openapi.yaml describes it.
//
//	GET /api/groups/{GroupId}/messages/{MsgSeq}/extensions
//	GET /api/c2c/{From_Account}/{To_Account}/messages/{MsgKey}/extensions
//	GET /api/extensions?GroupId=&MsgSeq=
//	GET /api/extensions?From_Account=&To_Account=&MsgKey=
//
// The query form is for ids that a gateway would decode on the way: a slash within one, a percent
// sign. Each takes ?tally=values or ?tally=poll, which count the values or the votes of Chat's own
// vote plugin in place of listing them.
//
// The answer is in the shape of Chat's own read (trtc.io/document/52169). Its header says
// Msgext-Gap: true while something is known to be missing, doubted or ahead of Chat, and
// Msgext-Gone: true where Chat has the message no more; neither stands there otherwise. ETag is a
// digest of the body.
//
// A reader only ever loads. It links no sink, no REST client and no receiver.
//
// It is for servers that show key-values to their own clients. Its API is v0: it may change with
// any release.
package reader
