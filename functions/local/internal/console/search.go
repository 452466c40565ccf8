package console

import (
	"net/http"
	"strconv"
	"strings"
)

const (
	maxSearchText = 200
	maxChanged    = 3        // key-values that the list names
	maxListText   = 80       // bytes of a key or a value in a list
	maxSearched   = 64 << 10 // bytes of an event's keys and values that the search looks through
)

// changed is one key-value in the list.
type changed struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// find answers which kept entries contain every word, in what the list shows, in a key or value, or
// in the body.
func (c *Console) find(w http.ResponseWriter, r *http.Request) {
	words := strings.Fields(strings.ToLower(cut(r.URL.Query().Get("text"), maxSearchText)))
	found := []uint64{}
	entries, _, _ := c.history.after(0)
	for _, e := range entries {
		if e.holds(words) {
			found = append(found, e.ID)
		}
	}
	writeJSON(w, http.StatusOK, struct {
		IDs []uint64 `json:"ids"`
	}{found})
}

// holds reports whether the entry contains every word. The words are in lower case.
func (e *entry) holds(words []string) bool {
	if len(words) == 0 {
		return true
	}
	texts := []string{strings.ToLower(strings.Join([]string{
		e.Command, e.Label, e.Operation, "v" + strconv.FormatInt(e.Version, 10), e.Fate, e.Reason, e.Rule, e.Method, strconv.Itoa(e.Status),
	}, " ")), strings.ToLower(e.keysAndValues), strings.ToLower(string(e.body))}
	for _, word := range words {
		found := false
		for _, text := range texts {
			found = found || strings.Contains(text, word)
		}
		if !found {
			return false
		}
	}
	return true
}
