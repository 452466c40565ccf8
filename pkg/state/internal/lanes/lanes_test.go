package lanes_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/state/internal/lanes"
)

// Whoever asks again behind what First returned gets every entry once, and in order.
func TestFirst_PagesAreTheWholeInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type entry struct{ due, part, n int }
		compare := func(a, b entry) int { return cmp.Compare(a.due, b.due) }
		limit, few := rapid.IntRange(1, 9).Draw(t, "limit"), rapid.IntRange(1, 9).Draw(t, "few")
		left := make([][]entry, rapid.IntRange(1, 4).Draw(t, "parts"))
		var all, got []entry
		for i := range left {
			due := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 12).Draw(t, "due")
			slices.Sort(due)
			for n := range due {
				left[i] = append(left[i], entry{due[n], i, n})
			}
			all = append(all, left[i]...)
		}
		for len(got) < len(all) {
			parts, more := make([]lanes.Part[entry], len(left)), false
			for i, entries := range left {
				parts[i] = lanes.Part[entry]{Entries: entries[:min(few, len(entries))], More: len(entries) > few}
				more = more || len(entries) > few
			}
			first := lanes.First(parts, limit, compare)
			require.NotEmpty(t, first)
			require.LessOrEqual(t, len(first), limit)
			if !more {
				require.Len(t, first, min(limit, len(all)-len(got)), "all is known")
			}
			for _, e := range first {
				require.Equal(t, left[e.part][0], e, "a part stays in order")
				left[e.part] = left[e.part][1:]
			}
			got = append(got, first...)
		}
		require.True(t, slices.IsSortedFunc(got, compare), "%v", got)
	})
}
