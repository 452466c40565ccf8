// Package chatapi is a typed client of Chat's REST API for message extensions: it reads and sets
// the key-values of group and one-to-one messages, walks over the messages that were sent, and asks
// where webhooks come from. It signs its calls, keeps under the API's rate limit, tries again what
// may succeed, and returns every ErrorCode as an *Error.
//
// Whoever links this package can hold the app's admin key; a webhook function must not.
//
// Sources: reading and setting (trtc.io/document/52169, 52170, 51194, 51195) and limits (53445);
// what of the fields' meaning was not in the copies we had (the reply to a set key by key, that an
// admin's Seqs are not checked, what ClearSeq asks for) as the comments of
// github.com/doocs/qcloud-im-server-sdk-java repeat it; error codes from
// cloud.tencent.com/document/product/679/131708 and the vendor's V2TIMErrorCode.h. Stored copies,
// read 2026-11-24. History of groups (trtc.io/document/34971) and of two accounts (35478),
// addresses (36742), read 2026-11-26.
//
// It is for programs that read or set extensions through the REST API themselves. Its API is v0: it
// may change with any release.
package chatapi
