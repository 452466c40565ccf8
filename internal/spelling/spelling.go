// Package spelling suggests the name that a misspelt one was meant to be.
package spelling

import "strings"

// Nearest returns the name that differs least from a misspelt one, ignoring case. It returns ""
// where none is near. Near means at most one edit for every three characters, which is about what a
// slip of the hand makes.
func Nearest(misspelt string, names []string) string {
	nearest, least := "", len(misspelt)/3+1
	for _, name := range names {
		if d := distance(strings.ToLower(misspelt), strings.ToLower(name)); d < least {
			nearest, least = name, d
		}
	}
	return nearest
}

// distance returns how many bytes must be inserted, deleted, changed or swapped with the next one
// to turn a into b (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
