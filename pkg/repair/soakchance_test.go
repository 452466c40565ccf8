package repair_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// chance is where a world's randomness comes from. Each draw is keyed by what it is for, and by how
// many there were for that before, so that the same seed plays the same world in whatever order
// goroutines draw.
type chance struct {
	seed uint64

	mu    sync.Mutex
	drawn map[string]uint64
}

func newChance(seed uint64) *chance { return &chance{seed: seed, drawn: make(map[string]uint64)} }

// draw returns a source for one purpose.
func (c *chance) draw(purpose ...any) *rand.Rand {
	key := fmt.Sprint(purpose...)
	c.mu.Lock()
	n := c.drawn[key]
	c.drawn[key]++
	c.mu.Unlock()
	hash := fnv.New64a()
	_, _ = hash.Write(binary.BigEndian.AppendUint64([]byte(key), n))
	return rand.New(rand.NewPCG(c.seed, hash.Sum64()))
}

// tick is the time that a call takes on its way, below 0.1 ms. It differs from call to call, so
// that calls that begin in the same moment arrive in an order that the seed says, and not the
// scheduler.
func (c *chance) tick(purpose ...any) {
	time.Sleep(time.Duration(1 + c.draw(purpose...).Int64N(int64(100*time.Microsecond))))
}
