package reader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"msgext/internal/jsonquote"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// ErrNotFound is Read's error for a message of whose extensions nobody has heard.
var ErrNotFound = errors.New("reader: message not found")

// Answer is what there is to say of one message.
type Answer struct {
	Body []byte // JSON
	Gap  bool   // something is known to be missing, doubted or ahead of Chat
	Gone bool   // Chat has the message no more
}

// Read loads a message and answers in the shape of Chat's own read, or with a tally. Its error is
// ErrNotFound, or the store's.
func Read(ctx context.Context, store state.Loader, message msgext.Message, tally Tally) (Answer, error) {
	record, err := store.Load(ctx, message)
	if errors.Is(err, state.ErrNotFound) || err == nil && !known(record) {
		return Answer{}, ErrNotFound
	}
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Gap: record.Incomplete(), Gone: record.Check.Gone}
	if tally == "" {
		answer.Body = appendReply(record.State.Reply())
		return answer, nil
	}
	answer.Body, err = tally.count(record.State, answer.Gap)
	return answer, err
}

// known reports whether anything was ever heard or read of the message's extensions. A record
// may also stand there for a doubt or an announcement alone, which say that it exists and not
// what it carries.
func known(record state.Record) bool {
	s := record.State
	return s.Latest > 0 || s.Base != nil || len(s.Entries) > 0
}

// appendReply returns the reply as JSON. Bytes that are not UTF-8 become U+FFFD.
func appendReply(reply msgext.ReadReply) []byte {
	size := 128
	for _, kv := range reply.ExtensionList {
		size += len(kv.Key) + len(kv.Value) + 64
	}
	b := append(make([]byte, 0, size), `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":`...)
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

// write sends the answer, or that it has not changed. Nothing may keep it: a cache would lose a
// header that says what the body does not.
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
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.Body) // whoever is gone needs no reply
	}
}

// unchanged reports whether If-None-Match names the tag, by weak comparison (RFC 9110, section
// 13.1.2): a gateway that compresses makes a weak tag of ours.
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
