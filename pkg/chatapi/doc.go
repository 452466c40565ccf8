// Package chatapi is a typed client of Chat's REST API for message extensions: it reads
// and sets the key-values of group and one-to-one messages. It signs its calls, keeps under the API's
// rate limit, tries again what may succeed, and returns every ErrorCode as an *Error.
//
// Whoever links this package can hold the app's admin key; a webhook function must not.
//
// Sources: reading and setting (trtc.io/document/52169, 52170, 51194, 51195), limits (53445),
// error codes (34348, and cloud.tencent.com/document/product/679/131708), read 2026-01-04 to 2026-03-10.
package chatapi
