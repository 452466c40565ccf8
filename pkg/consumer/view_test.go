package consumer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/consumer"
	"msgext/pkg/msgext"
)

var message = msgext.Message{SDKAppID: "1400000000", GroupID: "poll", MsgSeq: 10}

func repaired(t *testing.T, number, latest int64, list ...msgext.KeyValue) cloudevent.Event {
	t.Helper()
	event, err := cloudevent.NewRepaired(message, cloudevent.Truth{
		ReadReply: msgext.NewReadReply(latest, 0, list), Place: cloudevent.Place{ReadNumber: number, DecidedBefore: number - 60_000},
	}, time.UnixMilli(number))
	require.NoError(t, err)
	return event
}

// A marker says that there was a read but not its list. Until the list comes, what is shown is
// incomplete.
func TestView_Marker(t *testing.T) {
	whole := repaired(t, start, 5, msgext.KeyValue{Key: "a", Value: "1", Seq: 5})
	marker, ok := whole.Marker()
	require.True(t, ok)
	t.Run("its list is fetched", func(t *testing.T) {
		var v consumer.View
		require.NoError(t, v.Take(marker))
		assert.True(t, v.Base.Unread)
		assert.Zero(t, v.Reply().CompleteFlag)
		v.Complete(start-1, nil)
		assert.True(t, v.Base.Unread, "a list of another read")
		v.Complete(start, []msgext.KeyValue{{Key: "a", Value: "1", Seq: 5}})
		assert.Equal(t, msgext.NewReadReply(5, 0, []msgext.KeyValue{{Key: "a", Value: "1", Seq: 5}}), v.Reply())
		require.NoError(t, v.Take(marker))
		assert.False(t, v.Base.Unread, "the marker comes once more")
	})
	t.Run("the whole event comes from another destination", func(t *testing.T) {
		for _, order := range [][]cloudevent.Event{{marker, whole}, {whole, marker}} {
			var v consumer.View
			for _, event := range order {
				require.NoError(t, v.Take(event))
			}
			assert.Equal(t, msgext.NewReadReply(5, 0, []msgext.KeyValue{{Key: "a", Value: "1", Seq: 5}}), v.Reply())
		}
	})
}

func TestView_Gone(t *testing.T) {
	var v consumer.View
	require.NoError(t, v.Take(repaired(t, start, 5, msgext.KeyValue{Key: "a", Value: "1", Seq: 5})))
	gone, err := cloudevent.NewGone(message, cloudevent.Place{ReadNumber: start + 1, DecidedBefore: start + 1}, time.UnixMilli(start+1))
	require.NoError(t, err)
	require.NoError(t, v.Take(gone))
	assert.Empty(t, v.Reply().ExtensionList)
	require.NoError(t, v.Take(repaired(t, start, 5, msgext.KeyValue{Key: "a", Value: "1", Seq: 5})))
	assert.Empty(t, v.Reply().ExtensionList, "an older read comes later")
}

// An event that is not about a message changes nothing.
func TestView_TakeRefuses(t *testing.T) {
	var v consumer.View
	forwarded, err := cloudevent.NewForwarded("1400000000", "Group.CallbackAfterSendMsg", []byte("{}"), time.UnixMilli(start))
	require.NoError(t, err)
	require.ErrorIs(t, v.Take(forwarded), cloudevent.ErrKind)
	broken, err := cloudevent.Decode([]byte(`{"specversion":"1.0","id":"1","source":"/","type":"com.tencent.chat.group.msgextension.repaired",
		"partitionkey":"1400000000/poll/10","data":{"LatestSeq":"5"}}`))
	require.NoError(t, err)
	require.ErrorIs(t, v.Take(broken), cloudevent.ErrFormat)
	assert.Equal(t, consumer.View{}, v)
}
