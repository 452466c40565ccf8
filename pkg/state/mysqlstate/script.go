package mysqlstate

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"

	"msgext/internal/sqlstate"
)

// script is a transaction as one text of several statements. Its arguments are in the order of the
// text, because MySQL's placeholders have no numbers. Consecutive inserts of one row each become
// one insert of several rows, which the server parses and plans once. The number of statements is
// most of what an event costs.
type script struct {
	text      strings.Builder
	arguments []driver.NamedValue
	results   []int // by statement, the index of its result
	count     int   // of results
	insert    string
	rest      string // of an insert that may have several rows
	err       error
}

func newScript(begin string, arguments ...any) *script {
	s := new(script)
	s.text.WriteString(begin)
	for _, argument := range arguments {
		s.argument(argument)
	}
	return s
}

// add adds a statement. Each of its ?1, ?2, ... becomes a ?. It has no other question mark.
func (s *script) add(statement sqlstate.Statement) {
	if statement.SQL == s.insert {
		s.results = append(s.results, s.count-1)
		s.text.WriteString(",\n")
		s.write(rowOf(s.insert), statement.Args)
		return
	}
	s.finish()
	s.results = append(s.results, s.count)
	s.count++
	row := rowOf(statement.SQL)
	if row == "" {
		s.write(statement.SQL, statement.Args)
		s.text.WriteString(";\n")
		return
	}
	before, after, _ := strings.Cut(statement.SQL, row)
	s.insert, s.rest = statement.SQL, after
	s.write(before+row, statement.Args)
}

// skip leaves a statement out. Its result is that of the statement that is added next.
func (s *script) skip() { s.results = append(s.results, s.count) }

// rowOf returns the row of an insert that may have several: nothing after the row has an argument.
func rowOf(sql string) string {
	_, values, _ := strings.Cut(sql, "\nVALUES ")
	row, after, found := strings.Cut(values, "\nON DUPLICATE KEY")
	if !found || strings.Contains(after, "?") {
		return ""
	}
	return row
}

func (s *script) finish() {
	if s.insert != "" {
		s.text.WriteString(s.rest + ";\n")
	}
	s.insert, s.rest = "", ""
}

func (s *script) write(sql string, arguments []any) {
	parts := strings.Split(sql, "?")
	s.text.WriteString(parts[0])
	for _, part := range parts[1:] {
		digits := len(part) - len(strings.TrimLeft(part, "0123456789"))
		n, err := strconv.Atoi(part[:digits])
		if err != nil || n < 1 || n > len(arguments) {
			s.err = fmt.Errorf("mysqlstate: a placeholder without an argument")
			return
		}
		s.argument(arguments[n-1])
		s.text.WriteString("?" + part[digits:])
	}
}

func (s *script) argument(value any) {
	converted, err := driver.DefaultParameterConverter.ConvertValue(value)
	if err != nil {
		s.err = fmt.Errorf("mysqlstate: %w", err)
	}
	s.arguments = append(s.arguments, driver.NamedValue{Ordinal: len(s.arguments) + 1, Value: converted})
}

func (s *script) end() (string, []driver.NamedValue, error) {
	s.finish()
	return s.text.String() + "COMMIT", s.arguments, s.err
}

// rows returns how many rows each statement changed. For statements that were combined, it is the
// number for all of them together.
func (s *script) rows(all []int64) ([]int64, error) {
	if len(all) != before+s.count+1 {
		return nil, errAnswer
	}
	rows := make([]int64, len(s.results))
	for i, result := range s.results {
		rows[i] = all[before+result]
	}
	return rows, nil
}
