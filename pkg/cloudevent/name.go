package cloudevent

import (
	"net/url"
	"strconv"

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

// names are a message's parts of id, source, subject and type. Whatever an account or a group
// may be called, they are ASCII without control characters, as the attributes of an event must be.
type names struct {
	path, source, subject, typePrefix string
}

func namesOf(m msgext.Message) names {
	app := "/chat/" + url.PathEscape(m.SDKAppID)
	if m.IsGroup() {
		return names{
			path:       m.Path(),
			source:     app + "/groups/" + url.PathEscape(m.GroupID),
			subject:    "messages/" + strconv.FormatInt(m.MsgSeq, 10),
			typePrefix: groupPrefix,
		}
	}
	return names{
		path:       m.Path(),
		source:     app + "/c2c/" + url.PathEscape(m.From) + "/" + url.PathEscape(m.To),
		subject:    "messages/" + url.PathEscape(m.MsgKey),
		typePrefix: c2cPrefix,
	}
}
