// Package reader serves the visible key-values of one message over HTTP. The read function of both
// clouds, the server and the local process all use this one handler. docs/openapi.yaml describes
// it.
//
//	GET /api/groups/{GroupId}/messages/{MsgSeq}/extensions
//	GET /api/c2c/{From_Account}/{To_Account}/messages/{MsgKey}/extensions
//	GET /api/extensions?GroupId=&MsgSeq=
//	GET /api/extensions?From_Account=&To_Account=&MsgKey=
//
// The query form is for ids with a slash or a percent sign, which a gateway would decode on the
// way. Each form takes ?tally=values or ?tally=poll, which count the values, or the votes of Chat's
// own vote plugin, instead of listing them.
//
// The answer has the shape of Chat's own read (trtc.io/document/52169). The header Msgext-Gap: true
// is sent if something is known to be missing, in doubt, or newer than what Chat has. Msgext-Gone:
// true is sent if Chat no longer has the message. Otherwise neither header is sent. ETag is a
// digest of the body.
//
// A reader only loads. It links no sink, no REST client and no receiver.
//
// It is for servers that show key-values to their own clients. Its API is v0: it may change with
// any release.
package reader
