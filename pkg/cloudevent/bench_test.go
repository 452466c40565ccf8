package cloudevent_test

import (
	"encoding/json"
	"testing"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

func BenchmarkNew(b *testing.B) {
	change := decode(b, msgext.GroupCommand, setBody)
	b.Run("event", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cloudevent.New(change, received); err != nil {
				b.Fatal(err)
			}
		}
	})
	// The floor: encoding/json of the same members.
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(map[string]any{
				"specversion": "1.0", "id": "1400000000/g/10/56", "source": "/chat/1400000000/groups/g", "subject": "messages/10", "type": "t",
				"datacontenttype": "application/json", "sequence": "00000000000000000056", "partitionkey": "p", "data": json.RawMessage(change.Body),
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
