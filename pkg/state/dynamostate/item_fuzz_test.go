package dynamostate

import (
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// FuzzHead checks that a head item decodes to the record from which it was encoded. If an attribute
// is replaced by another one's value, the error names the attribute and does not quote the value.
func FuzzHead(f *testing.F) {
	f.Add("1/g/10", int64(7), int64(-1), int64(1764688294360), int64(9), int64(3), uint16(0xffff), uint8(1), "QZXJQ")
	f.Add("1/a/b/c", int64(0), int64(0), int64(0), int64(0), int64(0), uint16(0), uint8(2), "+")
	f.Add("", int64(math.MaxInt64), int64(5), int64(-1), int64(never), int64(-7), uint16(0b1010101), uint8(7), "1e3")
	f.Fuzz(func(t *testing.T, path string, latest, floor, at, due, other int64, which uint16, broken uint8, held string) {
		has := func(bit int) bool { return which>>bit&1 == 1 }
		moment := func(bit int, millis int64) (m int64) {
			if has(bit) {
				return millis & (1<<48 - 1)
			}
			return 0
		}
		record := state.Record{
			State: msgext.State{Progress: msgext.Progress{Latest: max(latest&math.MaxInt64, floor), Floor: max(floor, -1)}, Clear: moment(0, other), Line: moment(1, latest)},
			Check: state.Check{
				Revision: 1 + other&math.MaxInt32, Heard: state.Moment(moment(2, at)), Announced: state.Moment(moment(3, at+1)), Due: state.Moment(moment(4, due)),
				Tries: int(moment(5, other)), SinksUpToDate: has(6), Doubted: moment(7, other), DroppedAt: state.Moment(moment(8, at)),
				GaveUp: has(9), Gone: has(10), AheadOver: moment(11, latest),
			},
		}
		if record.Check.AheadOver != 0 {
			record.Check.AheadSince = state.Moment(moment(12, at))
		}
		for _, version := range []int64{latest & math.MaxInt64, latest&math.MaxInt64 + 7, other & math.MaxInt64} {
			if version > 0 {
				record.State.MarkSeen(version)
			}
		}
		if len(record.State.Seen) == 0 {
			record.State.Seen = nil
		}
		written := encodeHead(path, record)
		read, err := decodeHead(maps.Clone(written))
		require.NoError(t, err)
		require.True(t, read.known)
		require.Equal(t, record, read.record)
		require.Same(t, unneeded, read.becoming(path, record), "it says already what it is to say")
		due, partition := place(path, record.Check)
		require.Equal(t, due, read.due())
		if due != 0 {
			require.Contains(t, append(partitions(record.Check.Lane()), stuck+int64(record.Check.Lane())), partition)
			require.Equal(t, record.Check.Standing() == state.Stuck, standing(partition) == state.Stuck)
		}

		name := slices.Sorted(maps.Keys(written))[int(broken)%len(written)]
		damaged := maps.Clone(written)
		damaged[name] = []types.AttributeValue{text(held), boolean(true), versions(1), &types.AttributeValueMemberN{Value: held},
			&types.AttributeValueMemberNS{Value: []string{held}}}[which%5]
		_, err = decodeHead(damaged)
		switch {
		case fits(name, damaged[name]):
			require.True(t, err == nil || err == state.ErrSchemaNew && name == "schema")
		case name == "schema" && err == state.ErrSchemaNew: // a number that no int64 can be is a newer one, too
		default:
			require.EqualError(t, err, `an item whose attribute "`+name+`" is not what this package writes`)
		}
	})
}

// fits reports whether a head's attribute may have a value.
func fits(name string, value types.AttributeValue) bool {
	isNumber := func(text string) bool {
		number, ok := new(big.Int).SetString(text, 10)
		return ok && number.IsInt64() && !strings.Contains(text, "_")
	}
	switch v := value.(type) {
	case *types.AttributeValueMemberBOOL:
		return slices.Contains([]string{"told", "gave", "gone", "path", "shard"}, name)
	case *types.AttributeValueMemberNS:
		return name == "path" || name == "shard" || name == "seen" && isNumber(v.Value[0])
	case *types.AttributeValueMemberN:
		return name == "path" || name == "shard" || isNumber(v.Value) && !slices.Contains([]string{"told", "gave", "gone", "seen"}, name)
	}
	return name == "path" || name == "shard" // decodeHead does not read these
}

// FuzzItems checks that a message's items respect the limits of their keys, are no other message's,
// and decode to what was written. A read with a changed byte is refused, or decodes to the same.
func FuzzItems(f *testing.F) {
	f.Add("1/g/10", "1/g/1", "key", "value", int64(5), false, 0, byte(1), []byte(`x`))
	f.Add(strings.Repeat("a", 2049), "#"+hash(strings.Repeat("a", 2049)), "", "", int64(0), true, 30, byte(0x80), []byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, path, other, key, value string, seq int64, deleted bool, at int, flip byte, stored []byte) {
		key, value = strings.ToValidUTF8(key, "?"), strings.ToValidUTF8(value, "?") // as Decode and Read have them
		pk, sk := partition(path), keyItem(key)
		require.LessOrEqual(t, len(pk), 2048)
		require.LessOrEqual(t, len(sk), 1024)
		require.NotContains(t, []string{headItem, readItem}, sk)
		// No path begins with #.
		if path != other && !strings.HasPrefix(path+other, "#") && !strings.HasPrefix(other, "#") {
			require.NotEqual(t, pk, partition(other))
		}
		entry := msgext.Entry{Seq: seq, Deleted: deleted, Value: value}
		put := make(item)
		for name, value := range (keyEntry{key, entry}).replacing().values {
			put[strings.TrimPrefix(name, ":")] = value
		}
		d := &decoder{item: put}
		gotKey, got := d.entry()
		require.NoError(t, d.err)
		require.Equal(t, key, gotKey)
		require.Equal(t, entry, got)

		if _, err := decompress(stored); err != nil {
			require.Equal(t, errRead, err)
		}
		if flip == 0 {
			return // the rest is slow
		}
		list := []msgext.KeyValue{{Key: key, Value: value, Seq: seq}, {Key: value, Value: key, Seq: -seq}}
		compressed, err := compress(list)
		if err != nil {
			require.ErrorIs(t, err, ErrTooLarge)
			return
		}
		encoded := compressed.(*types.AttributeValueMemberB).Value
		read, err := decompress(encoded)
		require.NoError(t, err)
		require.Equal(t, list, read)
		encoded[uint(at)%uint(len(encoded))] ^= flip
		if damaged, err := decompress(encoded); err == nil {
			require.Equal(t, list, damaged)
		} else {
			require.Equal(t, errRead, err)
		}
	})
}
