package dynamostate

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
)

// Merge implements state.Store: the head, then what the read saw above itself, then the read.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	path := message.Path()
	latest := max(read.Latest, read.Ahead)
	newer := make([]keyEntry, len(read.Newer))
	for i, kv := range read.Newer {
		latest = max(latest, kv.Seq)
		newer[i] = keyEntry{kv.Key, msgext.Entry{Seq: kv.Seq, Value: kv.Value}}
	}
	compressed, err := compress(read.KeyValues)
	if err != nil {
		return failed(ctx, "merge", err)
	}
	if _, err := s.change(ctx, path, head{}, hearOf(path, latest)); err != nil {
		return failed(ctx, "merge", err)
	}
	if err := s.put(ctx, path, newer); err != nil {
		return failed(ctx, "merge", err)
	}
	e := &expression{create: true}
	e.set("latest", number(read.Latest))
	e.set("clear", number(read.Clear))
	e.set("key_values", compressed)
	e.when("#latest < :latest")
	_, _, err = s.write(ctx, address(path, readItem), e)
	return failed(ctx, "merge", err)
}

// compress encodes the key-values of a read. The 300 that a message may have are 330 KB at most, of which
// gzip leaves less whatever they hold, since they are text; only a read far over Chat's limits does not fit.
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

func decompress(compressed []byte) ([]msgext.KeyValue, error) {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("decode a read: %w", err)
	}
	var keyValues []msgext.KeyValue
	if err := json.NewDecoder(reader).Decode(&keyValues); err != nil {
		return nil, fmt.Errorf("decode a read: %w", err)
	}
	return keyValues, nil
}

// snapshot reads the item of a read.
func (d *decoder) snapshot() *msgext.Snapshot {
	read := &msgext.Snapshot{Latest: d.number("latest"), Clear: d.number("clear")}
	compressed := d.binary("key_values")
	if d.err == nil {
		read.KeyValues, d.err = decompress(compressed)
	}
	return read
}
