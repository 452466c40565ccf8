package pgstate

import (
	"fmt"
	"strings"

	"msgext/internal/sqlstate"
)

// part is what a transaction sends as one statement: one statement, or several inserts that differ
// in their arguments alone. Most of what a server does for an event it does once a statement.
type part struct {
	sql    string
	rows   [][]any // the arguments of each statement
	places []sqlstate.Place
	named  map[string]bool // rows of the table: an upsert must not have one of them twice
}

// parts returns what is sent for the statements of writes.
func parts(writes []sqlstate.Write) (all []*part) {
	for _, at := range sqlstate.Ordered(writes) {
		statement := writes[at.Write].Statements[at.Statement]
		name := nameOf(statement.Args)
		if len(all) == 0 || !all[len(all)-1].mayTake(statement.SQL, name) {
			all = append(all, &part{sql: statement.SQL, named: make(map[string]bool)})
		}
		last := all[len(all)-1]
		last.rows, last.places = append(last.rows, statement.Args), append(last.places, at)
		last.named[name] = true
	}
	return all
}

func (p *part) mayTake(sql, name string) bool {
	if sql != p.sql || p.named[name] {
		return false
	}
	_, _, _, isInsert := cut(p.sql)
	return isInsert
}

// nameOf returns the digests that the arguments of an insert begin with. They name its row, or more
// rows than that.
func nameOf(arguments []any) string {
	var name []byte
	for _, argument := range arguments {
		digest, ok := argument.([]byte)
		if !ok {
			break
		}
		name = append(name, digest...)
	}
	return string(name)
}

// cut returns the three parts of an insert, of which only source has arguments.
func cut(sql string) (into, source, conflict string, ok bool) {
	into, rest, _ := strings.Cut(sql, "\n")
	source, conflict, ok = strings.Cut(rest, "\nON CONFLICT ")
	return into, source, conflict, ok && strings.HasPrefix(into, "INSERT INTO ") && !strings.Contains(conflict, "?")
}

// statement returns the statement with its arguments. For several rows each argument is an array.
// OFFSET 0 keeps the planner from reading the whole of a table that is small when it plans.
func (p *part) statement() (string, []any) {
	if len(p.rows) == 1 {
		return placeholders(p.sql), p.rows[0]
	}
	into, source, conflict, _ := cut(p.sql)
	arrays, types, names := columns(p.rows)
	return fmt.Sprintf("%s\nSELECT v.* FROM unnest(%s) AS r (%s) CROSS JOIN LATERAL (%s OFFSET 0) v\nON CONFLICT %s",
		into, types, names, strings.ReplaceAll(source, "?", "r.a"), conflict), arrays
}

// columns returns an array for each argument of several rows, their placeholders with types, and
// names for them.
func columns(rows [][]any) (arrays []any, types, names string) {
	var placeholders, all []string
	for i, first := range rows[0] {
		array, kind := any(nil), ""
		switch first.(type) {
		case []byte:
			array, kind = column[[]byte](rows, i), "bytea"
		case string:
			array, kind = column[string](rows, i), "text"
		case int64:
			array, kind = column[int64](rows, i), "bigint"
		case int:
			array, kind = column[int](rows, i), "bigint"
		}
		arrays = append(arrays, array)
		placeholders = append(placeholders, fmt.Sprintf("$%d::%s[]", i+1, kind))
		all = append(all, fmt.Sprintf("a%d", i+1))
	}
	return arrays, strings.Join(placeholders, ", "), strings.Join(all, ", ")
}

func column[T any](rows [][]any, i int) []T {
	array := make([]T, len(rows))
	for n, row := range rows {
		array[n] = row[i].(T)
	}
	return array
}
