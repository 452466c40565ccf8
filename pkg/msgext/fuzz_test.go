package msgext_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
)

// maxFuzzBody bounds the bodies that are tried. No rule but the bound on key-values needs longer ones.
const maxFuzzBody = 4 << 10

// FuzzDecode holds Decode and Identify to the sentence that says which body names its message, as read by
// encoding/json: such a body either is an event of that message or is identified, every other is neither.
func FuzzDecode(f *testing.F) {
	for _, vector := range vectortest.Load(f) {
		f.Add([]byte(vector.Request.Body))
	}
	for _, seed := range []string{c2cSample, setSample, strings.Replace(c2cSample, `"a"`, `"\ud83d\ude00"`, 1), strings.Replace(setSample, "10", `"1"`, 1), strings.Replace(setSample, "10", `100e-1`, 1)} {
		f.Add([]byte(seed))
		f.Add([]byte(seed[:len(seed)*2/3]))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > maxFuzzBody {
			return
		}
		for _, command := range []string{msgext.GroupCommand, msgext.C2CCommand} {
			want, isNamed := namedIn(command, body)
			message, ok := msgext.Identify("1", command, body)
			if ok != isNamed || message != want {
				t.Fatalf("identified %v %+v, want %v %+v", ok, message, isNamed, want)
			}
			event, err := msgext.Decode("1", command, body)
			if err != nil {
				var format *msgext.FormatError
				if !errors.As(err, &format) || len(err.Error()) > 2000 {
					t.Fatalf("not one of ours: %T", err)
				}
				continue
			}
			if !isNamed || event.Message != want {
				t.Fatalf("decoded %+v, want %v %+v", event.Message, isNamed, want)
			}
			if !jsontext.Value(event.Body).IsValid() {
				t.Fatalf("not every reader takes %q", event.Body)
			}
			again, err := msgext.Decode("1", command, event.Body)
			if err != nil || !equal(again, event) || !bytes.Equal(again.Body, event.Body) {
				t.Fatalf("its body is another event: %v", err)
			}
			again, err = msgext.Decode("1", command, encode(event))
			if err != nil || !equal(again, event) || again.Tolerated != nil {
				t.Fatalf("re-encoded it is another event: %v", err)
			}
		}
	})
}

func equal(a, b msgext.Event) bool {
	return a.Message == b.Message && a.Operation == b.Operation && slices.Equal(a.KeyValues, b.KeyValues) && a.Seq == b.Seq && a.Time.Equal(b.Time)
}

// encode writes an event as Chat would.
func encode(event msgext.Event) []byte {
	text := func(s string) string {
		quoted, _ := jsontext.AppendQuote(nil, s)
		return string(quoted)
	}
	var b strings.Builder
	b.WriteString(`{"CallbackCommand":` + text(event.Command()))
	if m := event.Message; m.IsGroup() {
		b.WriteString(`,"GroupId":` + text(m.GroupID) + `,"MsgSeq":` + strconv.FormatInt(m.MsgSeq, 10))
	} else {
		b.WriteString(`,"From_Account":` + text(m.From) + `,"To_Account":` + text(m.To) + `,"MsgKey":` + text(m.MsgKey))
	}
	b.WriteString(`,"OperateType":` + strconv.Itoa(int(event.Operation)) + `,"ExtensionList":[`)
	for i, kv := range event.KeyValues {
		b.WriteString(strings.Repeat(",", min(i, 1)) + `{"Key":` + text(kv.Key) + `,"Value":` + text(kv.Value) + `,"Seq":` + strconv.FormatInt(kv.Seq, 10) + `}`)
	}
	b.WriteString(`],"Seq":` + strconv.FormatInt(event.Seq, 10))
	if !event.Time.IsZero() {
		b.WriteString(`,"EventTime":` + strconv.FormatInt(event.Time.UnixMilli(), 10))
	}
	return []byte(b.String() + "}")
}

// namedIn returns the message that a body names: in a prefix of valid JSON the CallbackCommand and the
// ids stand once each at the top level. It shares nothing with Identify but this sentence.
func namedIn(command string, body []byte) (msgext.Message, bool) {
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
		return msgext.Message{SDKAppID: "1", GroupID: group, MsgSeq: seq}, true
	}
	from, ok := textIn(one("From_Account"))
	to, ok2 := textIn(one("To_Account"))
	key, ok3 := textIn(one("MsgKey"))
	if !ok || !ok2 || !ok3 {
		return msgext.Message{}, false
	}
	return msgext.Message{SDKAppID: "1", From: from, To: to, MsgKey: key}, true
}

// topLevel returns the members of the object that body begins with, as far as it is JSON.
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

// next returns the next token, nil where there is none.
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

// textIn returns the text that value is, if it is one, is not empty and is Unicode: then every U+FFFD
// that encoding/json returns was there before.
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

// integerIn returns the integer that value is exactly, as a number or as a text of digits.
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
		// Ten to that power does not fit in memory, nor does it matter here.
		return 0, !strings.ContainsAny(number[:strings.IndexAny(number, "eE")], "123456789")
	}
	exact, ok := new(big.Rat).SetString(number)
	if !ok || !exact.IsInt() || exact.Sign() < 0 || !exact.Num().IsInt64() {
		return 0, false
	}
	return exact.Num().Int64(), true
}
