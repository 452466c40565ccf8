package msgexttest

import (
	"bytes"
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"

	"msgext/pkg/msgext"
)

// Named returns the message of an app that a body under a command identifies: in a prefix of valid
// JSON, the CallbackCommand and the ids occur exactly once each at the top level. Tests compare
// Decode and Identify with it. It shares no code with them.
func Named(sdkAppID, command string, body []byte) (msgext.Message, bool) {
	members := topLevel(body)
	one := func(name string) json.RawMessage {
		if len(members[name]) != 1 {
			return nil
		}
		return members[name][0]
	}
	if got, ok := textIn(one("CallbackCommand")); !ok || got != command {
		return msgext.Message{}, false
	}
	if command == msgext.GroupCommand {
		group, ok := textIn(one("GroupId"))
		seq, whole := integerIn(one("MsgSeq"))
		if !ok || !whole {
			return msgext.Message{}, false
		}
		return msgext.Message{SDKAppID: sdkAppID, GroupID: group, MsgSeq: seq}, true
	}
	from, ok := textIn(one("From_Account"))
	to, ok2 := textIn(one("To_Account"))
	key, ok3 := textIn(one("MsgKey"))
	if !ok || !ok2 || !ok3 {
		return msgext.Message{}, false
	}
	return msgext.Message{SDKAppID: sdkAppID, From: from, To: to, MsgKey: key}, true
}

// topLevel returns the members of the object that body begins with, up to the first text that is
// not JSON.
func topLevel(body []byte) map[string][]json.RawMessage {
	members := map[string][]json.RawMessage{}
	tokens := json.NewDecoder(bytes.NewReader(body))
	tokens.UseNumber()
	if token, err := tokens.Token(); err != nil || token != json.Delim('{') {
		return nil
	}
	for {
		name, ok := next(tokens).(string)
		if !ok {
			return members
		}
		from := int(tokens.InputOffset())
		for depth := 0; ; {
			switch token := next(tokens); token {
			case nil:
				return members
			case json.Delim('{'), json.Delim('['):
				depth++
			case json.Delim('}'), json.Delim(']'):
				depth--
			}
			if depth == 0 {
				break
			}
		}
		to := int(tokens.InputOffset())
		value := json.RawMessage(bytes.TrimLeft(body[from:to], ": \t\r\n"))
		if digit := value[len(value)-1]; '0' <= digit && digit <= '9' && (to == len(body) || !strings.ContainsRune(" \t\r\n,}", rune(body[to]))) {
			return members // the number may go on
		}
		members[name] = append(members[name], value)
	}
}

// null stands for JSON's null, which encoding/json returns as nil.
type null struct{}

// next returns the next token, nil if there is none.
func next(tokens *json.Decoder) json.Token {
	token, err := tokens.Token()
	if token == nil && err == nil {
		return null{}
	}
	if err != nil {
		return nil
	}
	return token
}

var escapes = regexp.MustCompile(`\\(?:u[0-9a-fA-F]{4}|.)`)

// textIn returns the text in value if value is a string, is not empty and is Unicode. Every U+FFFD
// that encoding/json returns was then there before.
func textIn(value json.RawMessage) (text string, ok bool) {
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &text) != nil || text == "" {
		return "", false
	}
	written := strings.Count(string(value), "\ufffd")
	for _, escape := range escapes.FindAllString(string(value), -1) {
		if strings.EqualFold(escape, `\ufffd`) {
			written++
		}
	}
	return text, utf8.Valid(value) && strings.Count(text, "\ufffd") == written
}

var (
	digits = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
	power  = regexp.MustCompile(`[eE][+-]?0*([0-9]*)$`)
)

// integerIn returns the integer in value, a number or a string of digits.
func integerIn(value json.RawMessage) (int64, bool) {
	if text, ok := textIn(value); ok {
		if !digits.MatchString(text) {
			return 0, false
		}
		value = json.RawMessage(text)
	}
	if len(value) == 0 || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	number := string(value)
	if at := power.FindStringSubmatch(number); at != nil && len(at[1]) > 4 {
		// Ten to that power does not fit into memory, and its value does not matter here.
		return 0, !strings.ContainsAny(number[:strings.IndexAny(number, "eE")], "123456789")
	}
	exact, ok := new(big.Rat).SetString(number)
	if !ok || !exact.IsInt() || exact.Sign() < 0 || !exact.Num().IsInt64() {
		return 0, false
	}
	return exact.Num().Int64(), true
}
