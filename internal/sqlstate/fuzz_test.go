package sqlstate

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// FuzzText checks the stored form of texts: it has no NUL, has the same order as the texts, and
// decodes to the same text.
func FuzzText(f *testing.F) {
	f.Add("", "\x00")
	f.Add("\x01", "\x01\x02")
	f.Add("a\x00b", "a\x01b")
	f.Add("好", "\xff")
	f.Fuzz(func(t *testing.T, one, other string) {
		a, b := encode(one), encode(other)
		switch {
		case strings.Contains(a, "\x00"):
			t.Fatalf("%q has a NUL", a)
		case decode(a) != one:
			t.Fatalf("%q comes back as %q", one, decode(a))
		case strings.Compare(a, b) != strings.Compare(one, other):
			t.Fatalf("%q and %q stand the other way round", one, other)
		}
	})
}

// FuzzRows checks that the rows of a message load as they were written. Anything else in a column
// must give an error that quotes nothing of it.
func FuzzRows(f *testing.F) {
	f.Add("key", "value", int64(1), true, int64(9), int64(2), `[{"key":"k"}]`)
	f.Add("", "\x00\x01", int64(0), false, int64(math.MaxInt64), int64(-1), `[{"Key":"k","Value":"v","Seq":1}]`)
	f.Add("k", "v", int64(5), false, int64(5), int64(0), `[{"Seq":"QZXJQ"}]`)
	f.Fuzz(func(t *testing.T, key, value string, seq int64, deleted bool, latest, cleared int64, stored string) {
		// Decode and Read return text that is valid UTF-8.
		key, value = strings.ToValidUTF8(key, "?"), strings.ToValidUTF8(value, "?")
		entry := msgext.Entry{Seq: seq, Deleted: deleted, Value: value}
		var rows loaded
		row := new(Store).put(nil, key, entry).Args[2:]
		require.NoError(t, rows.take(int64(row[2].(int)), row[1].(int64), row[0].(string), row[3].(string)))
		require.NoError(t, rows.take(kindMessage, 0, "", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"))
		record, err := rows.result()
		require.NoError(t, err)
		require.Equal(t, map[string]msgext.Entry{key: entry}, record.State.Entries)

		// A read loads as msgext computes it, and only equal reads have the same digest.
		base := msgext.Snapshot{Number: 1, Latest: latest, Clear: cleared, KeyValues: []msgext.KeyValue{{Key: key + "z", Seq: 3}, {Key: key, Value: value, Seq: seq}}}
		text, sum, err := encodeBase(base)
		require.NoError(t, err)
		column := func(keyValues string) string { return fmt.Sprint(latest, cleared, " ", keyValues) }
		read, err := decodeBase(1, column(text))
		require.NoError(t, err)
		var kept msgext.State
		kept.Merge(base)
		require.Equal(t, kept.Base, read)
		for _, test := range []struct {
			same   bool
			change func(*msgext.Snapshot)
		}{
			{true, func(s *msgext.Snapshot) { s.KeyValues[0], s.KeyValues[1] = s.KeyValues[1], s.KeyValues[0] }},
			{true, func(s *msgext.Snapshot) { s.Number = 2 }},
			{false, func(s *msgext.Snapshot) { s.KeyValues[1].Value += "x" }},
			{false, func(s *msgext.Snapshot) { s.Latest ^= 1 }},
			{latest == cleared, func(s *msgext.Snapshot) { s.Latest, s.Clear = s.Clear, s.Latest }},
		} {
			other := base
			other.KeyValues = append([]msgext.KeyValue(nil), base.KeyValues...)
			test.change(&other)
			_, otherSum, err := encodeBase(other)
			require.NoError(t, err)
			require.Equal(t, test.same, bytes.Equal(sum, otherSum))
		}

		// Any text in the column gives errRow, or is a read that is written again with the same
		// meaning.
		const plant = "QZXJQ"
		if _, err := decodeBase(1, column(strings.ReplaceAll(stored, "1", plant))); err != nil {
			require.NotContains(t, err.Error(), plant)
			require.ErrorIs(t, err, errRow)
		}
		if found, err := decodeBase(1, column(stored)); err == nil {
			text, _, err := encodeBase(*found)
			require.NoError(t, err)
			again, err := decodeBase(1, column(text))
			require.NoError(t, err)
			require.Equal(t, found.Reply(), again.Reply())
		}
		if err := rows.take(kindMessage, 0, "", stored); err != nil {
			require.ErrorIs(t, err, errRow)
		}
	})
}

// FuzzCursor checks that a cursor decodes to the place from which it was made. Any other text is
// refused or is a place.
func FuzzCursor(f *testing.F) {
	f.Add(int64(1764688294360), []byte{1, 2, 3}, "5 0A")
	f.Add(int64(0), []byte{}, "12 zz")
	f.Add(int64(-1), []byte{0}, "5")
	f.Fuzz(func(t *testing.T, due int64, id []byte, text string) {
		gotDue, gotID, err := parseDueCursor(dueCursor(due, id))
		if err != nil || gotDue != due || !bytes.Equal(gotID, id) {
			t.Fatalf("%d %x comes back as %d %x (%v)", due, id, gotDue, gotID, err)
		}
		due, id, err = parseDueCursor(state.Cursor(text))
		if err != nil {
			require.ErrorIs(t, err, errCursor)
			return
		}
		gotDue, gotID, err = parseDueCursor(dueCursor(due, id))
		require.NoError(t, err)
		require.Equal(t, due, gotDue)
		require.Equal(t, string(id), string(gotID))
	})
}
