package msgext_test

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/msgext/msgexttest"
)

// maxFuzzBody is the greatest length of the bodies that are tried. Only the limit on the number of
// key-values would need longer ones.
const maxFuzzBody = 4 << 10

// FuzzDecode compares Decode and Identify with msgexttest.Named, which reads by encoding/json. A
// body that identifies its message is either an event of that message or is identified. Any other
// body is neither.
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
			want, isNamed := msgexttest.Named("1", command, body)
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
