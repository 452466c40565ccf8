package redisstate

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// FuzzEntry checks the encoding of an entry as the scripts rely on it: the greater of two texts is
// the entry that decides. Texts in another form are refused.
func FuzzEntry(f *testing.F) {
	f.Add(int64(1), false, "v", int64(1), true, "", "00000000000000000010v")
	f.Add(int64(math.MaxInt64), false, "", int64(0), false, "\x00", "+0000000000000000010v")
	f.Add(int64(9), false, "a", int64(10), false, "a", "00000000000000000012v")
	f.Add(int64(9), false, "好", int64(9), false, "\xff", "99999999999999999990")
	f.Add(int64(9), false, "a", int64(9), true, "", "000000000000000000/0v") // a digit before 0
	f.Fuzz(func(t *testing.T, seq int64, deleted bool, value string, otherSeq int64, otherDeleted bool, otherValue, stored string) {
		one, other := entryOf(seq, deleted, value), entryOf(otherSeq, otherDeleted, otherValue)
		for _, e := range []msgext.Entry{one, other} {
			if read, err := decodeEntry(encodeEntry(e)); err != nil || read != e {
				t.Fatalf("%+v comes back as %+v (%v)", e, read, err)
			}
		}
		if one.Before(other) != (encodeEntry(one) < encodeEntry(other)) {
			t.Fatalf("%+v and %+v stand the other way round", one, other)
		}
		read, err := decodeEntry(stored)
		switch {
		case err != nil:
			require.ErrorIs(t, err, errReply)
		case encodeEntry(read) != stored:
			t.Fatalf("%q is taken for %+v", stored, read)
		}
	})
}

func entryOf(seq int64, deleted bool, value string) msgext.Entry {
	if deleted {
		value = ""
	}
	return msgext.Entry{Seq: seq & math.MaxInt64, Deleted: deleted, Value: value}
}

// FuzzBase checks that a stored read decodes to what State keeps of it. A gzipped read with a
// changed byte is refused, or decodes to the same (a byte of gzip's own header, such as its time).
// Plain JSON has no checksum. Any other data is refused.
func FuzzBase(f *testing.F) {
	f.Add(int64(5), int64(4), int64(0), "key", "value", 1, 0, byte(1), `{"number":"QZXJQ"}`)
	f.Add(int64(5), int64(4), int64(3), "好", "\"\\\n", 400, 30, byte(0x80), "\x1f\x8b")
	f.Add(int64(0), int64(-1), int64(3), "", "", 100, 3000, byte(0xff), ``)
	f.Fuzz(func(t *testing.T, number, latest, cleared int64, key, value string, keys, at int, flip byte, stored string) {
		key, value = strings.ToValidUTF8(key, "?"), strings.ToValidUTF8(value, "?") // as Decode and Read have them
		read := msgext.Snapshot{Number: max(number, 2), After: 1, Latest: latest, Clear: cleared}
		if flip != 0 {
			value += strings.Repeat("x", compressFrom)
		}
		for i := range 1 + keys&0x0f {
			read.KeyValues = append(read.KeyValues, msgext.KeyValue{Key: key + string(rune('a'+i)), Value: value, Seq: int64(i % 7)})
		}
		encoded, err := encodeBase(read)
		require.NoError(t, err)
		got, err := decodeBase(string(encoded))
		require.NoError(t, err)
		read.After = 0
		require.Equal(t, read.Number, got.Number)
		require.True(t, read.Same(*got))

		if encoded[0] != '{' && flip != 0 {
			encoded[uint(at)%uint(len(encoded))] ^= flip
			if damaged, err := decodeBase(string(encoded)); err == nil {
				require.Equal(t, got, damaged, "damaged at %d", uint(at)%uint(len(encoded)))
			} else {
				require.ErrorIs(t, err, errReply)
			}
		}

		other, err := decodeBase(stored)
		if err == nil && other.Number < 1 {
			return // no read has this number
		}
		if err != nil {
			require.Equal(t, errReply, err)
			return
		}
		encoded, err = encodeBase(*other)
		require.NoError(t, err)
		again, err := decodeBase(string(encoded))
		require.NoError(t, err)
		require.Equal(t, other.Number, again.Number)
		require.True(t, other.Same(*again))
	})
}

// FuzzHead checks that a head decodes to the numbers that the scripts wrote. Any other content of a
// field is refused, and the error does not quote it.
func FuzzHead(f *testing.F) {
	f.Add(int64(7), int64(-1), int64(1764688294360), uint(1), "+5", "00000000000000000010")
	f.Add(int64(0), int64(0), int64(0), uint(7), "QZXJQ", "1e3")
	f.Add(int64(math.MaxInt64), int64(5), int64(-62135596800000), uint(15), "9223372036854775808", "")
	f.Fuzz(func(t *testing.T, latest, floor, at int64, field uint, text, version string) {
		names := headFields()
		head := make([]any, len(names)) // a missing field is nil
		for i, name := range names {
			switch name {
			case "latest":
				head[i] = digits(latest & math.MaxInt64)
			case "floor":
				head[i] = digits(floor)
			case "heard":
				head[i] = big.NewInt(at).String()
			}
		}
		record, err := decodeHead([]any{head, []any{digits(latest & math.MaxInt64)}})
		require.NoError(t, err)
		require.Equal(t, latest&math.MaxInt64, record.State.Latest)
		require.Equal(t, max(floor, -1), record.State.Floor)
		require.Equal(t, state.Moment(at), record.Check.Heard)
		require.Equal(t, []int64{latest & math.MaxInt64}, record.State.Seen)

		n := int(field % uint(len(names)))
		head[n] = text
		record, err = decodeHead([]any{head, []any{version}})
		want, wantSeen := numberOf(text), numberOf(version)
		if want == nil || wantSeen == nil {
			require.Equal(t, errReply, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, []int64{*wantSeen}, record.State.Seen)
		switch names[n] {
		case "latest":
			require.Equal(t, *want, record.State.Latest)
		case "revision":
			require.Equal(t, *want, record.Check.Revision)
		case "due":
			require.Equal(t, state.Moment(*want), record.Check.Due)
		case "gave":
			require.Equal(t, *want != 0, record.Check.GaveUp)
		}
	})
}

// numberOf reads a number in the scripts' format, nil for any other text.
func numberOf(text string) *int64 {
	number, before := new(int64), int64(-1)
	if text == "" {
		return &before // a version below 0
	}
	if strings.Trim(strings.TrimPrefix(text, "-"), "0123456789") != "" {
		return nil
	}
	exact, ok := new(big.Int).SetString(text, 10)
	if !ok || !exact.IsInt64() {
		return nil
	}
	*number = exact.Int64()
	return number
}
