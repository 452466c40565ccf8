package chatapi

import "msgext/pkg/msgext"

// address names a message on the wire; the fields of the other form are left out.
type address struct {
	GroupID string `json:"GroupId,omitzero"`
	MsgSeq  *int64 `json:"MsgSeq,omitzero"` // a pointer, since 0 may be one

	From   string `json:"From_Account,omitzero"`
	To     string `json:"To_Account,omitzero"`
	MsgKey string `json:"MsgKey,omitzero"`
}

func addressOf(message msgext.Message) address {
	if message.IsGroup() {
		return address{GroupID: message.GroupID, MsgSeq: &message.MsgSeq}
	}
	return address{From: message.From, To: message.To, MsgKey: message.MsgKey}
}

// commandFor returns the command for a group's message or, without its prefix, for a one-to-one message.
func commandFor(message msgext.Message, command string) string {
	if message.IsGroup() {
		return "group_" + command
	}
	return command
}
