package msgext

import (
	"errors"
	"log/slog"
	"strings"
)

// Address holds the fields by which Chat's JSON identifies a message, in webhooks and in the REST
// API: GroupId and MsgSeq, or From_Account, To_Account and MsgKey. The fields of the other form are
// left out. It has no SDKAppID, because the app is known from where the JSON comes from or goes to.
type Address struct {
	GroupID string `json:"GroupId,omitzero"`
	MsgSeq  *int64 `json:"MsgSeq,omitzero"` // a pointer, since 0 may be one

	From   string `json:"From_Account,omitzero"`
	To     string `json:"To_Account,omitzero"`
	MsgKey string `json:"MsgKey,omitzero"`
}

// ErrAddress is the error of Address.Message.
var ErrAddress = errors.New("msgext: neither GroupId and MsgSeq nor From_Account, To_Account and MsgKey")

// Address returns the fields that identify m.
func (m Message) Address() Address {
	if m.IsGroup() {
		return Address{GroupID: m.GroupID, MsgSeq: &m.MsgSeq}
	}
	return Address{From: m.From, To: m.To, MsgKey: m.MsgKey}
}

// Message returns the message of an app that a identifies. It returns ErrAddress if a field is
// missing or empty, if MsgSeq is negative, or if both forms are mixed.
func (a Address) Message(sdkAppID string) (Message, error) {
	group, c2c := a.GroupID != "" || a.MsgSeq != nil, a.From != "" || a.To != "" || a.MsgKey != ""
	switch {
	case group && !c2c && a.GroupID != "" && a.MsgSeq != nil && *a.MsgSeq >= 0:
		return Message{SDKAppID: sdkAppID, GroupID: a.GroupID, MsgSeq: *a.MsgSeq}, nil
	case c2c && !group && a.From != "" && a.To != "" && a.MsgKey != "":
		return Message{SDKAppID: sdkAppID, From: a.From, To: a.To, MsgKey: a.MsgKey}, nil
	}
	return Message{}, ErrAddress
}

// maxLoggedBytes is the greatest length of an id in a log line, because a sender may make an id as
// long as a body.
const maxLoggedBytes = 256

// Loggable returns a sender's text for a log line. A long text is cut, and three dots stand for the
// rest.
func Loggable(text string) string {
	if len(text) <= maxLoggedBytes {
		return text
	}
	return strings.ToValidUTF8(text[:maxLoggedBytes], "") + "..."
}

// AppendLogAttrs appends the attributes that identify m in a log line: group_id and msg_seq, or
// only msg_key, because accounts are personal data. The app is not among them.
func (m Message) AppendLogAttrs(attrs []slog.Attr) []slog.Attr {
	if m.IsGroup() {
		return append(attrs, slog.String("group_id", Loggable(m.GroupID)), slog.Int64("msg_seq", m.MsgSeq))
	}
	return append(attrs, slog.String("msg_key", Loggable(m.MsgKey)))
}
