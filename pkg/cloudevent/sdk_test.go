package cloudevent_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	sdk "github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// requireSDK requires that the CloudEvents SDK reads an event, finds it valid, and writes it back
// unchanged.
func requireSDK(t require.TestingT, event cloudevent.Event) sdk.Event {
	var read sdk.Event
	require.NoError(t, json.Unmarshal(event.JSON(), &read))
	require.NoError(t, read.Validate())
	var written bytes.Buffer
	require.NoError(t, sdk.WriteJson(&read, &written))
	require.Equal(t, string(event.JSON()), written.String())
	return read
}

// For every kind of event, the SDK reads what our methods return, and writes the same bytes as we
// do.
func TestEvent_IsTheSDKs(t *testing.T) {
	for _, event := range samples(t) {
		read := requireSDK(t, event)
		require.Equal(t, event.ID(), read.ID())
		require.Equal(t, event.Type(), read.Type())
		require.Equal(t, event.Source(), read.Source())
		require.True(t, event.Time().Equal(read.Time()))
		require.Equal(t, string(event.Data()), string(read.Data()))
		if event.Sequence() != "" {
			require.Equal(t, event.Sequence(), read.Extensions()["sequence"])
		}
		require.Equal(t, event.PartitionKey(), read.Extensions()["partitionkey"])
	}
	binary, err := cloudevent.NewForwarded("1400000000", "State.StateChange", []byte("\xff"), time.UnixMilli(1))
	require.NoError(t, err)
	requireSDK(t, binary)
}

// The same for arbitrary accounts, groups and times.
func TestEvent_IsTheSDKs_WhateverTheNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 8, -1)
		message := msgext.Message{SDKAppID: "1400000000", From: text.Draw(t, "from"), To: text.Draw(t, "to"), MsgKey: text.Draw(t, "key")}
		if rapid.Bool().Draw(t, "group") {
			message = msgext.Message{SDKAppID: "1400000000", GroupID: text.Draw(t, "group id"), MsgSeq: rapid.Int64Min(0).Draw(t, "sequence")}
		}
		at := time.UnixMilli(rapid.Int64Range(-1<<40, 1<<43).Draw(t, "at"))
		event, err := cloudevent.New(msgext.Event{
			Message: message, Operation: msgext.Clear, Seq: rapid.Int64Min(0).Draw(t, "version"), Time: at, Body: []byte(`{"a":1}`),
		}, at)
		require.NoError(t, err)
		requireSDK(t, event)
	})
}
