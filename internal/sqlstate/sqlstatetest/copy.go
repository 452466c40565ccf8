package sqlstatetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"iter"
	"slices"
	"strings"

	"msgext/pkg/msgext"
)

// Tables reads a row of the tables, and inserts many at once.
type Tables interface {
	Row(ctx context.Context, table, where string, id []byte) (columns []string, values []any, err error)
	Insert(ctx context.Context, table string, columns []string, rows [][]any) error
}

// Copy returns statetest.Scaled's Copy: it copies the rows of a group's message that has one key,
// without a gap and without a read.
func Copy(tables Tables) func(context.Context, msgext.Message, iter.Seq[msgext.Message]) error {
	return func(ctx context.Context, of msgext.Message, to iter.Seq[msgext.Message]) error {
		for _, table := range []struct{ name, id string }{{"msgext_messages", "id"}, {"msgext_entries", "message"}} {
			columns, values, err := tables.Row(ctx, table.name, table.id, digest(of))
			if err != nil {
				return err
			}
			const batch = 500
			rows := make([][]any, 0, batch)
			for m := range to {
				rows = append(rows, renamed(columns, values, table.id, m))
				if len(rows) < batch {
					continue
				}
				if err := tables.Insert(ctx, table.name, columns, rows); err != nil {
					return err
				}
				rows = rows[:0]
			}
			if len(rows) == 0 {
				continue
			}
			if err := tables.Insert(ctx, table.name, columns, rows); err != nil {
				return err
			}
		}
		return nil
	}
}

// renamed returns the values of a row of another message.
func renamed(columns []string, values []any, id string, m msgext.Message) []any {
	row := slices.Clone(values)
	for i, column := range columns {
		switch column {
		case id:
			row[i] = digest(m)
		case "group_id":
			row[i] = m.GroupID
		case "msg_seq":
			row[i] = m.MsgSeq
		}
	}
	return row
}

func digest(m msgext.Message) []byte {
	sum := sha256.Sum256([]byte(m.Path()))
	return sum[:]
}

// SQLTables is Tables of a database whose placeholder is a question mark.
type SQLTables struct {
	DB    *sql.DB
	Quote string // what names of columns stand between
}

// Row implements Tables.
func (t SQLTables) Row(ctx context.Context, table, where string, id []byte) ([]string, []any, error) {
	rows, err := t.DB.QueryContext(ctx, "SELECT * FROM "+table+" WHERE "+where+" = ?", id)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, nil, err
	}
	values := make([]any, len(columns))
	targets := make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	if !rows.Next() {
		return nil, nil, sql.ErrNoRows
	}
	return columns, values, rows.Scan(targets...)
}

// Insert implements Tables, by one statement.
func (t SQLTables) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	row := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	names := t.Quote + strings.Join(columns, t.Quote+", "+t.Quote) + t.Quote
	_, err := t.DB.ExecContext(ctx, "INSERT INTO "+table+" ("+names+") VALUES "+row+strings.Repeat(", "+row, len(rows)-1), slices.Concat(rows...)...)
	return err
}
