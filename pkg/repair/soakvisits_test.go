package repair_test

import (
	"context"
	"sync"

	"msgext/pkg/msgext"
)

// soakVisits holds what calls a store to two laws:
//
//   - a run visits no message twice: what has saved an outcome, or tried to, is not loaded again;
//   - reads of one message do not overlap: of two that were under way at once one is merged. Of two
//     that have the same number and content a store cannot tell whether they are the same.
type soakVisits struct {
	mu     sync.Mutex
	ended  map[*soakRun]map[msgext.Message]bool // whose check has ended, of the runs under way
	merged map[msgext.Message]int               // reads that were merged
	loaded map[context.Context]int              // of them, how many there were at the load of a check
	newest map[msgext.Message]int64             // the number of the last that was merged
}

func newSoakVisits() *soakVisits {
	return &soakVisits{
		ended: make(map[*soakRun]map[msgext.Message]bool), merged: make(map[msgext.Message]int), loaded: make(map[context.Context]int),
		newest: make(map[msgext.Message]int64),
	}
}

// load notes that a message is loaded, and reports whether its run had visited it already.
func (v *soakVisits) load(ctx context.Context, message msgext.Message) (again bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.loaded[ctx] = v.merged[message]
	run, _ := ctx.Value(soakRunKey{}).(*soakRun)
	return run != nil && v.ended[run][message]
}

// end notes that a check ends with an outcome.
func (v *soakVisits) end(ctx context.Context, message msgext.Message) {
	run, ok := ctx.Value(soakRunKey{}).(*soakRun)
	if !ok {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended[run] == nil {
		v.ended[run] = make(map[msgext.Message]bool)
	}
	v.ended[run][message] = true
}

// forget forgets a run that is over.
func (v *soakVisits) forget(run *soakRun) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.ended, run)
}

// merge notes that a read was merged, and reports whether another one was since its load.
func (v *soakVisits) merge(ctx context.Context, message msgext.Message, number int64) (overlaps bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before, known := v.loaded[ctx]
	delete(v.loaded, ctx)
	if number == v.newest[message] {
		return false
	}
	v.merged[message]++
	v.newest[message] = number
	return known && before != v.merged[message]-1
}
