package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

const (
	loadTimeout  = 5 * time.Second
	maxShownKeys = 1000
	maxShownText = 2 << 10 // bytes of one key or value
)

// messageView is the data that the page shows of one message.
type messageView struct {
	Path     string   `json:"path"`
	Label    string   `json:"label"`
	Store    string   `json:"store"`
	Timeline timeline `json:"timeline"`
	Entries  []*entry `json:"entries"` // newest first

	// The rest comes from the store.
	Latest int64      `json:"latest,string"`
	Floor  int64      `json:"floor,string"`
	Clear  int64      `json:"clear,string"`
	Read   int64      `json:"read,string"`
	Seen   int        `json:"seen"` // versions above the floor
	Gaps   []span     `json:"gaps"`
	Due    *time.Time `json:"due"`
	Tries  int        `json:"tries"`
	// No version is known to be missing, but the message must be read back.
	Doubted   bool       `json:"doubted"`
	Gone      bool       `json:"gone"` // Chat no longer has the message
	KeyValues []keyValue `json:"keyValues"`
	Keys      int        `json:"keys"`
	Poll      poll       `json:"poll"`
}

// keyValue is a visible key-value, cut to a length that people read.
type keyValue struct {
	Key        string `json:"key"`
	Value      string `json:"value"`
	ValueBytes int    `json:"valueBytes"`
	Seq        int64  `json:"seq,string"`
}

func (c *Console) showMessage(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("path")
	message, err := msgext.ParsePath(path)
	if err != nil || message.SDKAppID != c.options.SDKAppID {
		writeProblem(w, http.StatusBadRequest, "not a message of this app")
		return
	}
	record, err := c.load(r.Context(), message)
	if err != nil && !errors.Is(err, state.ErrNotFound) && !errors.Is(err, errNoStore) {
		writeProblem(w, http.StatusBadGateway, "the store does not answer")
		return
	}
	all, _, _ := c.history.after(0)
	view := newMessageView(message, all)
	view.Store = storeSaid(err)
	if err == nil {
		view.setState(record)
	}
	view.Timeline = draw(view.Entries, view.progress(record), len(all) < capacity)
	slices.Reverse(view.Entries)
	writeJSON(w, http.StatusOK, view)
}

// errNoStore is load's error where there is no store.
var errNoStore = errors.New("console: no store")

func (c *Console) load(ctx context.Context, message msgext.Message) (state.Record, error) {
	if c.options.Load == nil {
		return state.Record{}, errNoStore
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	return c.options.Load(ctx, message)
}

// newMessageView returns the view of the kept entries of a message, oldest entry first.
func newMessageView(message msgext.Message, all []*entry) *messageView {
	var named entry
	named.setMessage(message)
	view := &messageView{
		Path: message.Path(), Label: named.Label,
		Entries: []*entry{}, Gaps: []span{}, KeyValues: []keyValue{}, Poll: poll{Choices: []choice{}},
	}
	for _, e := range all {
		if e.Message == view.Path {
			view.Entries = append(view.Entries, e)
			view.Latest = max(view.Latest, e.Latest)
		}
	}
	return view
}

func (v *messageView) progress(record state.Record) *msgext.Progress {
	if v.Store != storeHas {
		return nil
	}
	return &record.State.Progress
}

func (v *messageView) setState(record state.Record) {
	s := record.State
	v.Latest, v.Floor, v.Clear, v.Read = s.Latest, s.Contiguous(), s.ClearSeq(), s.Read()
	v.Gaps = gaps(s.Progress)
	for _, seen := range s.Seen {
		if seen > v.Floor {
			v.Seen++
		}
	}
	if !record.Check.Due.IsZero() {
		v.Due = &record.Check.Due
	}
	v.Tries = record.Check.Tries
	v.Doubted, v.Gone = record.Incomplete() && len(v.Gaps) == 0, record.Check.Gone

	visible := s.Visible()
	v.Keys = len(visible)
	v.Poll = count(visible)
	for _, kv := range visible[:min(len(visible), maxShownKeys)] {
		v.KeyValues = append(v.KeyValues, keyValue{
			Key: cut(kv.Key, maxShownText), Value: cut(kv.Value, maxShownText), ValueBytes: len(kv.Value), Seq: kv.Seq,
		})
	}
}
