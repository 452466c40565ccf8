package redisstate

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	jsonv2 "github.com/go-json-experiment/json" // decodes in a third of the time of encoding/json
	"github.com/redis/go-redis/v9"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// errReply says that the data in Redis was not written by this package.
var errReply = errors.New("redisstate: a message is not of the form that is written here")

// errCursor is the error for a cursor that Each did not return.
var errCursor = errors.New("redisstate: not a cursor of this list")

// entryPrefix is the length of an encoded entry without its value.
const entryPrefix = digitCount + 1

// encodeEntry encodes an entry so that msgext.Entry.Before is the order of the bytes.
func encodeEntry(e msgext.Entry) string {
	var seq [digitCount]byte
	writeDigits(&seq, e.Seq)
	if e.Deleted {
		return string(seq[:]) + "1"
	}
	return string(seq[:]) + "0" + e.Value
}

func decodeEntry(text string) (msgext.Entry, error) {
	if len(text) < entryPrefix {
		return msgext.Entry{}, errReply
	}
	seq, ok := readDigits(text[:digitCount])
	e := msgext.Entry{Seq: seq, Deleted: text[digitCount] == '1', Value: text[entryPrefix:]}
	if !ok || !e.Deleted && text[digitCount] != '0' || e.Deleted && e.Value != "" {
		return msgext.Entry{}, errReply
	}
	return e, nil
}

// compressFrom is the size in bytes from which a read is stored compressed.
const compressFrom = 4 << 10

// encodeBase encodes the stored part of a read as JSON, and compresses it with gzip if it is large.
// The first byte shows which.
func encodeBase(read msgext.Snapshot) ([]byte, error) {
	var kept msgext.State
	read.After = 0
	kept.Merge(read) // in the form in which State keeps it, so that equal reads are equal bytes
	plain, err := json.Marshal(kept.Base)
	if err != nil {
		return nil, fmt.Errorf("redisstate: encode read: %w", err)
	}
	if len(plain) < compressFrom {
		return plain, nil
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("redisstate: compress read: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("redisstate: compress read: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("redisstate: compress read: %w", err)
	}
	return packed.Bytes(), nil
}

func decodeBase(encoded string) (*msgext.Snapshot, error) {
	plain := []byte(encoded)
	if encoded == "" || encoded[0] != '{' {
		r, err := gzip.NewReader(bytes.NewReader(plain))
		if err != nil {
			return nil, errReply
		}
		if plain, err = io.ReadAll(r); err != nil {
			return nil, errReply
		}
	}
	read := new(msgext.Snapshot)
	if jsonv2.Unmarshal(plain, read) != nil {
		return nil, errReply // the cause could quote a value
	}
	return read, nil
}

// headFields returns the fields that decodeHead reads, in this order.
func headFields() []string {
	return []string{"latest", "floor", "clear", "read", "revision", "heard", "announced", "due", "tries", "told", "doubted",
		"ahead", "over", "dropped", "gave", "gone"}
}

// kept is the content of a message's keys, read in one transaction instead of a script, because Lua
// would copy hundreds of fields into a table and back.
type kept struct {
	schema, base *redis.StringCmd
	head         *redis.SliceCmd
	seen         *redis.StringSliceCmd
	entries      *redis.KeyValueSliceCmd
}

// record decodes the content. Its errors are state.ErrSchemaNew and state.ErrNotFound.
func (k kept) record() (state.Record, error) {
	if written, _ := strconv.Atoi(k.schema.Val()); written > state.Schema { // schema 1 wrote none
		return state.Record{}, explain(state.ErrSchemaNew)
	}
	if !slices.ContainsFunc(k.head.Val(), func(field any) bool { return field != nil }) {
		return state.Record{}, state.ErrNotFound
	}
	seen := make([]any, len(k.seen.Val()))
	for i, version := range k.seen.Val() {
		seen[i] = version
	}
	record, err := decodeHead([]any{k.head.Val(), seen})
	if err != nil {
		return state.Record{}, err
	}
	entries := k.entries.Val()
	if len(entries) > 0 {
		record.State.Entries = make(map[string]msgext.Entry, len(entries))
	}
	for _, entry := range entries {
		if record.State.Entries[entry.Key], err = decodeEntry(entry.Value); err != nil {
			return state.Record{}, err
		}
	}
	if k.base.Err() == nil {
		record.State.Base, err = decodeBase(k.base.Val())
	}
	return record, err
}

// decodeHead decodes the fields of a head and the versions seen. A missing field is zero.
func decodeHead(parts []any) (state.Record, error) {
	if len(parts) != 2 {
		return state.Record{}, errReply
	}
	fields, _ := parts[0].([]any)
	seen, ok := parts[1].([]any)
	if !ok || len(fields) != len(headFields()) {
		return state.Record{}, errReply
	}
	numbers, err := parseNumbers(fields)
	if err != nil {
		return state.Record{}, err
	}
	record := state.Record{
		State: msgext.State{
			Progress: msgext.Progress{Latest: numbers[0], Floor: numbers[1]},
			Clear:    numbers[2], Line: numbers[3],
		},
		Check: state.Check{
			Revision: numbers[4], Heard: state.Moment(numbers[5]), Announced: state.Moment(numbers[6]), Due: state.Moment(numbers[7]),
			Tries: int(numbers[8]), SinksUpToDate: numbers[9] != 0, Doubted: numbers[10],
			AheadSince: state.Moment(numbers[11]), AheadOver: numbers[12], DroppedAt: state.Moment(numbers[13]),
			GaveUp: numbers[14] != 0, Gone: numbers[15] != 0,
		},
	}
	if len(seen) > 0 {
		record.State.Seen, err = parseNumbers(seen)
	}
	return record, err
}

func parseNumbers(texts []any) ([]int64, error) {
	numbers := make([]int64, len(texts))
	for i, text := range texts {
		if text == nil {
			continue
		}
		decimal, ok := text.(string)
		if ok && decimal == "" {
			numbers[i] = -1 // see digits
			continue
		}
		number, err := parseNumber(decimal)
		if err != nil {
			return nil, err
		}
		numbers[i] = number
	}
	return numbers, nil
}

// parseNumber reads a decimal number in the form in which scripts write it: without a plus sign.
func parseNumber(decimal string) (int64, error) {
	number, err := strconv.ParseInt(decimal, 10, 64)
	if err != nil || decimal[0] == '+' {
		return 0, errReply
	}
	return number, nil
}

// digits encodes a version so that texts sort like versions: in 19 digits. A version below 0, which
// only a floor can be, is the empty text.
func digits(version int64) string {
	if version < 0 {
		return ""
	}
	var text [digitCount]byte
	writeDigits(&text, version)
	return string(text[:])
}

// digitCount is the number of digits of math.MaxInt64.
const digitCount = 19

// readDigits is the inverse of writeDigits. It takes a quarter of the time of strconv, which a
// message of hundreds of entries shows.
func readDigits(text string) (version int64, ok bool) {
	for _, digit := range []byte(text) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		version = 10*version + int64(digit-'0')
	}
	return version, version >= 0 // one above math.MaxInt64 has become negative
}

func writeDigits(text *[digitCount]byte, version int64) {
	for i := digitCount - 1; i >= 0; i-- {
		text[i] = byte('0' + version%10)
		version /= 10
	}
}
