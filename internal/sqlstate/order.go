package sqlstate

import (
	"cmp"
	"slices"
)

// Place is the position of a statement among all writes of a transaction.
type Place struct{ Write, Statement int }

// Ordered returns the order in which the statements of writes are sent. Where neighbours write
// versions, equal statements stand next to each other, so that they can be sent as one. Versions
// commute, even those of one message, but other writes may depend on earlier ones.
func Ordered(writes []Write) (places []Place) {
	for first := 0; first < len(writes); {
		end := first + 1
		for writes[first].Version != 0 && end < len(writes) && writes[end].Version != 0 {
			end++
		}
		places = append(places, orderedVersions(writes, first, end)...)
		first = end
	}
	return places
}

// orderedVersions returns the places of the writes from first to before end: the first steps of all
// of them, then the second ones. A step is a run of equal statements of one write.
func orderedVersions(writes []Write, first, end int) []Place {
	type place struct {
		Place
		step, kind int
	}
	var all []place
	kinds := make(map[string]int) // of SQL
	for write := first; write < end; write++ {
		step, statements := 0, writes[write].Statements
		for i, statement := range statements {
			if i > 0 && statement.SQL != statements[i-1].SQL {
				step++
			}
			if _, known := kinds[statement.SQL]; !known {
				kinds[statement.SQL] = len(kinds)
			}
			all = append(all, place{Place{write, i}, step, kinds[statement.SQL]})
		}
	}
	slices.SortStableFunc(all, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.kind, b.kind))
	})
	places := make([]Place, len(all))
	for i := range all {
		places[i] = all[i].Place
	}
	return places
}
