package chatapi

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"msgext/pkg/msgext"
)

const (
	// maxReads is how often a message is read from its first page while it keeps changing.
	maxReads = 3
	// maxPages limits one reading. 300 keys (trtc.io/document/53445) are two pages of 200. A
	// message that changes constantly may have more pages.
	maxPages = 32
)

type readRequest struct {
	msgext.Address
	StartSeq int64 `json:"StartSeq,omitzero"` // only versions from this one on
}

// Reading is the result of Read, with the time at which the read began.
type Reading struct {
	msgext.Snapshot // the caller sets its Number and After

	// Began is when the read began: by the client's clock, before the first page was asked for, and
	// never after the Date of Chat's reply. Everything that Chat had done before Began is in the
	// read. It is set even if Read's error is ErrGone.
	Began time.Time
}

// maxClockError is how far a reply's Date may differ from our clock and still be believed. A
// UserSig, which is valid for an hour, fails beyond it.
const maxClockError = time.Hour

// Read reads all extensions of a message: the truth as of Snapshot.Latest. If the message changed
// while its pages were read, Read starts again. After three such attempts the smallest version seen
// is Latest, newer key-values go into Newer, and Ahead is the greatest version seen, so that the
// caller knows that a later read is needed. A key that Chat lists is present. A key that it does
// not list is absent (not documented for deleted keys).
//
// Errors: ErrForeignApp, ErrGone, ErrRefused, ErrReply, ErrNoProgress, *Error. It honours the
// context.
func (c *Client) Read(ctx context.Context, message msgext.Message) (Reading, error) {
	if message.SDKAppID != c.app {
		return Reading{}, ErrForeignApp
	}
	var pages reading
	for range maxReads {
		var err error
		if pages, err = c.readPages(ctx, message); err != nil {
			return Reading{Began: pages.began}, err
		}
		if !pages.moved() {
			break
		}
	}
	return Reading{pages.snapshot(), pages.began}, nil
}

// reading is the content of all pages of one message, read once from first to last.
type reading struct {
	began              time.Time
	smallest, greatest int64 // of the pages' LatestSeq
	clear              int64 // the greatest ClearSeq
	keyValues          []msgext.KeyValue
}

// moved reports whether the message changed between the first page and the last.
func (r reading) moved() bool { return r.smallest != r.greatest }

func (c *Client) readPages(ctx context.Context, message msgext.Message) (reading, error) {
	type version struct {
		key string
		seq int64
	}
	all := reading{began: c.now()}
	seen := make(map[version]bool)
	request := readRequest{Address: message.Address()}
	for page := range maxPages {
		reply, date, err := c.readPage(ctx, commandFor(message, "get_key_values"), request)
		if page == 0 {
			all.notAfter(date)
		}
		if err != nil {
			return all, err
		}
		latest := max(reply.LatestSeq, reply.ClearSeq)
		if page == 0 {
			all.smallest = latest
		}
		all.smallest, all.greatest = min(all.smallest, latest), max(all.greatest, latest)
		all.clear = max(all.clear, reply.ClearSeq)
		before := len(seen)
		for _, kv := range reply.ExtensionList {
			if v := (version{kv.Key, kv.Seq}); !seen[v] {
				seen[v] = true
				all.keyValues = append(all.keyValues, kv)
			}
		}
		switch {
		case reply.CompleteFlag == 1:
			return all, nil
		case len(seen) == before:
			return all, ErrNoProgress
		}
		// StartSeq is inclusive, and up to 20 keys may have the same Seq, so a page may end in the
		// middle of them.
		request.StartSeq = reply.ExtensionList[len(reply.ExtensionList)-1].Seq
	}
	return all, ErrNoProgress
}

// notAfter moves the beginning back to a reply's date, if that is earlier and within maxClockError.
func (r *reading) notAfter(date time.Time) {
	if early := r.began.Sub(date); early > 0 && early < maxClockError {
		r.began = date
	}
}

// readPage returns a page and the reply's date, zero if it has none.
func (c *Client) readPage(ctx context.Context, command string, request readRequest) (msgext.ReadReply, time.Time, error) {
	data, date, err := c.do(ctx, call{command: command, request: request, idempotent: true})
	if err != nil {
		return msgext.ReadReply{}, date, err
	}
	var reply msgext.ReadReply
	if err := decode(data, &reply); err != nil || !wellFormed(reply) {
		return msgext.ReadReply{}, date, ErrReply
	}
	return reply, date, nil
}

// wellFormed checks a page against the vendor's documentation.
func wellFormed(reply msgext.ReadReply) bool {
	if reply.LatestSeq < 0 || reply.ClearSeq < 0 {
		return false
	}
	for _, kv := range reply.ExtensionList {
		if kv.Key == "" || kv.Seq < 0 {
			return false
		}
	}
	// Going from page to page depends on the order. A single page may have any order.
	return reply.CompleteFlag == 1 || slices.IsSortedFunc(reply.ExtensionList, bySeq)
}

func bySeq(a, b msgext.KeyValue) int { return cmp.Compare(a.Seq, b.Seq) }

// snapshot splits the reading at the smallest LatestSeq. A key found twice moved from one page to a
// later one, so on each side its greatest version counts. Key-values that a clear covers are
// removed, whichever page listed them: a client is to delete all key-values whose Seq is at or
// below ClearSeq (see the package's sources).
func (r reading) snapshot() msgext.Snapshot {
	present, newer := make(map[string]msgext.KeyValue), make(map[string]msgext.KeyValue)
	for _, kv := range r.keyValues {
		side := present
		if kv.Seq > r.smallest {
			side = newer
		}
		if have, ok := side[kv.Key]; kv.Seq > r.clear && (!ok || have.Seq < kv.Seq) {
			side[kv.Key] = kv
		}
	}
	snapshot := msgext.Snapshot{Latest: r.smallest, Clear: r.clear, KeyValues: sorted(present), Newer: sorted(newer)}
	if r.moved() {
		snapshot.Ahead = r.greatest
	}
	return snapshot
}

func sorted(keyValues map[string]msgext.KeyValue) []msgext.KeyValue {
	return slices.SortedFunc(maps.Values(keyValues), func(a, b msgext.KeyValue) int {
		return cmp.Or(bySeq(a, b), strings.Compare(a.Key, b.Key))
	})
}
