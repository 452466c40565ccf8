package relaytest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"time"
)

// Commands that the vectors use.
const (
	Before = "C2C.CallbackBeforeSendMsg"
	After  = "C2C.CallbackAfterSendMsg"
)

// Reply is the reply that Chat gets.
type Reply struct {
	Status                       int
	ContentType, ContentEncoding string // "" for none
	Body                         string
}

// Vector is a command, what the backend does with it, and what Chat must get.
type Vector struct {
	Name    string
	Command string
	Hops    string // Msgext-Hops of the request, "" for none
	Answer  Answer
	Reaches bool // the backend sees the request, exactly once

	// Pass and Allow are the replies under the two values of MSGEXT_RELAY_ON_FAILURE. Complete says
	// that the backend's answer is a complete reply, which Chat gets.
	Complete    bool
	Pass, Allow Reply
	Reason      string // as logged with pass
}

// Waits reports whether the answer is never complete and its connection stays, so that the relay
// waits until its time is up.
func (v Vector) Waits() bool {
	return v.Pass == noAnswer && (v.Answer.End == Hang || v.Answer.Trickle > 0)
}

// Replies of our own.
var (
	allowed  = Reply{200, "application/json", "", `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`}
	noAnswer = Reply{502, "application/json", "", `{"ActionStatus":"FAIL","ErrorInfo":"the backend gave no answer","ErrorCode":1}`}
	loop     = Reply{508, "application/json", "", `{"ActionStatus":"FAIL","ErrorInfo":"relayed in a circle","ErrorCode":1}`}
)

// Vectors returns the table. An answer of the backend that is complete, within the budget and
// within the size limit goes to Chat unchanged. Anything else is a failed webhook to Chat, as if
// the relay were not there.
func Vectors() []Vector {
	vectors := []Vector{
		complete("ok", 200, "application/json", OKBody),
		complete("denied", 200, "application/json", `{"ActionStatus":"FAIL","ErrorInfo":"no","ErrorCode":1}`),
		complete("denied with a code of the app's", 200, "application/json;charset=utf-8", `{"ActionStatus":"OK","ErrorInfo":"\u4e0d","ErrorCode":120001}`),
		complete("changed text", 200, "application/json", `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"好 <&> \"\\"}}]}`),
		complete("no content", 204, "", ""),
		complete("empty", 200, "application/json", ""),
		complete("not JSON", 200, "text/html", "<p>hello</p>\n"),
		complete("no type", 200, "", "<html>which somebody could sniff"),
		complete("not text", 200, "application/octet-stream", "\x00\xff\xfe\x80"),
		complete("refused", 403, "text/plain", "who are you"),
		complete("as large as it may be", 200, "text/plain", strings.Repeat("a", 64<<10)),
		complete("broken", 500, "text/html", "<h1>oh"),
		complete("unavailable", 503, "", ""),
		zipped(),
		inChunks("in chunks", OKBody),
		untilClosed(),
		early(),

		failed("redirect", Answer{Wire: "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"}, "relay: redirect"),
		failed("redirect that keeps the method", Answer{Wire: "HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"}, "relay: redirect"),
		failed("not modified", Answer{Wire: "HTTP/1.1 304 Not Modified\r\n\r\n"}, "relay: redirect"),
		failed("over the cap", Answer{Wire: head(200, "", 64<<10+1) + strings.Repeat("a", 64<<10+1)}, "relay: answer too large"),
		failed("over the cap in chunks", inChunks("", strings.Repeat("a", 64<<10+1)).Answer, "relay: answer too large"),
		failed("over the cap, and never there", Answer{Wire: head(200, "", 1<<40), End: Hang}, "relay: answer too large"),
		failed("no answer", Answer{End: Hang}, "relay: no answer"),
		failed("closed without one", Answer{End: Close}, "relay: no answer"),
		failed("reset before the body was read", Answer{Unread: true, End: Reset}, "relay: no answer"),
		failed("reset after the body was read", Answer{End: Reset}, "relay: no answer"),
		failed("reset in the answer", Answer{Wire: head(200, "", 50) + "{", End: Reset}, "relay: no answer"),
		failed("closed in the answer", Answer{Wire: head(200, "", 50) + `{"ActionStatus":"OK"}`, End: Close}, "relay: no answer"),
		failed("closed in a chunk", Answer{Wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", End: Close}, "relay: no answer"),
		failed("hangs in the answer", Answer{Wire: head(200, "", 50) + "{", End: Hang}, "relay: no answer"),
		failed("slow trickle", Answer{Wire: OK.Wire, Trickle: 40 * time.Millisecond, End: Close}, "relay: no answer"),
		failed("not HTTP", Answer{Wire: "hello\r\n\r\n", End: Close}, "relay: no answer"),
		failed("no such status", Answer{Wire: head(999, "", 0)}, "relay: no answer"),
		failed("another protocol", Answer{Wire: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", End: Hang}, "relay: no answer"),
		{Name: "loop", Command: Before, Hops: "2", Answer: OK, Pass: loop, Allow: loop, Reason: "relay: loop"},
		{Name: "a count that is none", Command: Before, Hops: "x", Answer: OK, Pass: loop, Allow: loop, Reason: "relay: loop"},
	}
	once := complete("passed on once before", 200, "application/json", OKBody)
	once.Hops = "1"
	after := complete("after-command", 200, "application/json", OKBody)
	after.Command = After
	return append(vectors, once, after)
}

func head(status int, contentType string, length int) string {
	text := fmt.Sprintf("HTTP/1.1 %d Text\r\n", status)
	if contentType != "" {
		text += "Content-Type: " + contentType + "\r\n"
	}
	if status != 204 {
		text += fmt.Sprintf("Content-Length: %d\r\n", length)
	}
	return text + "X-Backend: tells more than Chat needs\r\n\r\n"
}

func complete(name string, status int, contentType, body string) Vector {
	reply := Reply{Status: status, ContentType: contentType, Body: body}
	v := Vector{
		Name: name, Command: Before, Answer: Answer{Wire: head(status, contentType, len(body)) + body},
		Reaches: true, Complete: true, Pass: reply, Allow: reply, Reason: "relayed",
	}
	if status >= 500 {
		v.Allow = allowed
	}
	return v
}

func failed(name string, answer Answer, reason string) Vector {
	return Vector{Name: name, Command: Before, Answer: answer, Reaches: true, Pass: noAnswer, Allow: allowed, Reason: reason}
}

// zipped is a compressed answer, which any client that unpacks it would change.
func zipped() Vector {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(OKBody)) // to memory
	_ = w.Close()
	v := complete("gzip", 200, "application/json", packed.String())
	v.Answer.Wire = strings.Replace(v.Answer.Wire, "Content-Type:", "Content-Encoding: gzip\r\nContent-Type:", 1)
	v.Pass.ContentEncoding, v.Allow.ContentEncoding = "gzip", "gzip"
	return v
}

func inChunks(name, body string) Vector {
	v := complete(name, 200, "application/json", body)
	half := len(body) / 2
	v.Answer.Wire = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n",
		half, body[:half], len(body)-half, body[half:])
	return v
}

// untilClosed is an answer without a length. It ends with its connection.
func untilClosed() Vector {
	v := complete("until the connection is closed", 200, "application/json", OKBody)
	v.Answer = Answer{Wire: "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + OKBody, End: Close}
	return v
}

// early is an answer with early hints before it.
func early() Vector {
	v := complete("hints before the answer", 200, "application/json", OKBody)
	v.Answer.Wire = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" + v.Answer.Wire
	return v
}
