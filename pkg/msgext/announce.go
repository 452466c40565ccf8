package msgext

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Commands by which Chat says that a message was sent (trtc.io/document/34375 and 34365, read
// 2026-11-26).
const (
	GroupSendCommand = "Group.CallbackAfterSendMsg"
	C2CSendCommand   = "C2C.CallbackAfterSendMsg"
)

// AnnounceAll is a text for Announced that matches every message.
const AnnounceAll = "*"

// IsAnnouncement reports whether command is one of the two that Announced reads.
func IsAnnouncement(command string) bool {
	return command == GroupSendCommand || command == C2CSendCommand
}

// supports is a field that says whether a message may have extensions. It is not documented for
// these two commands, but we saw it in a sample of another one.
const supports = "SupportMessageExtension"

// unextended are the group types whose messages have no extensions (trtc.io/document/53445). Live
// was split off from AVChatRoom.
var unextended = []string{"Community", "AVChatRoom", "Live"}

// Announced returns the message that was sent, if it is expected to get extensions: if body
// contains one of texts, or has SupportMessageExtension 1. It reports false in these cases: no
// extensions are expected, the message was not sent, it was sent only to users who are online, its
// group's messages have no extensions, or body does not identify a message.
//
// Texts are searched in the raw body, before it is parsed, because most messages do not concern us.
// Nothing of the message's content is kept. Without texts nothing is announced.
func Announced(sdkAppID, command string, body []byte, texts []string) (Message, bool) {
	wanted := mentions(body, texts)
	if len(texts) == 0 || !IsAnnouncement(command) || !wanted && !bytes.Contains(body, []byte(supports)) {
		return Message{}, false
	}
	var sent struct {
		GroupID string `json:"GroupId"`
		TopicID string `json:"TopicId"`
		Type    string
		MsgSeq  json.RawMessage
		From    string `json:"From_Account"`
		To      string `json:"To_Account"`
		MsgKey  string

		OnlineOnlyFlag, SendMsgResult, SupportMessageExtension json.RawMessage
	}
	if json.Unmarshal(body, &sent) != nil {
		return Message{}, false
	}
	switch {
	case !wanted && !is(sent.SupportMessageExtension, 1),
		is(sent.OnlineOnlyFlag, 1),
		len(sent.SendMsgResult) > 0 && !is(sent.SendMsgResult, 0),
		// A topic belongs to a community.
		sent.TopicID != "", slices.Contains(unextended, sent.Type):
		return Message{}, false
	}
	if command == C2CSendCommand {
		message, err := Address{From: sent.From, To: sent.To, MsgKey: sent.MsgKey}.Message(sdkAppID)
		return message, err == nil
	}
	seq, ok := integerIn(sent.MsgSeq)
	if !ok {
		return Message{}, false
	}
	message, err := Address{GroupID: sent.GroupID, MsgSeq: &seq}.Message(sdkAppID)
	return message, err == nil
}

// Expected reports whether a message is expected to get extensions, from Chat's JSON about it, in a
// webhook or in history: whether the JSON contains one of texts, or has SupportMessageExtension 1.
func Expected(body []byte, texts []string) bool {
	if mentions(body, texts) {
		return true
	}
	if !bytes.Contains(body, []byte(supports)) {
		return false
	}
	var sent struct{ SupportMessageExtension json.RawMessage }
	return json.Unmarshal(body, &sent) == nil && is(sent.SupportMessageExtension, 1)
}

func mentions(body []byte, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		return text == AnnounceAll || bytes.Contains(body, []byte(text))
	})
}

// is reports whether a JSON value is an integer that equals want.
func is(value json.RawMessage, want int64) bool {
	number, ok := integerIn(value)
	return ok && number == want
}

// integerIn returns the non-negative integer in a JSON value, which may be a number or a string of
// digits.
func integerIn(value json.RawMessage) (number int64, ok bool) {
	if len(value) == 0 {
		return 0, false
	}
	var problem string
	switch first := value[0]; {
	case first == '"':
		number, problem = integerOfText(string(bytes.Trim(value, `"`)))
	case first == '-', first >= '0' && first <= '9':
		number, problem = integerOf(value)
	default:
		return 0, false
	}
	return number, problem == ""
}
