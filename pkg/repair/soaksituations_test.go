package repair_test

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
)

// A situation is played for some time. Of what it lets happen to some messages, others must notice
// nothing but what is documented.
type situation struct {
	name string
	play func(w *crowdedWorld)
}

var situations = []situation{
	{"gone", (*crowdedWorld).goneCrowd},
	{"hot", (*crowdedWorld).hotCrowd},
	{"retries", (*crowdedWorld).crowdOfRetries},
	{"restarts", (*crowdedWorld).restartedRuns},
	{"hanging", (*crowdedWorld).hangingReads},
	{"unsaved", (*crowdedWorld).unsavedOutcomes},
	{"stubborn", (*crowdedWorld).stubbornRetries},
	{"panics", (*crowdedWorld).panics},
	{"overlap", (*crowdedWorld).overlappingReads},
	{"refused", (*crowdedWorld).refused},
}

// live plays the situations in some order, then lets a week pass in which little happens: what is
// gone or refused must not come back.
func (w *crowdedWorld) live() {
	for range w.size.rounds {
		for _, i := range w.r.Perm(len(situations)) {
			began := time.Now()
			situations[i].play(w)
			w.calm(5)
			time.Sleep(time.Hour + time.Duration(w.r.Int64N(int64(time.Hour))))
			w.t.Logf("%s: %s", situations[i].name, time.Since(began))
		}
	}
	for range 8 * 12 {
		time.Sleep(2 * time.Hour)
		w.calm(1)
	}
	time.Sleep(time.Hour)
}

// calm lets so many new messages lose a version each.
func (w *crowdedWorld) calm(n int) { w.lose(w.crowd("calm", n)...) }

// minutes lets a message a minute lose a version.
func (w *crowdedWorld) minutes(n int) {
	for range n {
		w.calm(1)
		time.Sleep(time.Minute + time.Duration(w.r.Int64N(int64(time.Second))))
	}
}

// goneCrowd: a crowd's groups disband before their losses are looked at.
func (w *crowdedWorld) goneCrowd() {
	crowd := w.crowd("gone", w.size.reads()*3/2)
	w.delay(0, w.size.backlog(len(crowd)))
	w.lose(crowd...)
	w.set(func() {
		for _, m := range crowd {
			m.code = gone
		}
	})
	w.minutes(10)
}

// hotCrowd: more messages than a run has time for get a webhook during each of their checks. Others
// must have their turn, and so must retries.
func (w *crowdedWorld) hotCrowd() {
	const lasts = 25 * time.Minute
	retries := w.crowd("retried", w.size.reads()/4)
	w.set(func() {
		w.sinksDown = true
		for _, m := range retries {
			// The outage, a backoff as long as that, a run, and then the quarter of each run.
			m.patience = 3*time.Minute + 3*time.Minute + time.Minute + w.size.backlog(4*len(retries))
		}
	})
	w.lose(retries...)
	time.Sleep(2*time.Minute + 30*time.Second)
	hot := w.crowd("hot", w.size.readsAtMost()*6/5)
	ahead := w.size.backlog((len(hot) + 30) * 4 / 3)
	w.set(func() {
		w.sinksDown = false
		for _, m := range hot {
			m.hot, m.patience = true, lasts+ahead
		}
	})
	w.delay(lasts, ahead)
	w.lose(hot...)
	w.minutes(int(lasts / time.Minute))
	w.set(func() {
		for _, m := range hot {
			m.hot = false
		}
	})
}

// crowdOfRetries: what failed for a while is due again all at once, because nobody ran repair. New
// losses go first.
func (w *crowdedWorld) crowdOfRetries() {
	const outage, pause = 15 * time.Minute, time.Hour
	retries := w.crowd("failed", 3*w.size.readsAtMost())
	w.set(func() {
		for _, m := range retries {
			m.code, m.patience = refusedForNow, 2*outage+pause+w.size.backlog(4*len(retries))+30*time.Minute
		}
	})
	w.lose(retries...)
	time.Sleep(outage)
	w.set(func() { w.paused = true })
	time.Sleep(pause)
	w.set(func() {
		w.paused = false
		for _, m := range retries {
			m.code = 0
		}
	})
	w.calm(10)
	w.minutes(5)
	time.Sleep(30 * time.Minute)
}

