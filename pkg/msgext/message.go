package msgext

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Commands of the two webhooks that carry message extensions
// (trtc.io/document/76007 and 76006, read 2026-01-04).
const (
	GroupCommand = "Group.CallbackAfterGroupMsgExtension"
	C2CCommand   = "C2C.CallbackAfterC2CMsgExtension"
)

// IsCommand reports whether command is one of the two that Decode reads.
func IsCommand(command string) bool { return command == GroupCommand || command == C2CCommand }

// Message identifies the message whose extensions changed: a group's message by GroupID and MsgSeq,
// a one-to-one message by From, To and MsgKey. The fields of the other form are zero. It is
// comparable and can be a map key.
type Message struct {
	SDKAppID string

	GroupID string
	MsgSeq  int64

	From   string
	To     string
	MsgKey string
}

// IsGroup reports whether m is a group's message.
func (m Message) IsGroup() bool { return m.GroupID != "" }

// Exchanged returns a one-to-one message with its two accounts exchanged, and a group's message as
// it is.
func (m Message) Exchanged() Message {
	m.From, m.To = m.To, m.From
	return m
}

// Path returns the message as one line of text, each part escaped as by
// url.PathEscape and joined by slashes: APP/GROUP/SEQ, or APP/FROM/TO/KEY.
// The two forms differ in their number of parts, so no two messages share a path.
func (m Message) Path() string { return string(m.AppendPath(make([]byte, 0, 64))) }

// AppendPath appends Path to b.
func (m Message) AppendPath(b []byte) []byte {
	b = append(append(b, url.PathEscape(m.SDKAppID)...), '/')
	if m.IsGroup() {
		b = append(append(b, url.PathEscape(m.GroupID)...), '/')
		return strconv.AppendInt(b, m.MsgSeq, 10)
	}
	b = append(append(b, url.PathEscape(m.From)...), '/')
	b = append(append(b, url.PathEscape(m.To)...), '/')
	return append(b, url.PathEscape(m.MsgKey)...)
}

// ErrPath is ParsePath's error.
var ErrPath = errors.New("msgext: not the path of a message")

// ParsePath is the inverse of Path. It accepts only what Path writes and no other form of the same
// path, so that equal messages always have equal paths. Its error is ErrPath.
func ParsePath(path string) (Message, error) {
	message, err := parsePath(path)
	if err != nil || message.Path() != path {
		return Message{}, ErrPath
	}
	return message, nil
}

func parsePath(path string) (Message, error) {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		text, err := url.PathUnescape(part)
		if err != nil || text == "" {
			return Message{}, ErrPath
		}
		parts[i] = text
	}
	switch len(parts) {
	case 3:
		seq, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil || seq < 0 {
			return Message{}, ErrPath
		}
		return Message{SDKAppID: parts[0], GroupID: parts[1], MsgSeq: seq}, nil
	case 4:
		return Message{SDKAppID: parts[0], From: parts[1], To: parts[2], MsgKey: parts[3]}, nil
	}
	return Message{}, ErrPath
}
