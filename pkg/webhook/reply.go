package webhook

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Reply is the reply to Chat. All three fields are required (trtc.io/document/76007). ErrorCode is
// 0 when the call was processed and 1 on an error.
type Reply struct {
	ActionStatus string
	ErrorInfo    string
	ErrorCode    int
}

// OK is the reply to a call that was processed, or that we have nothing to do with.
func OK() Reply { return Reply{ActionStatus: "OK"} }

// Fail is the reply to a call that was not processed.
func Fail(info string) Reply { return Reply{ActionStatus: "FAIL", ErrorInfo: info, ErrorCode: 1} }

// Write sends the reply as JSON. Chat counts any status but 200 as a broken endpoint.
func (r Reply) Write(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	var room []byte
	if has, ok := w.(interface{ AvailableBuffer() []byte }); ok {
		room = has.AvailableBuffer() // bufio.Writer has this method
	}
	_, _ = w.Write(r.appendJSON(room)) // if it fails, the client has gone
}

// appendJSON appends the reply's JSON to b. Bytes of ErrorInfo that are not UTF-8 become U+FFFD.
func (r Reply) appendJSON(b []byte) []byte {
	b = append(b, `{"ActionStatus":`...)
	b, _ = jsontext.AppendQuote(b, r.ActionStatus)
	b = append(b, `,"ErrorInfo":`...)
	b, _ = jsontext.AppendQuote(b, r.ErrorInfo) // its error: invalid UTF-8, already replaced
	b = append(b, `,"ErrorCode":`...)
	b = strconv.AppendInt(b, int64(r.ErrorCode), 10)
	return append(b, '}')
}
