package dynamostate

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Merge implements state.Store. It writes the read, by a compare-and-set of its number, then the
// head, then the key-values above the read. The newest read decides up to its LatestSeq whatever
// the head says, so a read whose head is not written yet hides nothing. For an unknown message the
// head is written first, so that there is never a read without a head.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	path := message.Path()
	err := s.merge(ctx, path, read)
	if errors.Is(err, state.ErrOvertaken) {
		return err
	}
	return failed(ctx, "merge", err)
}

func (s *Store) merge(ctx context.Context, path string, read msgext.Snapshot) error {
	heard := state.Record{State: msgext.State{Base: &msgext.Snapshot{Number: read.After}}} // what the read adds to what webhooks said
	if read.Number > read.After {
		heard.Merge(read)
	}
	compressed, err := compress(read.KeyValues)
	if err != nil {
		return err
	}
	h, err := s.head(ctx, path)
	if err != nil {
		return err
	}
	tell := func(h head) (*expression, error) {
		after := h.record.Clone()
		after.State.Hear(heard.State.Latest)
		after.State.Line = max(after.State.Line, read.Latest)
		if !h.known {
			after.Check.Revision, after.Check.Due = read.Number, state.Moment(read.Number)
		}
		return h.becoming(path, after), nil
	}
	switch {
	case !h.known && read.After != 0:
		return state.ErrOvertaken
	case !h.known:
		if _, _, err := s.clear(ctx, path); err != nil {
			return err
		}
		if h, err = s.change(ctx, path, h, tell); err != nil {
			return err
		}
	case read.After == 0:
		if h, err = s.drawLine(ctx, path, h); err != nil {
			return err
		}
	}
	if err := s.replace(ctx, path, read, compressed); err != nil {
		return err
	}
	if _, err := s.change(ctx, path, h, tell); err != nil {
		return err
	}
	newer := make([]keyEntry, 0, len(heard.State.Entries))
	for key, entry := range heard.State.Entries {
		newer = append(newer, keyEntry{key, entry})
	}
	_, err = s.put(ctx, path, newer)
	return err
}

// replace stores a read if it follows the stored one. Its error is state.ErrOvertaken.
func (s *Store) replace(ctx context.Context, path string, read msgext.Snapshot, compressed types.AttributeValue) error {
	e := new(expression)
	e.set("number", number(read.Number))
	e.set("latest", number(read.Latest))
	e.set("clear", number(read.Clear))
	e.set("key_values", compressed)
	var was types.AttributeValue
	if read.After != 0 {
		was = number(read.After)
	}
	e.unchanged("number", was)
	if read.Number <= read.After {
		e.when(":was_number < :number") // never true: only a retry of the stored read is accepted
	}
	stands, ok, err := s.write(ctx, address(path, readItem), e)
	if err != nil || ok {
		return err
	}
	if len(stands) > 0 {
		d := &decoder{item: stands}
		if same := d.snapshot(); d.err != nil || same.Number == read.Number && same.Same(read) {
			return d.err
		}
	}
	return state.ErrOvertaken
}

// drawLine raises the line to the LatestSeq of a read that version 1 wrote, before a read with a
// lower LatestSeq may replace it.
func (s *Store) drawLine(ctx context.Context, path string, h head) (head, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: s.table, Key: address(path, readItem), ConsistentRead: aws.Bool(true),
		ProjectionExpression: aws.String("#latest, #number"), ExpressionAttributeNames: names("#latest #number"),
	})
	if err != nil {
		return head{}, err
	}
	d := decoder{item: out.Item}
	latest := d.number("latest")
	if d.err != nil || latest == 0 || d.number("number") != 0 {
		return h, d.err
	}
	return s.change(ctx, path, h, func(h head) (*expression, error) {
		after := h.record.Clone()
		after.State.Line = max(after.State.Line, latest)
		return h.becoming(path, after), nil
	})
}

// compress encodes the key-values of a read. The 300 that a message may have are at most 330 KB,
// and always fit after gzip, because they are text. Only a read far above Chat's limits does not
// fit.
func compress(keyValues []msgext.KeyValue) (types.AttributeValue, error) {
	var compressed bytes.Buffer
	writer := gzip.NewWriter(&compressed)
	if err := json.NewEncoder(writer).Encode(keyValues); err != nil {
		return nil, fmt.Errorf("encode a read: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("encode a read: %w", err)
	}
	const others = 4 << 10 // more than the item's other attributes can take
	if size := compressed.Len() + others; size > maxItemBytes {
		return nil, fmt.Errorf("%w: a read of %d bytes, the limit is %d", ErrTooLarge, size, maxItemBytes)
	}
	return &types.AttributeValueMemberB{Value: compressed.Bytes()}, nil
}

// errRead is the error for a stored read that this package cannot have written. It does not wrap
// the cause, which could quote a value.
var errRead = errors.New("a read is not of the form that this package writes")

func decompress(compressed []byte) ([]msgext.KeyValue, error) {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, errRead
	}
	plain, err := io.ReadAll(reader) // to the end, which has the checksum
	if err != nil {
		return nil, errRead
	}
	var keyValues []msgext.KeyValue
	if json.Unmarshal(plain, &keyValues) != nil {
		return nil, errRead
	}
	return keyValues, nil
}

// snapshot reads the item of a read.
func (d *decoder) snapshot() *msgext.Snapshot {
	read := &msgext.Snapshot{Number: d.number("number"), Latest: d.number("latest"), Clear: d.number("clear")}
	compressed := d.binary("key_values")
	if d.err == nil {
		read.KeyValues, d.err = decompress(compressed)
	}
	return read
}