// restartedRuns: each run's process ends soon, and a new one begins at once. The index still lists
// what the first has visited.
func (w *crowdedWorld) restartedRuns() {
	crowd := w.crowd("restarted", 4*w.size.reads())
	w.set(func() { w.restarts = true })
	w.delay(0, w.size.backlog(len(crowd)))
	w.lose(crowd...)
	w.minutes(20)
	w.set(func() { w.restarts = false })
}

// hangingReads: one read in a hundred is never answered, of more messages than a few runs have time
// for.
func (w *crowdedWorld) hangingReads() {
	crowd := w.crowd("hanging", 10*w.size.reads())
	w.set(func() { w.hanging = true })
	w.delay(0, w.size.backlog(len(crowd)))
	w.lose(crowd...)
	w.minutes(20)
	w.set(func() { w.hanging = false })
}

// unsavedOutcomes: the first outcome of each check of a crowd cannot be written.
func (w *crowdedWorld) unsavedOutcomes() {
	const lasts = 20 * time.Minute
	crowd := w.crowd("unsaved", w.size.readsAtMost()*6/5)
	ahead := w.size.backlog(len(crowd) * 4 / 3)
	w.set(func() {
		for _, m := range crowd {
			m.unsaved, m.patience = 1, 3*lasts
		}
	})
	w.delay(0, ahead)
	w.lose(crowd...)
	w.minutes(int(lasts / time.Minute))
	w.set(func() {
		for _, m := range crowd {
			m.unsaved = 0
		}
	})
	time.Sleep(lasts)
}

// stubbornRetries: no outcome of some retries can be written, and each check brings a webhook,
// which moves the message to the lane of first checks as one that has waited for long.
func (w *crowdedWorld) stubbornRetries() {
	stubborn := w.crowd("stubborn", 10)
	w.set(func() {
		for _, m := range stubborn {
			m.code, m.patience = refusedForNow, 2*time.Hour
		}
	})
	w.lose(stubborn...)
	for w.triesOf(stubborn[9]) < 5 {
		time.Sleep(10 * time.Second)
	}
	w.set(func() { w.paused = true })
	const pause = 30 * time.Minute // longer than the backoff of 8 minutes
	older := w.crowd("older", w.size.reads()*5/4)
	w.set(func() {
		for _, m := range older {
			m.patience = pause + w.size.backlog(len(older)*4/3)
		}
	})
	w.lose(older...)
	time.Sleep(pause)
	w.set(func() {
		w.paused = false
		for _, m := range stubborn {
			m.code, m.hot, m.unsaved = 0, true, 100
		}
	})
	time.Sleep(5 * time.Minute)
	w.set(func() {
		for _, m := range stubborn {
			m.hot, m.unsaved = false, 0
		}
	})
}

func (w *crowdedWorld) triesOf(m *crowdedMessage) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return m.calls
}

// panics: the store panics over some messages.
func (w *crowdedWorld) panics() {
	const lasts = 10 * time.Minute
	crowd := w.crowd("panics", 10)
	w.set(func() {
		for _, m := range crowd {
			m.panics, m.patience = true, 3*lasts
		}
	})
	w.lose(crowd...)
	w.minutes(int(lasts / time.Minute))
	w.set(func() {
		for _, m := range crowd {
			m.panics = false
		}
	})
}

// overlappingReads: the reply to one read is on its way for seconds, while another one is made. The
// clock of who makes the first is ahead, so that clocks alone would have it be the later one.
func (w *crowdedWorld) overlappingReads() {
	crowd := w.crowd("overlap", 10)
	w.lose(crowd...)
	time.Sleep(3 * time.Minute)
	for _, m := range crowd {
		slow := make(chan error)
		w.set(func() { m.slow, m.owed = 5*time.Second, 10 })
		go func() { slow <- w.early.Replay(context.Background(), m.Message) }()
		time.Sleep(time.Second)
		w.set(func() { m.slow = 0 })
		w.change(m.Message)
		assert.NoError(w.t, w.repairer.Replay(context.Background(), m.Message))
		assert.NoError(w.t, <-slow)
	}
}

// refused: Chat refuses some messages for good.
func (w *crowdedWorld) refused() {
	crowd := w.crowd("refused", 20)
	w.set(func() {
		for _, m := range crowd {
			m.code = refusedForGood
		}
	})
	w.lose(crowd...)
}
