// Package lanes takes what comes first in a lane that a store keeps in several parts, each of which
// it has asked for a few entries only.
package lanes

import "slices"

// Part is the beginning of a part of a lane, in order.
type Part[E any] struct {
	Entries []E
	More    bool // whether something follows them
}

// First returns up to limit of the entries that come first in all parts together, in order. What a
// part has after its last entry here is unknown, so nothing that comes after that one is returned.
// Equal entries keep their order.
func First[E any](parts []Part[E], limit int, compare func(a, b E) int) []E {
	var all []E
	var horizon *E
	for _, part := range parts {
		all = append(all, part.Entries...)
		if last := len(part.Entries) - 1; part.More && last >= 0 && (horizon == nil || compare(part.Entries[last], *horizon) < 0) {
			horizon = &part.Entries[last]
		}
	}
	if horizon != nil {
		all = slices.DeleteFunc(all, func(e E) bool { return compare(e, *horizon) > 0 })
	}
	slices.SortStableFunc(all, compare)
	return all[:min(limit, len(all))]
}
