package repair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"msgext/internal/jsonwalk"
	"msgext/pkg/msgext"
)

// ErrPayload is Invoke's error for a payload that names a message, but not a whole one.
var ErrPayload = errors.New(`repair: a message is named by {"GroupId":"...","MsgSeq":1} or {"From_Account":"...","To_Account":"...","MsgKey":"..."}`)

// Invoke serves one invocation of a repair function on either cloud. A payload that names a message
// replays that message. Any other, such as a schedule's event, is a Run. It answers with the report
// as JSON. If an invocation failed, it returns an error, so that the platform retries.
func (r *Repairer) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	message, named, err := r.named(event)
	if err != nil {
		return nil, err
	}
	if named {
		if err := r.Replay(ctx, message); err != nil {
			return nil, err
		}
		return json.Marshal(map[string]string{"replayed": message.Path()})
	}
	report, err := r.Run(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(report)
}

// named returns the message that an event names, if it names one. A field that belongs neither to a
// message nor to a schedule's event is an error. Otherwise a misspelt name would start a run, and
// its report would not mention the message.
func (r *Repairer) named(event []byte) (message msgext.Message, named bool, err error) {
	if len(event) == 0 {
		return msgext.Message{}, false, nil
	}
	scheduled := false
	w := jsonwalk.New(event, maxPayloadDepth)
	err = w.Object(func(name []byte) error {
		switch {
		case isAddress(string(name)):
			named = true
		case string(name) == "detail" && w.Kind() == '{':
			scheduled = true
			return w.Object(func(name []byte) error {
				if isAddress(string(name)) {
					return errWithin
				}
				return w.Skip()
			})
		case isSchedule(string(name)):
			scheduled = true
		default:
			return errField
		}
		return w.Skip()
	})
	switch {
	case err == errField:
		return msgext.Message{}, false, fmt.Errorf("%w; this one has another field", ErrPayload)
	case err == errWithin:
		return msgext.Message{}, false, fmt.Errorf("%w; this one has it within detail", ErrPayload)
	case err != nil || w.End() != nil:
		return msgext.Message{}, false, fmt.Errorf("%w: not such an object", ErrPayload)
	case named && scheduled:
		return msgext.Message{}, false, fmt.Errorf("%w; this one has fields of a schedule besides", ErrPayload)
	case !named:
		return msgext.Message{}, false, nil
	}
	var address msgext.Address
	if err := json.Unmarshal(event, &address); err != nil {
		return msgext.Message{}, false, fmt.Errorf("%w: not such an object", ErrPayload)
	}
	if message, err = address.Message(r.options.SDKAppID); err != nil {
		return msgext.Message{}, false, ErrPayload
	}
	return message, true, nil
}

const maxPayloadDepth = 64

var (
	errField  = errors.New("a field that is not known")
	errWithin = errors.New("a message's field within a schedule's")
)

func isAddress(name string) bool {
	switch name {
	case "GroupId", "MsgSeq", "From_Account", "To_Account", "MsgKey":
		return true
	}
	return false
}

// isSchedule knows the fields of a schedule's event: EventBridge's (Amazon EventBridge User Guide,
// "AWS service event metadata") and those of SCF's timer (583/9708).
func isSchedule(name string) bool {
	switch name {
	case "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
		"Type", "TriggerName", "Time", "Message":
		return true
	}
	return false
}
