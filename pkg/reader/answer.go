package reader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"msgext/internal/jsonquote"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// ErrNotFound is Read's error for a message of whose extensions nothing was ever heard or read.
var ErrNotFound = errors.New("reader: message not found")

// Answer is the answer about one message.
type Answer struct {
	Body []byte // JSON
	Gap  bool   // something is missing, in doubt, or newer than what Chat has
	Gone bool   // Chat no longer has the message
}

// Read loads a message and answers in the shape of Chat's own read, or with a tally. Its error is
// ErrNotFound or the store's.
func Read(ctx context.Context, store state.Loader, message msgext.Message, tally Tally) (Answer, error) {
	return read(ctx, store, message, tally, nil)
}

// read is Read. It appends the body to room, unless that is a tally.
func read(ctx context.Context, store state.Loader, message msgext.Message, tally Tally, room []byte) (Answer, error) {
	record, err := store.Load(ctx, message)
	if errors.Is(err, state.ErrNotFound) || err == nil && !known(record) {
		return Answer{}, ErrNotFound
	}
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Gap: record.Incomplete(), Gone: record.Check.Gone}
	if tally == "" {
		answer.Body = appendReply(room, record.State.Reply())
		return answer, nil
	}
	answer.Body, err = tally.count(record.State, answer.Gap)
	return answer, err
}

// known reports whether anything was ever heard or read of the message's extensions. A record may
// also exist only because of a doubt or an announcement, which say that the message exists but not
// which extensions it has.
func known(record state.Record) bool {
	s := record.State
	return s.Latest > 0 || s.Base != nil || len(s.Entries) > 0
}

// appendReply appends the reply as JSON. Bytes that are not UTF-8 become U+FFFD.
func appendReply(b []byte, reply msgext.ReadReply) []byte {
	size := 192
	for _, kv := range reply.ExtensionList {
		size += len(kv.Key) + len(kv.Value) + 48
	}
	b = append(slices.Grow(b, size), `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":`...)
	b = strconv.AppendInt(b, reply.LatestSeq, 10)
	b = append(b, `,"ClearSeq":`...)
	b = strconv.AppendInt(b, reply.ClearSeq, 10)
	b = append(b, `,"ExtensionList":[`...)
	for i, kv := range reply.ExtensionList {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Key":`...)
		b = jsonquote.Append(b, kv.Key)
		b = append(b, `,"Value":`...)
		b = jsonquote.Append(b, kv.Value)
		b = append(b, `,"Seq":`...)
		b = strconv.AppendInt(b, kv.Seq, 10)
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

// write sends the answer, or that it has not changed. Caches must not store it, because they could
// lose the headers Msgext-Gap and Msgext-Gone, which say what the body does not.
func (a Answer) write(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256(a.Body)
	etag := `"` + hex.EncodeToString(sum[:]) + `"`
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("ETag", etag)
	if a.Gap {
		header.Set("Msgext-Gap", "true")
	}
	if a.Gone {
		header.Set("Msgext-Gone", "true")
	}
	if unchanged(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(a.Body) // if it fails, the client has gone
}

// unchanged reports whether If-None-Match has the tag, by weak comparison (RFC 9110, section
// 13.1.2), because a gateway that compresses changes our tag to a weak one.
func unchanged(given []string, etag string) bool {
	for _, list := range given {
		for tag := range strings.SplitSeq(list, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}
