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

// Ends of the types of events about a message, after groupPrefix or c2cPrefix.
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

// aboutMessage returns the attributes of an event about a message but for its id, with room for so many extensions, of
// which the first is the key. Whatever an account or a group may be called, they are ASCII without control characters, as
// the attributes of an event must be.
func aboutMessage(m msgext.Message, kind string, at time.Time, extensions int) attributes {
	a := attributes{eventType: typePrefixOf(m) + kind, contentType: jsonType, time: writable(at), extensions: make([]extension, 1, extensions)}
	a.extensions[0] = extension{name: keyAttribute, text: m.Path()}
	app := url.PathEscape(m.SDKAppID)
	if m.IsGroup() {
		a.source = "/chat/" + app + "/groups/" + url.PathEscape(m.GroupID)
		a.subject = "messages/" + strconv.FormatInt(m.MsgSeq, 10)
		return a
	}
	a.source = "/chat/" + app + "/c2c/" + url.PathEscape(m.From) + "/" + url.PathEscape(m.To)
	a.subject = "messages/" + url.PathEscape(m.MsgKey)
	return a
}

// key returns the key extension.
func (a *attributes) key() string { return a.extension(keyAttribute) }
