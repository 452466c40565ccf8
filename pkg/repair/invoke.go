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

// payload is what an operator may send. A schedule's event has none of these fields.
type payload struct {
	GroupID string `json:"GroupId"`
	MsgSeq  *int64 `json:"MsgSeq"`
	From    string `json:"From_Account"`
	To      string `json:"To_Account"`
	MsgKey  string `json:"MsgKey"`
}

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

// named returns the message that an event names, if it names one.
func (r *Repairer) named(event []byte) (message msgext.Message, named bool, err error) {
	var p payload
	if len(event) > 0 {
		if err := json.Unmarshal(event, &p); err != nil {
			return msgext.Message{}, false, fmt.Errorf("%w: not such an object", ErrPayload)
		}
	}
	group, c2c := p.GroupID != "" || p.MsgSeq != nil, p.From != "" || p.To != "" || p.MsgKey != ""
	switch {
	case !group && !c2c:
		return msgext.Message{}, false, nil
	case group && !c2c && p.GroupID != "" && p.MsgSeq != nil && *p.MsgSeq >= 0:
		return msgext.Message{SDKAppID: r.options.SDKAppID, GroupID: p.GroupID, MsgSeq: *p.MsgSeq}, true, nil
	case c2c && !group && p.From != "" && p.To != "" && p.MsgKey != "":
		return msgext.Message{SDKAppID: r.options.SDKAppID, From: p.From, To: p.To, MsgKey: p.MsgKey}, true, nil
	}
	return msgext.Message{}, false, ErrPayload
}
