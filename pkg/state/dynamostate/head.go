package dynamostate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// head is a message's head item.
type head struct {
	known  bool
	record state.Record // without entries and base
	item   item         // as stored; nil for a guess
	floor  int64        // as stored; the record's is already past the versions seen above it
	seen   []int64      // as stored
}

// due returns the attribute due, which may be never, or 0 if it is absent.
func (h head) due() int64 {
	d := decoder{item: h.item}
	return d.number("due")
}

// erasing reports whether the head is what step 1 of an erasure leaves: a gap that no mark closes.
func (h head) erasing() bool {
	return h.record.State.Floor == -1 && len(h.record.State.Seen) == 0 && !h.record.Check.DroppedAt.IsZero()
}

// decodeHead reads a head item. Absent attributes are zero. Its error is state.ErrSchemaNew for an
// item that a newer version wrote.
func decodeHead(attributes item) (head, error) {
	if len(attributes) == 0 {
		return head{}, nil
	}
	d := decoder{item: attributes}
	if d.number("schema") > state.Schema {
		return head{}, state.ErrSchemaNew
	}
	moment := func(name string) time.Time { return state.Moment(d.number(name)) }
	h := head{known: true, item: attributes}
	h.record.State = msgext.State{
		Progress: msgext.Progress{Latest: d.number("latest"), Floor: d.number("floor"), Seen: d.versions("seen")},
		Clear:    d.number("clear"), Line: d.number("line"),
	}
	h.record.Check = state.Check{
		Revision: d.number("revision"), Heard: moment("heard"), Announced: moment("announced"),
		Tries: int(d.number("tries")), SinksUpToDate: d.boolean("told"), Doubted: d.number("doubted"),
		AheadOver: d.number("over"), DroppedAt: moment("dropped"), GaveUp: d.boolean("gave"), Gone: d.boolean("gone"),
	}
	if due := d.number("due"); due != never {
		h.record.Check.Due = state.Moment(due)
	}
	if h.record.Check.AheadOver != 0 { // version 1 stored only the time
		h.record.Check.AheadSince = moment("ahead")
	}
	if h.record.Check.Revision == 0 {
		h.record.Check.Revision = unnumbered
	}
	p := &h.record.State.Progress
	slices.Sort(p.Seen)
	h.floor, h.seen = p.Floor, slices.Clone(p.Seen)
	if p.RaiseFloor(p.Floor); len(p.Seen) == 0 {
		p.Seen = nil
	}
	return h, d.err
}

// unnumbered is the revision of a message that version 1 created without one. An event changes a
// missing revision to 1, so unnumbered must be a different number.
const unnumbered = -1 << 40

// headAttributes are the attributes that a head may have in addition to its key.
var headAttributes = strings.Fields("path schema latest floor clear line revision heard announced due shard tries told doubted ahead over dropped gave gone seen")

// encodeHead is the inverse of decodeHead. Zero attributes are left out, except those that
// conditions rely on.
func encodeHead(path string, r state.Record) item {
	c := r.Check
	attributes := item{
		"path": text(path), "schema": number(state.Schema),
		"latest": number(r.State.Latest), "floor": number(r.State.Floor), "revision": number(c.Revision),
	}
	for name, n := range map[string]int64{
		"clear": r.State.Clear, "line": r.State.Line, "heard": state.Milliseconds(c.Heard), "announced": state.Milliseconds(c.Announced),
		"tries": int64(c.Tries), "doubted": c.Doubted, "ahead": state.Milliseconds(c.AheadSince), "over": c.AheadOver,
		"dropped": state.Milliseconds(c.DroppedAt),
	} {
		if n != 0 {
			attributes[name] = number(n)
		}
	}
	for name, yes := range map[string]bool{"told": c.SinksUpToDate, "gave": c.GaveUp, "gone": c.Gone} {
		if yes {
			attributes[name] = boolean(true)
		}
	}
	if len(r.State.Seen) > 0 {
		attributes["seen"] = versions(r.State.Seen...)
	}
	if due, partition := place(path, c); due != 0 {
		attributes["due"], attributes["shard"] = number(due), number(partition)
	}
	return attributes
}

// unneeded is the result of a decide function if the head needs no write.
var unneeded *expression

// change is an optimistic update: decide builds a conditional write from the head we assume is
// stored, at first a guess. If the condition fails, DynamoDB returns the stored head and decide
// runs again. A failed condition means that another write succeeded, so the concurrent writers of
// one head always make progress. change returns the head as written, or as found if no write was
// needed.
func (s *Store) change(ctx context.Context, path string, guess head, decide func(head) (*expression, error)) (head, error) {
	for assumed := guess; ; {
		e, err := decide(assumed)
		if err != nil || e == unneeded {
			return assumed, err
		}
		attributes, ok, err := s.write(ctx, address(path, headItem), e)
		if err != nil {
			return head{}, err
		}
		if assumed, err = decodeHead(attributes); err != nil || ok {
			return assumed, err
		}
	}
}

// becoming returns a write that changes a head to a record. Its condition is that three kinds of
// attributes are unchanged: those that it writes, those that most decisions depend on, and those in
// reads.
func (h head) becoming(path string, after state.Record, reads ...string) *expression {
	e := new(expression)
	wanted := encodeHead(path, after)
	reads = append(reads, "schema", "revision", "announced", "due", "tries", "doubted", "over", "dropped", "gave")
	changes := false
	for _, name := range headAttributes {
		is, want := h.item[name], wanted[name]
		same := equal(is, want)
		switch {
		case same:
		case want == nil:
			e.remove(name)
		default:
			e.set(name, want)
		}
		changes = changes || !same
		if h.known && (!same || slices.Contains(reads, name)) {
			e.unchanged(name, is)
		}
	}
	if !changes {
		return unneeded
	}
	if !h.known {
		e.when("attribute_not_exists(#pk)")
	}
	return e
}

// equal compares two attributes as DynamoDB does. A set has no order.
func equal(a, b types.AttributeValue) bool {
	return a == nil && b == nil || a != nil && b != nil && plain(a) == plain(b)
}

func plain(value types.AttributeValue) string {
	switch v := value.(type) {
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberBOOL:
		return fmt.Sprint(v.Value)
	case *types.AttributeValueMemberNS:
		return strings.Join(slices.Sorted(slices.Values(v.Value)), " ")
	}
	return ""
}

// upTo returns the part of a sorted set that does not exceed version.
func upTo(set []int64, version int64) []int64 {
	at, found := slices.BinarySearch(set, version)
	if found {
		at++
	}
	return set[:at]
}
