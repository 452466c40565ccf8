package chatapi

import "msgext/pkg/msgext"

// commandFor returns the command for a group's message or, without its prefix, for a one-to-one
// message.
func commandFor(message msgext.Message, command string) string {
	if message.IsGroup() {
		command = "group_" + command
	}
	return extensions + command
}
