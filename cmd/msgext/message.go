package main

import (
	"fmt"
	"strconv"

	"msgext/pkg/msgext"
)

// messageUse says how to name a message on the command line.
const messageUse = "{GROUP_ID MSG_SEQ | FROM_ACCOUNT TO_ACCOUNT MSG_KEY}"

// parseMessage returns the message of an app that arguments name.
func parseMessage(app string, args []string) (msgext.Message, error) {
	var address msgext.Address
	switch len(args) {
	case 2:
		seq, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return msgext.Message{}, fmt.Errorf("%w: MSG_SEQ is not a number", errUsage)
		}
		address = msgext.Address{GroupID: args[0], MsgSeq: &seq}
	case 3:
		address = msgext.Address{From: args[0], To: args[1], MsgKey: args[2]}
	}
	message, err := address.Message(app)
	if err != nil {
		return msgext.Message{}, fmt.Errorf("%w: it names no message", errUsage)
	}
	return message, nil
}
