package faulttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
)

const (
	budget = 400 * time.Millisecond
	plenty = 20 * time.Second
)

// Run strikes the way between s and its destination with each fault, in the midst of
// deliveries. received returns what the destination has taken so far.
func Run(t *testing.T, proxy *Proxy, s sink.Sink, received func() []cloudevent.Event) {
	accepted := map[string]bool{}
	version := int64(0)
	send := func(t *testing.T, within time.Duration) error {
		version++
		event := change(t, version)
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		err := s.Send(ctx, event)
		if err == nil {
			accepted[event.ID()] = true
		}
		return err
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			require.NoError(t, send(t, plenty))
			proxy.strike(t, fault)
			for range 2 {
				err := send(t, budget) // either way, but it must return
				t.Logf("what was seen: %v", err)
			}
			proxy.heal()
			require.NoError(t, send(t, plenty), "it recovers by itself")
		})
	}
	for _, event := range received() {
		delete(accepted, event.ID())
	}
	assert.Empty(t, accepted, "accepted, and not at the destination")
}

func change(t testing.TB, version int64) cloudevent.Event {
	t.Helper()
	decoded, err := msgext.Decode("1400000001", msgext.GroupCommand, fmt.Appendf(nil,
		`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"@TGS#1","MsgSeq":1,"OperateType":1,`+
			`"ExtensionList":[{"Key":"choice","Value":"a","Seq":%[1]d}],"Seq":%[1]d,"EventTime":1764688294360}`, version))
	require.NoError(t, err)
	event, err := cloudevent.New(decoded)
	require.NoError(t, err)
	return event
}
