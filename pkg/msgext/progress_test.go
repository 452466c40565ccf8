package msgext_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/msgext"
)

func TestProgress_RemembersABoundedNumberOfVersions(t *testing.T) {
	var p msgext.Progress
	for version := int64(2); version < 3000; version++ {
		p.MarkSeen(version)
	}
	assert.Len(t, p.Seen, msgext.MaxSeen)
	assert.True(t, p.Gap())
	p.MarkSeen(1)
	assert.Equal(t, msgext.Progress{Latest: 2999, Floor: 1 + msgext.MaxSeen, Seen: []int64{}}, p, "what was not remembered is a gap, which a read settles")
}

func TestProgress_TheFloorOnlyRisesAndNothingIsSeenBelowIt(t *testing.T) {
	var p msgext.Progress
	for _, version := range []int64{2, 3, 6, 3} {
		p.MarkSeen(version)
	}
	assert.Equal(t, msgext.Progress{Latest: 6, Seen: []int64{2, 3, 6}}, p)
	p.RaiseFloor(2)
	assert.Equal(t, msgext.Progress{Latest: 6, Floor: 3, Seen: []int64{6}}, p, "over what was seen")
	p.RaiseFloor(1)
	p.MarkSeen(3)
	p.MarkSeen(1)
	assert.Equal(t, msgext.Progress{Latest: 6, Floor: 3, Seen: []int64{6}}, p)
	p.MarkSeen(5)
	p.MarkSeen(4)
	assert.Equal(t, msgext.Progress{Latest: 6, Floor: 6, Seen: []int64{}}, p, "a late mark too")
	p.RaiseFloor(9)
	assert.Equal(t, msgext.Progress{Latest: 9, Floor: 9, Seen: []int64{}}, p)
	p.MarkSeen(math.MaxInt64)
	p.RaiseFloor(math.MaxInt64)
	assert.Equal(t, msgext.Progress{Latest: math.MaxInt64, Floor: math.MaxInt64, Seen: []int64{}}, p)
}

func TestLaw_WhatIsHandledUpToTheFloorIsTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		marks := rapid.SliceOf(rapid.Int64Range(0, 40)).Draw(t, "marks")
		floors := rapid.SliceOf(rapid.Int64Range(0, 40)).Draw(t, "floors")
		shuffled := rapid.Permutation(marks).Draw(t, "shuffled")
		var a, b msgext.Progress
		for _, version := range marks {
			a.MarkSeen(version)
		}
		for _, version := range floors {
			a.RaiseFloor(version)
			b.RaiseFloor(version)
		}
		for i, version := range shuffled {
			b.MarkSeen(version)
			if i == 7 {
				b.MarkSeen(version)
			}
		}
		require.Equal(t, a.Latest, b.Latest)
		require.Equal(t, a.Floor, b.Floor)
		require.True(t, slices.Equal(a.Seen, b.Seen))
		require.Equal(t, a.Floor, a.Contiguous(), "what follows the floor is never kept as seen")
	})
}
