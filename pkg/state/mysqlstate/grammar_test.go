package mysqlstate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pingcap/tidb/pkg/parser"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver" // the parser's values
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/statetest"
)

// spoken is a database that records the statements of a store.
type spoken struct{ texts map[string]bool }

func (s *spoken) Write(_ context.Context, write sqlstate.Write) ([]int64, error) {
	for _, writes := range [][]sqlstate.Write{{write}, {write, write}} {
		text, err := mysqlstate.WriteText(writes...)
		if err != nil {
			return nil, err
		}
		s.texts[text] = true
	}
	// After a statement that changes nothing, the store sends others.
	return make([]int64, len(write.Statements)), nil
}

func (s *spoken) Read(_ context.Context, queries []sqlstate.Query) error {
	text, err := mysqlstate.ReadText(queries)
	s.texts[text] = true
	return err
}

func (s *spoken) Close() error { return nil }

// The other tests use MariaDB. A parser of MySQL's grammar checks that MySQL accepts every
// statement and the tables. It does not know JSON_TABLE, so the view is not checked.
func TestStatements_AreMySQLs(t *testing.T) {
	database := &spoken{make(map[string]bool)}
	store, ctx, m := sqlstate.New(database, mysqlstate.Dialect), t.Context(), statetest.NewMessage()
	_, _ = store.Drop(ctx, m, state.Drop{Above: 1, Now: heard})
	_, _ = store.Erase(ctx, m, 1)
	_, _ = store.Due(ctx, state.FirstChecks, heard, "", 1)
	_, _ = store.Each(ctx, "", 1)
	_, _ = store.Count(ctx, 1)
	_, _ = store.Load(ctx, m)
	for _, err := range []error{
		store.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow),
		store.Apply(ctx, statetest.DeleteEvent(m, 1, "a"), heard, state.MarkLater),
		store.MarkSeen(ctx, m, 1), store.Doubt(ctx, m, heard, state.FromWebhook), store.Announce(ctx, m, heard, heard.Add(time.Minute)),
		store.Merge(ctx, m, msgext.Snapshot{Number: 1, Newer: []msgext.KeyValue{{Key: "n", Value: "v", Seq: 1}}}),
		store.SaveCheck(ctx, m, state.Outcome{}), store.Forget(ctx, m),
	} {
		if !errors.Is(err, state.ErrNotFound) && !errors.Is(err, state.ErrOvertaken) {
			require.NoError(t, err)
		}
	}
	database.texts[mysqlstate.Schema] = true
	require.Equal(t, 29, len(database.texts), "several writes of a kind included")
	p := parser.New()
	for text := range database.texts {
		statements, _, err := p.Parse(strings.ReplaceAll(text, "MEDIUMTEXT /*!80017 COLLATE utf8mb4_0900_bin */", "MEDIUMTEXT"), "utf8mb4", "utf8mb4_bin")
		if assert.NoError(t, err, text) {
			assert.Greater(t, len(statements), 2)
		}
	}
	_, _, err := p.Parse("INSERT INTO t AS m (a) VALUES (1) ON CONFLICT (a) DO NOTHING", "", "")
	assert.Error(t, err, "it tells PostgreSQL's from MySQL's")
}
