package dynamostate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// Load reads its pages at different moments. Whatever repair does between any two of them, a result
// without a gap is the truth.
func TestStore_RepairBetweenPages(t *testing.T) {
	table := newTable(t)
	repairer := open(t, local(t), table)
	truth := msgext.Snapshot{Number: 2, After: 1, Latest: 5, KeyValues: []msgext.KeyValue{{Key: "a", Value: "new", Seq: 4}, {Key: "c", Value: "new", Seq: 5}}}
	pages := 0
	for at := 0; at <= pages; at++ {
		t.Run(fmt.Sprintf("before page %d", at), func(t *testing.T) {
			m := statetest.NewMessage()
			require.NoError(t, repairer.Apply(t.Context(), statetest.SetEvent(m, 1, "old", "a", "b"), start, state.MarkNow))
			require.NoError(t, repairer.Merge(t.Context(), m, msgext.Snapshot{Number: 1, Latest: 1, KeyValues: statetest.SetEvent(m, 1, "old", "a", "b").KeyValues}))
			require.NoError(t, repairer.Apply(t.Context(), statetest.SetEvent(m, 5, "new", "c"), start, state.MarkNow))

			pages = 0
			store := open(t, through(local(t), func(request *http.Request, send send) (*http.Response, error) {
				if pages == at {
					require.NoError(t, repairer.Merge(t.Context(), m, truth))
					require.NoError(t, repairer.SaveCheck(t.Context(), m, state.Outcome{Floor: 5, Revision: start.UnixMilli() + 2}))
					require.NoError(t, repairer.Sweep(t.Context(), m, start.UnixMilli()+2))
				}
				pages++
				var query map[string]any
				require.NoError(t, json.NewDecoder(request.Body).Decode(&query))
				query["Limit"] = 1 // DynamoDB Local does not look at the signature
				body, err := json.Marshal(query)
				require.NoError(t, err)
				request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				return send(request)
			}), table)
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			if !record.State.Gap() {
				assert.Equal(t, truth.Reply(), record.State.Reply())
			}
			assert.Equal(t, at > 0, record.State.Gap(), "the head is read first")
		})
	}
	assert.Greater(t, pages, 3)
}
