package msgext

import (
	"slices"

	"msgext/internal/jsonwalk"
)

// Identify names the message that a body is about, where Decode refused the body: what happened to
// that message is then not known, but that something did. It reports false where the body does not
// name one.
//
// The message is read from the part of body before its first fault of syntax, or its end: there the
// CallbackCommand and the ids that Decode reads for command must stand once each in the outermost
// object, by Decode's rules. Everything else in that part may be as it likes: names twice, any
// depth, any type. For a body that Decode takes it names the same message.
func Identify(sdkAppID, command string, body []byte) (Message, bool) {
	if !IsCommand(command) {
		return Message{}, false
	}
	p := parser{Walker: jsonwalk.New(body, maxDepth), command: command}
	var seen []string
	_ = p.Members(func(name []byte) error { // its error is where the part ends
		switch {
		case !identifies(command, string(name)):
			return p.Pass()
		case slices.Contains(seen, string(name)):
			p.faults.add(string(name), "twice")
			return p.Pass()
		}
		seen = append(seen, string(name))
		return p.identity(name)
	})
	p.fields.checkCommand(command, &p.faults)
	message := p.fields.message(command, &p.faults)
	message.SDKAppID = sdkAppID
	if p.faults.orNil() != nil {
		return Message{}, false
	}
	return message, true
}

// identifies reports whether Decode reads a name for the identity of a message under command.
func identifies(command, name string) bool {
	switch name {
	case "CallbackCommand":
		return true
	case "GroupId", "MsgSeq":
		return command == GroupCommand
	case "From_Account", "To_Account", "MsgKey":
		return command == C2CCommand
	}
	return false
}

// identity reads one of the fields that identify the message, which must stand there whole.
func (p *parser) identity(name []byte) error {
	kind := p.Kind()
	if kind != '"' && kind != '0' {
		p.faults.add(string(name), "neither a string nor a number")
		return p.Pass()
	}
	err := p.member(name)
	if err != nil || kind == '0' && !p.Whole() {
		p.faults.add(string(name), "cut short")
	}
	return err
}
