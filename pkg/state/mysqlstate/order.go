package mysqlstate

import "msgext/internal/sqlstate"

// place is the position of a statement among all writes.
type place struct{ write, statement int }

// ordered returns the order in which the statements of writes are sent. If all writes have the same
// statements for their messages, equal statements are placed next to each other, so that inserts
// become one. This is done only if the writes begin with an insert that may have several rows, as
// an event does. Events commute, even those of one message, but other writes may depend on earlier
// ones.
func ordered(writes []sqlstate.Write) []place {
	var places []place
	for step := range alike(writes) {
		for i, write := range writes {
			from := runs(write.Statements)
			for statement := from[step]; statement < from[step+1]; statement++ {
				places = append(places, place{i, statement})
			}
		}
	}
	if places != nil {
		return places
	}
	for i, write := range writes {
		for statement := range write.Statements {
			places = append(places, place{i, statement})
		}
	}
	return places
}

// alike returns how many runs of equal statements each write has, if all writes have the same runs,
// and 0 otherwise.
func alike(writes []sqlstate.Write) int {
	first := writes[0].Statements
	if len(writes) == 1 || rowOf(first[0].SQL) == "" {
		return 0
	}
	want := runs(first)
	for _, write := range writes[1:] {
		got := runs(write.Statements)
		if len(got) != len(want) {
			return 0
		}
		for step := range len(want) - 1 {
			if write.Statements[got[step]].SQL != first[want[step]].SQL {
				return 0
			}
		}
	}
	return len(want) - 1
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
