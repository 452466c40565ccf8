package sqlstate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Merge implements state.Store.
func (s *Store) Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error {
	id := idOf(message)
	latest := max(read.Latest, read.Ahead)
	for _, kv := range read.Newer {
		latest = max(latest, kv.Seq)
	}
	base, sum, err := encodeBase(read)
	if err != nil {
		return err
	}
	after := read.After
	if read.Number <= after {
		after = never // the read can then only be one that is stored already
	}
	arguments := []any{id, read.Number, sum, after, read.Latest, read.Clear, base}
	batch := make([]Statement, 0, len(read.Newer)+4)
	batch = append(batch, Statement{s.sql.reread, arguments}, Statement{s.sql.read, arguments},
		Statement{s.sql.know, append(append([]any{id, read.Number, sum}, identity(message)[1:]...), latest, read.Latest)})
	for _, kv := range read.Newer {
		entry := s.put(id, kv.Key, msgext.Entry{Seq: kv.Seq, Value: kv.Value}).Args[1:]
		batch = append(batch, Statement{s.sql.putNewer, append([]any{id, read.Number, sum}, entry...)})
	}
	batch = append(batch, Statement{s.sql.tidy, []any{id}})
	rows, err := s.database.Write(ctx, Write{Message: id, Statements: batch})
	if err == nil && rows[0]+rows[1] == 0 {
		return state.ErrOvertaken
	}
	return err
}

// never is a number that no read has.
const never = -1

// encodeBase returns the stored part of a read as JSON, and a digest that is the same for equal
// reads.
func encodeBase(read msgext.Snapshot) (text string, sum []byte, err error) {
	encoded := make([]msgext.KeyValue, len(read.KeyValues))
	for i, kv := range read.Reply().ExtensionList {
		encoded[i] = msgext.KeyValue{Key: encode(kv.Key), Value: encode(kv.Value), Seq: kv.Seq}
	}
	plain, err := json.Marshal(encoded)
	if err != nil {
		return "", nil, fmt.Errorf("sqlstate: encode read: %w", err)
	}
	hash := sha256.New()
	_ = binary.Write(hash, binary.BigEndian, [2]int64{read.Latest, read.Clear}) // never fails
	_, _ = hash.Write(plain)
	return string(plain), hash.Sum(nil), nil
}
