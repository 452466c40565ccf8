package cloudevent_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"msgext/internal/vectortest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// FuzzRoundTrip follows a change from a webhook's body to a consumer. Every reader of the event's
// data (also encoding/json and the CloudEvents SDK) must get the change that Decode read. The
// event's id depends on the change, not on whitespace in the body.
func FuzzRoundTrip(f *testing.F) {
	for _, vector := range vectortest.Load(f) {
		f.Add("1400000000", []byte(vector.Request.Body), int64(1764688294360))
	}
	f.Add("1/2", []byte(setBody), int64(-1))
	f.Add("é %", []byte(` { "CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"好","To_Account":"\u0000/%2F","MsgKey":"k","OperateType":3,"Seq":"9223372036854775807","EventTime":99999999999999999,"own":[1e400,"\ud83d"]}`), int64(0))
	f.Fuzz(func(t *testing.T, app string, body []byte, millis int64) {
		if app == "" || len(body) > 8<<10 {
			return
		}
		for _, command := range []string{msgext.GroupCommand, msgext.C2CCommand} {
			change, err := msgext.Decode(app, command, body)
			if err != nil {
				continue
			}
			received := time.UnixMilli(millis)
			made, err := cloudevent.New(change, received)
			if err != nil {
				t.Fatalf("a change that is none as an event: %v", err)
			}
			read, err := cloudevent.Decode(made.JSON())
			if err != nil {
				t.Fatalf("%v: %s", err, made.JSON())
			}
			got, err := read.Change()
			if err != nil || !same(got, change) || got.Tolerated != nil && change.Tolerated == nil {
				t.Fatalf("%+v comes out as %+v: %v", change, got, err)
			}
			if read.ID() != made.ID() || read.PartitionKey() != change.Message.Path() || read.ReceivedMillis() != max(0, millis) {
				t.Fatalf("%s", made.JSON())
			}
			if sequence, err := strconv.ParseInt(read.Sequence(), 10, 64); err != nil || sequence != change.Version() || len(read.Sequence()) != 20 {
				t.Fatalf("sequence %q of version %d", read.Sequence(), change.Version())
			}
			readByOthers(t, made, change)
			if _, _, err := read.Truth(); err == nil {
				t.Fatal("a change is no truth")
			}

			// With other whitespace it is the same event. With another value it is a different one.
			var spaced bytes.Buffer
			if err := json.Indent(&spaced, change.Body, "", "  "); err == nil {
				again, err := msgext.Decode(app, command, spaced.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				if made2, err := cloudevent.New(again, received); err != nil || made2.ID() != made.ID() || !bytes.Equal(made2.JSON(), made.JSON()) {
					t.Fatalf("another event, only because of its spaces: %v", err)
				}
			}
			open, _ := bytes.CutSuffix(bytes.TrimRight(change.Body, " \t\r\n"), []byte("}"))
			more := append(bytes.Clone(open), `,"fuzz-added":1}`...)
			if other, err := msgext.Decode(app, command, more); err == nil {
				if made2, err := cloudevent.New(other, received); err != nil || made2.ID() == made.ID() {
					t.Fatalf("the same id, of another body: %v", err)
				}
			}
		}
	})
}

func same(a, b msgext.Event) bool {
	if len(a.KeyValues) != len(b.KeyValues) {
		return false
	}
	for i := range a.KeyValues {
		if a.KeyValues[i] != b.KeyValues[i] {
			return false
		}
	}
	return a.Message == b.Message && a.Operation == b.Operation && a.Seq == b.Seq && a.Time.Equal(b.Time)
}

// readByOthers reads the event with code that is not ours.
func readByOthers(t *testing.T, made cloudevent.Event, change msgext.Event) {
	t.Helper()
	var sdk event.Event
	var plain map[string]any // a map's names are exact, a struct's are not
	if json.Unmarshal(made.JSON(), &plain) != nil {
		return // neither reads a number beyond a float64, which the app's own fields may have
	}
	if err := sdk.UnmarshalJSON(made.JSON()); err != nil {
		t.Fatalf("the SDK: %v: %s", err, made.JSON())
	}
	if err := sdk.Validate(); err != nil || sdk.ID() != made.ID() || sdk.Type() != made.Type() || sdk.Source() != made.Source() {
		t.Fatalf("the SDK: %v: %s", err, made.JSON())
	}
	if source, err := url.Parse(made.Source()); err != nil || source.String() != made.Source() {
		t.Fatalf("source %q: %v", made.Source(), err)
	}
	for _, text := range []string{made.ID(), made.Source(), made.PartitionKey()} {
		for i := range len(text) {
			if text[i] <= ' ' || text[i] > '~' {
				t.Fatalf("%q cannot stand in a header", text)
			}
		}
	}
	if plain["specversion"] != "1.0" || plain["id"] != made.ID() || plain["partitionkey"] != change.Message.Path() {
		t.Fatalf("%+v", plain)
	}
	data, _ := plain["data"].(map[string]any)
	list, _ := data["ExtensionList"].([]any)
	for i, kv := range change.KeyValues {
		item, _ := list[i].(map[string]any)
		value, _ := item["Value"].(string) // absent and null mean empty
		if item["Key"] != kv.Key || value != kv.Value {
			t.Fatalf("%+v is read as %+v", kv, item)
		}
	}
}
