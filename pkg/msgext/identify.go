package msgext

import (
	"slices"

	"msgext/internal/jsonwalk"
)

// Identify returns the message that a body is about, for a body that Decode refused. What happened
// to that message is not known then, but something did. It reports false if the body does not
// identify a message.
//
// Identify reads the part of body before its first syntax fault, or all of it. In that part,
// CallbackCommand and the ids that Decode reads for command must each occur exactly once in the
// outermost object, and follow Decode's rules. Anything else in that part is allowed: repeated
// names, any depth, any type. For a body that Decode accepts, Identify returns the same message.
func Identify(sdkAppID, command string, body []byte) (Message, bool) {
	if !IsCommand(command) {
		return Message{}, false
	}
	p := parser{Walker: jsonwalk.New(body, maxDepth), command: command}
	var seen []string
	_ = p.Members(func(name []byte) error { // its error only marks the end of the part
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

// identifies reports whether Decode uses a field of that name, under command, to identify a
// message.
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

// identity reads one of the fields that identify the message. The field must be complete.
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
