package cloudevent

import (
	"net/url"
	"strconv"
	"time"

	"msgext/pkg/msgext"
)

const (
	typePrefix  = "com.tencent.chat."
	groupPrefix = typePrefix + "group.msgextension."
	c2cPrefix   = typePrefix + "c2c.msgextension."
)

// Suffixes of event types, after groupPrefix or c2cPrefix.
const (
	setType      = "set"
	deletedType  = "deleted"
	clearedType  = "cleared"
	repairedType = "repaired"
	goneType     = "gone"
)

func typeOf(operation msgext.Operation) string {
	switch operation {
	case msgext.Set:
		return setType
	case msgext.Delete:
		return deletedType
	}
	return clearedType
}

func typePrefixOf(m msgext.Message) string {
	if m.IsGroup() {
		return groupPrefix
	}
	return c2cPrefix
}

// aboutMessage returns the attributes of an event about a message, without its id and its
// extensions. They are ASCII without control characters, as an event's attributes must be, whatever
// characters the names of accounts and groups have.
func aboutMessage(m msgext.Message, kind string, at time.Time) attributes {
	var room [256]byte
	b := append(append(room[:0], typePrefixOf(m)...), kind...)
	source := len(b)
	b = append(append(b, "/chat/"...), url.PathEscape(m.SDKAppID)...)
	if m.IsGroup() {
		b = append(append(b, "/groups/"...), url.PathEscape(m.GroupID)...)
	} else {
		b = append(append(b, "/c2c/"...), url.PathEscape(m.From)...)
		b = append(append(b, '/'), url.PathEscape(m.To)...)
	}
	subject := len(b)
	b = append(b, "messages/"...)
	if m.IsGroup() {
		b = strconv.AppendInt(b, m.MsgSeq, 10)
	} else {
		b = append(b, url.PathEscape(m.MsgKey)...)
	}
	text := string(b) // one allocation for all three
	return attributes{
		eventType: text[:source], source: text[source:subject], subject: text[subject:],
		contentType: jsonType, time: writable(at),
	}
}
