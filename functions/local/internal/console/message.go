package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

const (
	loadTimeout  = 5 * time.Second
	maxListed    = 100 // messages in the list
	maxShownKeys = 1000
	maxShownText = 2 << 10 // of one key or value
	maxChoices   = 50      // values of a poll, the most common
)

// messageRow is one message of the list, newest delivery first.
type messageRow struct {
	Path       string    `json:"path"`
	Label      string    `json:"label"`
	Deliveries int       `json:"deliveries"`
	At         time.Time `json:"at"`
	Stored     bool      `json:"stored"`
	Latest     int64     `json:"latest,string"`
	Keys       int       `json:"keys"`
	Gap        bool      `json:"gap"`
}

// messageView is all the page shows of one message.
type messageView struct {
	Path     string   `json:"path"`
	Label    string   `json:"label"`
	Stored   bool     `json:"stored"`
	Timeline timeline `json:"timeline"`
	Entries  []*entry `json:"entries"` // newest first

	// What follows is the store's.
	Latest    int64      `json:"latest,string"`
	Floor     int64      `json:"floor,string"`
	Clear     int64      `json:"clear,string"`
	Read      int64      `json:"read,string"`
	Seen      int        `json:"seen"` // versions above the floor
	Holes     []span     `json:"holes"`
	Due       *time.Time `json:"due"`
	Tries     int        `json:"tries"`
	KeyValues []keyValue `json:"keyValues"`
	Keys      int        `json:"keys"`
	Poll      []choice   `json:"poll"`
	Choices   int        `json:"choices"` // distinct values
}

// keyValue is a visible key-value, cut to what a person reads.
type keyValue struct {
	Key        string `json:"key"`
	Value      string `json:"value"`
	ValueBytes int    `json:"valueBytes"`
	Seq        int64  `json:"seq,string"`
}

// choice is one value and how many keys have it: a poll's usual form is key = user, value =
// chosen option.
type choice struct {
	Value string   `json:"value"`
	Count int      `json:"count"`
	Keys  []string `json:"keys"`
}

func (c *Console) listMessages(w http.ResponseWriter, r *http.Request) {
	entries, _, _ := c.history.after(0)
	rows := []*messageRow{}
	byPath := map[string]*messageRow{}
	for _, e := range slices.Backward(entries) {
		if e.Message == "" {
			continue
		}
		row := byPath[e.Message]
		if row == nil {
			if len(rows) == maxListed {
				continue
			}
			row = &messageRow{Path: e.Message, Label: e.Label, At: e.At}
			byPath[e.Message] = row
			rows = append(rows, row)
		}
		row.Deliveries++
		row.Latest = max(row.Latest, e.Latest)
	}
	for _, row := range rows {
		message, err := msgext.ParsePath(row.Path)
		if err != nil {
			continue
		}
		record, err := c.load(r.Context(), message)
		if err != nil {
			continue // the row still says what was delivered
		}
		row.Stored, row.Latest, row.Gap = true, record.State.Latest, record.State.Gap()
		row.Keys = len(record.State.Visible())
	}
	writeJSON(w, http.StatusOK, rows)
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
		writeProblem(w, http.StatusBadGateway, "state could not be read")
		return
	}
	all, _, _ := c.history.after(0)
	view := newMessageView(message, all)
	if err == nil {
		view.setState(record)
	}
	view.Timeline = draw(view.Entries, view.progress(record), len(all) < capacity)
	slices.Reverse(view.Entries)
	writeJSON(w, http.StatusOK, view)
}

// errNoStore is load's error where there is none.
var errNoStore = errors.New("console: no store")

func (c *Console) load(ctx context.Context, message msgext.Message) (state.Record, error) {
	if c.options.Load == nil {
		return state.Record{}, errNoStore
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	return c.options.Load(ctx, message)
}

// newMessageView returns what the kept entries say of a message, oldest entry first.
func newMessageView(message msgext.Message, all []*entry) *messageView {
	var named entry
	named.setMessage(message)
	view := &messageView{
		Path: message.Path(), Label: named.Label,
		Entries: []*entry{}, Holes: []span{}, KeyValues: []keyValue{}, Poll: []choice{},
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
	if !v.Stored {
		return nil
	}
	return &record.State.Progress
}

func (v *messageView) setState(record state.Record) {
	s := record.State
	v.Stored = true
	v.Latest, v.Floor, v.Clear, v.Read = s.Latest, s.Contiguous(), s.ClearSeq(), s.Read()
	v.Holes = holes(s.Progress)
	for _, seen := range s.Seen {
		if seen > v.Floor {
			v.Seen++
		}
	}
	if !record.Check.Due.IsZero() {
		v.Due = &record.Check.Due
	}
	v.Tries = record.Check.Tries

	visible := s.Visible()
	v.Keys = len(visible)
	v.Poll = count(visible)
	v.Choices = len(v.Poll)
	v.Poll = v.Poll[:min(len(v.Poll), maxChoices)]
	for _, kv := range visible[:min(len(visible), maxShownKeys)] {
		v.KeyValues = append(v.KeyValues, keyValue{
			Key: cut(kv.Key, maxShownText), Value: cut(kv.Value, maxShownText), ValueBytes: len(kv.Value), Seq: kv.Seq,
		})
	}
}

// count counts the keys of each value, the most common first.
func count(keyValues []msgext.KeyValue) []choice {
	at := map[string]int{}
	choices := []choice{}
	for _, kv := range keyValues {
		i, ok := at[kv.Value]
		if !ok {
			i = len(choices)
			at[kv.Value] = i
			choices = append(choices, choice{Value: cut(kv.Value, maxShownText)})
		}
		choices[i].Count++
		if len(choices[i].Keys) < maxShownKeys {
			choices[i].Keys = append(choices[i].Keys, cut(kv.Key, maxShownText))
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return choices
}
