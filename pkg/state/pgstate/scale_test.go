package pgstate_test

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/state/statetest"
)

func BenchmarkScale(b *testing.B) {
	statetest.BenchmarkScale(b, scaled(b), scaled(b))
}

// scaled opens a store in a schema of its own.
func scaled(b *testing.B) statetest.Scaled {
	url := peertest.Address(b, peertest.Postgres)
	conn, err := pgx.Connect(b.Context(), url)
	require.NoError(b, err)
	name := "scale_" + strings.ToLower(crand.Text())
	_, err = conn.Exec(b.Context(), "CREATE SCHEMA "+name+"; SET search_path = "+name)
	require.NoError(b, err)
	_, err = conn.Exec(b.Context(), pgstate.Schema)
	require.NoError(b, err)
	store := open(b, url+"&search_path="+name)
	b.Cleanup(func() {
		require.NoError(b, store.Close())
		_, err := conn.Exec(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		require.NoError(b, err)
		require.NoError(b, conn.Close(context.Background()))
	})
	return statetest.Scaled{Store: store, Copy: sqlstatetest.Copy(tables{conn}), Bytes: func() (size int64) {
		const query = "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" +
			" WHERE n.nspname = $1 AND c.relkind = 'r'"
		require.NoError(b, conn.QueryRow(b.Context(), query, name).Scan(&size))
		return size
	}}
}

// tables is sqlstatetest.Tables by COPY.
type tables struct{ conn *pgx.Conn }

func (t tables) Row(ctx context.Context, table, where string, id []byte) (columns []string, values []any, err error) {
	rows, err := t.conn.Query(ctx, "SELECT * FROM "+table+" WHERE "+where+" = $1", id)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, nil, cmp.Or(rows.Err(), pgx.ErrNoRows)
	}
	all, err := rows.Values()
	for i, field := range rows.FieldDescriptions() {
		const computed = "long_name"
		if err == nil && field.Name != computed {
			columns, values = append(columns, field.Name), append(values, all[i])
		}
	}
	return columns, values, err
}

func (t tables) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	_, err := t.conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
	return err
}
