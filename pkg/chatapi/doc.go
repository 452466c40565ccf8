// Package chatapi is a typed client of Chat's REST API for message extensions. It reads and sets
// the key-values of group and one-to-one messages, lists the messages that were sent, and asks
// which addresses webhooks come from. It signs its calls, respects the API's rate limit, repeats
// calls that may succeed later, and returns every ErrorCode as an *Error.
//
// A program that links this package can hold the app's admin key. A webhook function must not.
//
// Sources: reading and setting (trtc.io/document/52169, 52170, 51194, 51195) and limits (53445).
// Three facts about the fields were not in the copies we had: the reply to a set key by key, that
// an admin's Seqs are not checked, and what ClearSeq asks for. They are from the comments of
// github.com/doocs/qcloud-im-server-sdk-java, which repeat the vendor's text. Error codes are from
// cloud.tencent.com/document/product/679/131708 and the vendor's V2TIMErrorCode.h. Stored copies,
// read 2026-11-24. History of groups (trtc.io/document/34971) and of two accounts (35478),
// addresses (36742), read 2026-11-26.
//
// It is for programs that read or set extensions through the REST API themselves. Its API is v0: it
// may change with any release.
package chatapi
