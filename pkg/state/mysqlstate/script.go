package mysqlstate

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"

	"msgext/internal/sqlstate"
)

// script is a transaction as one text of several statements, with its arguments in the order of the text: MySQL's placeholders have no
// numbers.
type script struct {
	text      strings.Builder
	arguments []driver.NamedValue
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

// add adds a statement, whose ?1, ?2, ... become ? each time they are met; it holds no other question mark.
func (s *script) add(statement sqlstate.Statement) {
	parts := strings.Split(statement.SQL, "?")
	s.text.WriteString(parts[0])
	for _, part := range parts[1:] {
		digits := len(part) - len(strings.TrimLeft(part, "0123456789"))
		n, err := strconv.Atoi(part[:digits])
		if err != nil || n < 1 || n > len(statement.Args) {
			s.err = fmt.Errorf("mysqlstate: a placeholder without an argument")
			return
		}
		s.argument(statement.Args[n-1])
		s.text.WriteString("?" + part[digits:])
	}
	s.text.WriteString(";\n")
}

func (s *script) argument(value any) {
	converted, err := driver.DefaultParameterConverter.ConvertValue(value)
	if err != nil {
		s.err = fmt.Errorf("mysqlstate: %w", err)
	}
	s.arguments = append(s.arguments, driver.NamedValue{Ordinal: len(s.arguments) + 1, Value: converted})
}

func (s *script) end() (string, []driver.NamedValue, error) {
	return s.text.String() + "COMMIT", s.arguments, s.err
}
