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
	maxRecent   = 100 // recent messages, listed before those of the store
	listPage    = 100 // messages in one page of the store
	maxPages    = 20  // pages of the store that one filtered request reads at most
	listTimeout = 5 * time.Second
)

// What the store knows of a message.
const (
	storeHas    = "stored"
	storeHasNot = "unknown"
	storeNone   = "none" // there is no store
	storeDown   = "down" // the store does not answer
)

// messageRow is one message of the list.
type messageRow struct {
	Path       string     `json:"path"`
	Label      string     `json:"label"`
	Deliveries int        `json:"deliveries"` // kept entries of the message
	At         *time.Time `json:"at"`         // time of the newest one
	Store      string     `json:"store"`
	Latest     int64      `json:"latest,string"`
	Keys       int        `json:"keys"`
	Missing    bool       `json:"missing"`
	Leading    *leading   `json:"leading"`

	newest uint64 // number of the newest entry of the message
}

// listing is a page of messages. The first page begins with recent ones.
type listing struct {
	Rows []*messageRow `json:"rows"`
	Next string        `json:"next"`
	More bool          `json:"more"`
	Down bool          `json:"down"` // the store does not answer
	All  bool          `json:"all"`  // whether the store can list its messages
}

// listMessages lists messages with kept deliveries, newest delivery first, and then all messages of
// the store, in the store's order.
func (c *Console) listMessages(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	after, words := query.Get("after"), strings.Fields(strings.ToLower(cut(query.Get("filter"), maxSearchText)))
	l := &listing{Rows: []*messageRow{}, All: c.options.List != nil}
	ctx, cancel := context.WithTimeout(r.Context(), listTimeout)
	defer cancel()
	recent := c.recent()
	if after == "" {
		for _, row := range recent {
			if row.matches(words) {
				l.Rows = append(l.Rows, row)
			}
		}
		slices.SortFunc(l.Rows, func(a, b *messageRow) int { return cmp.Compare(b.newest, a.newest) })
		l.Rows = l.Rows[:min(len(l.Rows), maxRecent)]
	}
	listed := make(map[string]bool)
	for _, row := range l.Rows {
		listed[row.Path] = true
	}
	c.listStored(ctx, l, after, words, listed, recent)
	for _, row := range l.Rows {
		c.describe(ctx, l, row)
	}
	writeJSON(w, http.StatusOK, l)
}

// listStored adds messages of the store that are not listed yet. It reads several of the store's
// pages where a filter matches only a few messages of each.
func (c *Console) listStored(ctx context.Context, l *listing, after string, words []string, listed map[string]bool, recent map[string]*messageRow) {
	if c.options.List == nil {
		return
	}
	l.Next = after
	found := 0
	for range maxPages {
		page, err := c.options.List(ctx, l.Next, listPage)
		if err != nil {
			l.Down = true
			return
		}
		for _, message := range page.Messages {
			row := newRow(message)
			if heard := recent[row.Path]; heard != nil {
				row = heard
			}
			if message.SDKAppID == c.options.SDKAppID && !listed[row.Path] && row.matches(words) {
				listed[row.Path] = true
				l.Rows, found = append(l.Rows, row), found+1
			}
		}
		l.Next, l.More = page.Next, page.More
		if !page.More || found >= listPage/2 {
			return
		}
	}
}

func newRow(message msgext.Message) *messageRow {
	var named entry
	named.setMessage(message)
	return &messageRow{Path: message.Path(), Label: named.Label, Store: storeHasNot}
}

// recent returns a row for each message of the kept entries.
func (c *Console) recent() map[string]*messageRow {
	entries, _, _ := c.history.after(0)
	rows := make(map[string]*messageRow)
	for _, e := range entries {
		if e.Message == "" {
			continue
		}
		row := rows[e.Message]
		if row == nil {
			row = &messageRow{Path: e.Message, Label: e.Label, Store: storeHasNot}
			rows[e.Message] = row
		}
		row.Deliveries++
		row.At, row.newest = &e.At, e.ID
		row.Latest = max(row.Latest, e.Latest)
	}
	return rows
}

func (m *messageRow) matches(words []string) bool {
	label := strings.ToLower(m.Label)
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(label, word) })
}

// describe adds the store's state of a message. When the store has failed once, it is not asked
// again for the same page.
func (c *Console) describe(ctx context.Context, l *listing, row *messageRow) {
	message, err := msgext.ParsePath(row.Path)
	if err != nil {
		return
	}
	if l.Down {
		row.Store = storeDown
		return
	}
	record, err := c.load(ctx, message)
	row.Store = storeSaid(err)
	l.Down = row.Store == storeDown
	if err != nil {
		return // the row still shows what was delivered
	}
	visible := record.State.Visible()
	row.Latest, row.Missing, row.Keys = record.State.Latest, record.Incomplete(), len(visible)
	row.Leading = count(visible).lead()
}

func storeSaid(err error) string {
	switch {
	case err == nil:
		return storeHas
	case errors.Is(err, state.ErrNotFound):
		return storeHasNot
	case errors.Is(err, errNoStore):
		return storeNone
	}
	return storeDown
}
