package cloudevent

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"

	"msgext/pkg/msgext"
)

// Errors of Decode, Change and Truth.
var (
	ErrFormat   = errors.New("cloudevent: not a CloudEvents 1.0 event in the structured JSON format")
	ErrOtherWay = errors.New("cloudevent: not an event of this kind")
)

// Decode reads an event in the structured JSON format. Its error is ErrFormat.
func Decode(encoded []byte) (Event, error) {
	var e event.Event
	if err := json.Unmarshal(encoded, &e); err != nil {
		return Event{}, ErrFormat // the cause would quote the content
	}
	if e.SpecVersion() != event.CloudEventsVersionV1 || e.Validate() != nil {
		return Event{}, ErrFormat
	}
	return Event{attributes: *e.Context.AsV1(), data: e.Data(), json: encoded}, nil
}

// Change returns the change that the event is about. Its errors are ErrOtherWay for an event of another
// kind and msgext.ErrFormat.
func (e Event) Change() (msgext.Event, error) {
	message, err := e.message()
	if err != nil || e.IsRepaired() {
		return msgext.Event{}, ErrOtherWay
	}
	return msgext.Decode(message.SDKAppID, msgext.Event{Message: message}.Command(), e.data)
}

// Truth returns the message that a repaired event is about and its extensions as Chat has them.
// Where CompleteFlag is 0 the list was too long for the destination, and is to be read. Its error is ErrOtherWay for an
// event of another kind, ErrFormat for data of another shape.
func (e Event) Truth() (msgext.Message, msgext.ReadReply, error) {
	message, err := e.message()
	if err != nil || !e.IsRepaired() {
		return msgext.Message{}, msgext.ReadReply{}, ErrOtherWay
	}
	var reply msgext.ReadReply
	if err := json.Unmarshal(e.data, &reply); err != nil {
		return msgext.Message{}, msgext.ReadReply{}, fmt.Errorf("%w: data", ErrFormat)
	}
	return message, reply, nil
}

func (e Event) message() (msgext.Message, error) {
	if !strings.HasPrefix(e.Type(), typePrefix) || !strings.Contains(e.Type(), ".msgextension.") {
		return msgext.Message{}, ErrOtherWay
	}
	return msgext.ParsePath(e.PartitionKey())
}
