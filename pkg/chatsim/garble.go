package chatsim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"msgext/pkg/msgext"
)

// garble is one way to change a webhook's body so that it is not as the vendor documents. The ids
// stay as documented, so the body still identifies the message.
type garble func(b *garbled)

// garbled is a body whose fields may be of any type.
type garbled struct {
	CallbackCommand string
	msgext.Address
	OperateType   any
	ExtensionList any
	Seq           any `json:",omitempty"`
	EventTime     any
	Extra         json.RawMessage `json:",omitempty"`

	cut string // the body ends before this text
}

// garbles are used in this order, again and again. No result can be mistaken for the change that
// the webhook reports.
var garbles = []garble{
	func(b *garbled) { b.OperateType = 4 },
	func(b *garbled) { b.OperateType = "set" },
	func(b *garbled) { b.ExtensionList = map[string]string{"user": "option"} },
	func(b *garbled) { b.ExtensionList = []any{map[string]any{"Key": "user", "Value": 7, "Seq": b.Seq}} },
	func(b *garbled) {
		b.ExtensionList = []any{msgext.KeyValue{Key: "user", Value: "1"}, msgext.KeyValue{Key: "user", Value: "2"}}
	},
	func(b *garbled) { b.ExtensionList = []any{nil} },
	func(b *garbled) { b.Seq = nil },
	func(b *garbled) { b.Seq = map[string]any{"low": b.Seq, "high": 0} },
	func(b *garbled) { b.Extra = json.RawMessage(`{"a":1,"a":2}`) },
	func(b *garbled) { b.Extra = json.RawMessage(strings.Repeat("[", 100) + strings.Repeat("]", 100)) },
	func(b *garbled) { b.ExtensionList = slices.Repeat([]any{msgext.KeyValue{Key: "user"}}, 1001) },
	func(b *garbled) { b.cut = `"ExtensionList"` },
	func(b *garbled) { b.cut = `"EventTime"` },
}

// garble makes a webhook's body undocumented. It is the number-th such webhook of a plan.
func (d Delivery) garble(c told, number int) Delivery {
	b := garbled{
		CallbackCommand: d.Command, Address: d.Message.Address(),
		OperateType: c.change.OperateType, ExtensionList: c.change.ExtensionList, Seq: c.change.Seq, EventTime: c.change.EventTime,
	}
	garbles[number%len(garbles)](&b)
	d.Body, d.Garbled = b.encode(), true
	return d
}

func (b *garbled) encode() []byte {
	body := encode(b)
	if at := bytes.Index(body, []byte(b.cut)); b.cut != "" && at >= 0 {
		return body[:at]
	}
	return body
}
