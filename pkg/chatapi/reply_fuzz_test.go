package chatapi_test

import (
	"cmp"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
)

// FuzzReply checks Read and Set against arbitrary replies. The pages of one fuzzed list must be
// read correctly: the greatest version of each key that no clear covers, split at the smallest
// LatestSeq. A page of arbitrary bytes gives either a documented error, of limited length and
// printable, or a valid snapshot. The number of requests is limited.
func FuzzReply(f *testing.F) {
	f.Add(`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","CompleteFlag":1,"LatestSeq":2,"ClearSeq":0,"ExtensionList":[{"Key":"a","Value":"\ud83d","Seq":1}]}`, 200, []byte("a1b2"), uint8(2), uint8(3), uint8(0))
	f.Add(`{"ActionStatus":"OK","ErrorCode":0,"CompleteFlag":0,"LatestSeq":5,"ExtensionList":[{"Key":"a","Value":"","Seq":1}]}`, 200, []byte("a1a5b2c9"), uint8(5), uint8(9), uint8(2))
	f.Add(`{"ActionStatus":"FAIL","ErrorCode":60007,"ErrorInfo":"QZXJQ"}`, 200, []byte(""), uint8(0), uint8(0), uint8(0))
	f.Add(`{"ActionStatus":"FAIL","ErrorCode":23001,"ErrorInfo":"QZXJQ","ExtensionList":[{"ErrorCode":23001,"Extension":{"Key":"k","Value":"QZXJQ","Seq":1}}]}`, 200, []byte("z0"), uint8(1), uint8(0), uint8(7))
	f.Add(`QZXJQ`, 502, []byte("a9"), uint8(1), uint8(1), uint8(1))
	var answer func(call int) string
	var status, calls int
	o := options(transport(func(*http.Request) (*http.Response, error) {
		calls++
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer(calls)))}, nil
	}))
	now := time.Now()
	o.Now, o.CallsPerSecond = func() time.Time { return now }, math.MaxFloat64 // no limit
	client, err := chatapi.New(o)
	require.NoError(f, err)

	f.Fuzz(func(t *testing.T, raw string, rawStatus int, script []byte, latest, later, cleared uint8) {
		list := listOf(script)
		status, calls = 200, 0
		half := len(list) / 2
		// Otherwise reading would not advance.
		if half > 0 && half < len(list) && list[half-1].Seq != list[0].Seq {
			answer = func(call int) string {
				if call%2 == 1 {
					return page(0, int64(latest), int64(cleared), list[:half]...)
				}
				return page(1, int64(later), int64(cleared), list[half:]...)
			}
		} else {
			later = latest
			answer = func(int) string { return page(1, int64(latest), int64(cleared), list...) }
		}
		got, err := client.Read(t.Context(), group)
		require.NoError(t, err)
		require.Equal(t, expected(list, max(latest, cleared), max(later, cleared), cleared), got.Snapshot)

		synctest.Test(t, func(t *testing.T) { // retries wait between calls
			status, calls = rawStatus, 0
			answer = func(int) string { return raw }
			got, err := client.Read(t.Context(), group)
			require.LessOrEqual(t, calls, 4*32*3)
			if err != nil {
				known(t, err, chatapi.ErrGone, chatapi.ErrRefused, chatapi.ErrReply, chatapi.ErrNoProgress)
				require.Empty(t, got.Snapshot)
				return
			}
			require.Equal(t, 200, rawStatus)
			wellFormed(t, got.Snapshot)
		})
		synctest.Test(t, func(t *testing.T) {
			status, calls = rawStatus, 0
			changed, err := client.Set(t.Context(), group, msgext.Set, kvs{kv("a", "b", 0)})
			require.LessOrEqual(t, calls, 4)
			if err != nil {
				known(t, err, chatapi.ErrGone, chatapi.ErrRefused, chatapi.ErrReply, chatapi.ErrConflict)
				require.NotContains(t, err.Error(), "QZXJQ", "it may quote a value")
				return
			}
			require.Equal(t, 200, rawStatus)
			_ = changed
		})
	})
}

// listOf decodes pairs of a key and a version, sorted by version as Chat lists them, without
// repeated pairs.
func listOf(script []byte) kvs {
	var list kvs
	for i := 0; i+1 < len(script) && len(list) < 50; i += 2 {
		item := kv(string('a'+rune(script[i]%8)), "", int64(script[i+1]%16))
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	slices.SortFunc(list, func(a, b msgext.KeyValue) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Key, b.Key))
	})
	return list
}

// expected computes Read's result for a list in the simplest way, one pass per key. The list is
// sorted by version, so a key's last entry is its greatest.
func expected(list kvs, first, second, cleared uint8) msgext.Snapshot {
	want := msgext.Snapshot{Latest: int64(min(first, second)), Clear: int64(cleared)}
	for i, item := range list {
		isLast := func(side func(int64) bool) bool {
			return !slices.ContainsFunc(list[i+1:], func(other msgext.KeyValue) bool { return other.Key == item.Key && side(other.Seq) })
		}
		present, newer := func(seq int64) bool { return seq <= want.Latest }, func(seq int64) bool { return seq > want.Latest }
		switch {
		case item.Seq <= want.Clear:
		case present(item.Seq) && isLast(present):
			want.KeyValues = append(want.KeyValues, item)
		case newer(item.Seq) && isLast(newer):
			want.Newer = append(want.Newer, item)
		}
	}
	if first != second {
		want.Ahead = int64(max(first, second))
	}
	return want
}

func known(t *testing.T, err error, sentinels ...error) {
	t.Helper()
	var call *chatapi.Error
	var set *chatapi.SetError
	require.True(t, errors.As(err, &call) || errors.As(err, &set) || slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) }), "%T", err)
	require.Less(t, len(err.Error()), 400)
	require.False(t, strings.ContainsFunc(err.Error(), func(c rune) bool { return !unicode.IsPrint(c) }), "%q", err.Error())
}

func wellFormed(t *testing.T, s msgext.Snapshot) {
	t.Helper()
	require.GreaterOrEqual(t, s.Latest, int64(0))
	require.GreaterOrEqual(t, s.Clear, int64(0))
	for side, list := range map[bool]kvs{false: s.KeyValues, true: s.Newer} {
		keys := make(map[string]bool)
		for _, kv := range list {
			require.NotEmpty(t, kv.Key)
			require.False(t, keys[kv.Key], "a key twice")
			keys[kv.Key] = true
			require.Greater(t, kv.Seq, s.Clear)
			require.Equal(t, side, kv.Seq > s.Latest)
		}
		require.True(t, slices.IsSortedFunc(list, func(a, b msgext.KeyValue) int { return cmp.Compare(a.Seq, b.Seq) }))
	}
}
