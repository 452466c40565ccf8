package repair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"msgext/pkg/msgext"
)

// ErrPayload is Invoke's error for a payload that names a message, but not a whole one.
var ErrPayload = errors.New(`repair: a message is named by {"GroupId":"...","MsgSeq":1} or {"From_Account":"...","To_Account":"...","MsgKey":"..."}`)

// Invoke serves one invocation of a repair function on either cloud: a payload that names a
// message replays that message, any other, such as a schedule's event, is a Run. It answers
// with the report as JSON. An error is wanted by the platform, which retries.
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

// named returns the message that an event names, if it names one. A schedule's event has none of the fields.
func (r *Repairer) named(event []byte) (message msgext.Message, named bool, err error) {
	var address msgext.Address
	if len(event) > 0 {
		if err := json.Unmarshal(event, &address); err != nil {
			return msgext.Message{}, false, fmt.Errorf("%w: not such an object", ErrPayload)
		}
	}
	if address == (msgext.Address{}) {
		return msgext.Message{}, false, nil
	}
	if message, err = address.Message(r.options.SDKAppID); err != nil {
		return msgext.Message{}, false, ErrPayload
	}
	return message, true, nil
}
