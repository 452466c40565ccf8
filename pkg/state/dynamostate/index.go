package dynamostate

import (
	"hash/fnv"

	"msgext/pkg/state"
)

// The index "due" holds the messages that wait for a check, and those that are not settled, in
// partitions by lane and standing:
//
//	0 to 15    first checks, settled     one partition takes 1,000 writes a second, and each event of a
//	16 to 31   retries, open             message that is not due yet writes here: hence 16, by a hash of
//	32 to 47   announced, settled        the path
//	48, 49     first checks, announced; open
//	50, 51, 52 first checks, retries, announced; stuck
//
// Only checks write the last five, and there are as few checks as Chat allows REST calls. So one
// index, without additional writes, shows both what is due and what is open.
const (
	shards       = 16
	openFirst    = 48
	openAnnounce = 49
	stuck        = 50 // plus the lane
)

// never is the due time of a message that is not settled but waits for no check, because the index
// needs a due time.
const never = 1<<53 - 1

// place returns a message's place in the index: the time since which it is due, or never, and the
// partition. Both are 0 if it is not in the index.
func place(path string, c state.Check) (due, partition int64) {
	due = state.Milliseconds(c.Due)
	if due == 0 && c.Standing() != state.Settled {
		due = never
	}
	if due == 0 {
		return 0, 0
	}
	lane, standing := c.Lane(), c.Standing()
	switch {
	case standing == state.Stuck:
		return due, stuck + int64(lane)
	case standing == state.Open && lane == state.FirstChecks:
		return due, openFirst
	case standing == state.Open && lane == state.Announced:
		return due, openAnnounce
	}
	return due, shard(path, lane)
}

// shard returns the partition of a message in a lane while no check has found it open.
func shard(path string, lane state.Lane) int64 {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(path))
	return int64(sum.Sum32()%shards) + shards*int64(lane)
}

// partitions returns those in which the messages of a lane wait.
func partitions(lane state.Lane) []int64 {
	all := make([]int64, 0, shards+2)
	for n := range int64(shards) {
		all = append(all, n+shards*int64(lane))
	}
	switch lane {
	case state.FirstChecks:
		all = append(all, openFirst)
	case state.Announced:
		all = append(all, openAnnounce)
	}
	return append(all, stuck+int64(lane))
}

// standing returns the standing under which the messages of a partition are counted.
func standing(partition int64) state.Standing {
	switch {
	case partition >= stuck:
		return state.Stuck
	case partition >= openFirst, partition >= shards && partition < 2*shards:
		return state.Open
	}
	return state.Settled
}
