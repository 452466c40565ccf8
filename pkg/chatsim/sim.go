package chatsim

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/secret"
)

// Options configure a Sim. SDKAppID is required. Everything else may be left zero.
type Options struct {
	SDKAppID string

	// Token signs the webhooks. Without one they are unsigned, as Chat's are.
	Token secret.String

	// Admin and SecretKey must have signed a REST call. Without a key the API refuses every call.
	Admin     string
	SecretKey secret.String

	// CallsPerSecond is how many REST calls are served in each second of the clock. Chat's limit is
	// 200 (trtc.io/document/52169). There is no limit when zero, because a simulated clock may stay
	// in the same second.
	CallsPerSecond int

	// PageSize is how many key-values one REST read returns; 200, like Chat's, when zero.
	PageSize int

	// CheckSeq makes REST sets compare-and-set, like those of members. Chat does not check the
	// versions that the admin gives (see package chatapi's sources). Without this field a Sim does
	// not check them either.
	CheckSeq bool

	// LatestFalls follows one interpretation of the vendor's page ("the greatest Seq of all KVs",
	// trtc.io/document/51194): a read's LatestSeq is the greatest Seq of the listed keys, and falls
	// when the newest of them is deleted. Versions keep rising.
	LatestFalls bool

	// Trouble, if set, is called before each REST call is served, with its number from 1. 0 serves
	// the call, Hang never answers it, 400 to 599 answers with that HTTP status and no JSON, any
	// other number with that ErrorCode. Trouble may change messages.
	Trouble func(call int, command string) int

	// Refuse, if set, returns the ErrorCode with which a call about a message is refused, 0 to
	// serve the call.
	Refuse func(message msgext.Message) int

	// Addresses are GetIPList's answers by nettype: 5 for webhooks into China, 6 elsewhere
	// (trtc.io/document/36742).
	Addresses map[int][]string

	// OnChange, if set, gets the signed webhook of every change made by REST or by Change, after
	// the change, one at a time for each caller. Play sends its own webhooks.
	OnChange func(Delivery)

	// Now is the clock for signing webhooks and for the expiry of UserSigs; time.Now when nil.
	Now func() time.Time
}

// Hang is the Trouble of a call that is not answered until the caller gives up.
const Hang = -1

// Sim simulates Chat for one app. It is safe for concurrent use.
type Sim struct {
	options Options

	mu     sync.Mutex
	truth  truth
	posts  map[msgext.Message]Post
	second int64 // the second for which served counts
	served int   // REST calls in it
	calls  int   // all REST calls
}

// New returns a Sim without any messages.
func New(options Options) *Sim {
	if options.PageSize == 0 {
		options.PageSize = 200
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Sim{options: options, truth: make(truth), posts: make(map[msgext.Message]Post)}
}

// Add adds messages without extensions. Existing ones stay as they are.
func (s *Sim) Add(messages ...msgext.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, message := range messages {
		s.truth.record(message)
	}
}

// Remove removes a message, as if it had been recalled. A group whose last message is removed is
// gone too.
func (s *Sim) Remove(message msgext.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.truth, message)
	delete(s.posts, message)
}

// Messages returns all known messages, sorted by Path.
func (s *Sim) Messages() []msgext.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages := make([]msgext.Message, 0, len(s.truth))
	for message := range s.truth {
		messages = append(messages, message)
	}
	slices.SortFunc(messages, func(a, b msgext.Message) int { return strings.Compare(a.Path(), b.Path()) })
	return messages
}

// Truth returns all extensions of a message, in the shape of one REST read, sorted by Seq, then
// Key. For an unknown message it is the reply for a message that was never changed.
func (s *Sim) Truth(message msgext.Message) msgext.ReadReply {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, ok := s.truth[message]
	if !ok {
		return msgext.NewReadReply(0, 0, nil)
	}
	list := record.list(0)
	return msgext.NewReadReply(max(s.latestOf(record, list), record.clear), record.clear, list)
}

// latestOf returns the LatestSeq of a record with all of its key-values, sorted by Seq.
func (s *Sim) latestOf(r *record, list []msgext.KeyValue) int64 {
	switch {
	case !s.options.LatestFalls:
		return r.latest
	case len(list) == 0:
		return 0
	}
	return list[len(list)-1].Seq
}

// Change makes a change. Its error is a *Refusal if nothing was changed. If only some keys were
// refused, they are in the outcome.
func (s *Sim) Change(change Change) (Outcome, error) {
	s.mu.Lock()
	outcome, err := s.truth.apply(change)
	s.mu.Unlock()
	if outcome.Version > 0 && s.options.OnChange != nil {
		now := s.options.Now()
		s.options.OnChange(s.sign(newDelivery(change.Message, change.User, outcome.Version, outcome.change(change, now)), now))
	}
	return outcome, err
}

func bySeqThenKey(a, b msgext.KeyValue) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Key, b.Key))
}
