package mysqlstate

import (
	"bytes"

	"msgext/internal/sqlstate"
)

// place is the position of a statement among all writes.
type place struct{ write, statement int }

// ordered returns the order in which the statements of writes are sent. Where neighbours write
// versions, with the same statements, equal statements are placed next to each other, so that
// inserts become one. Versions commute, even those of one message, but other writes may depend on
// earlier ones.
func ordered(writes []sqlstate.Write) (places []place) {
	for first := 0; first < len(writes); {
		end := first + alike(writes[first:])
		for step := range len(runs(writes[first].Statements)) - 1 {
			for i := first; i < end; i++ {
				from := runs(writes[i].Statements)
				for statement := from[step]; statement < from[step+1]; statement++ {
					places = append(places, place{i, statement})
				}
			}
		}
		first = end
	}
	return places
}

// alike returns how many writes, from the first one on, may be sent statement by statement.
func alike(writes []sqlstate.Write) int {
	for i, write := range writes {
		if i > 0 && (write.Version == 0 || writes[0].Version == 0 || !sameRuns(write.Statements, writes[0].Statements)) {
			return i
		}
	}
	return len(writes)
}

// runs returns the indexes at which runs of equal statements begin, and the end.
func runs(statements []sqlstate.Statement) (from []int) {
	for i, statement := range statements {
		if i == 0 || statement.SQL != statements[i-1].SQL {
			from = append(from, i)
		}
	}
	return append(from, len(statements))
}

func sameRuns(one, other []sqlstate.Statement) bool {
	from, want := runs(one), runs(other)
	if len(from) != len(want) {
		return false
	}
	for step := range len(from) - 1 {
		if one[from[step]].SQL != other[want[step]].SQL {
			return false
		}
	}
	return true
}

// isAnswered reports whether a statement need not be sent, because the next one answers for it, see
// sqlstate.Write.Once.
func isAnswered(writes []sqlstate.Write, at, next place) bool {
	write, later := writes[at.write], writes[next.write]
	sql := write.Statements[at.statement].SQL
	return sql == write.Once && sql == later.Statements[next.statement].SQL && bytes.Equal(write.Message, later.Message)
}
