package repair_test

import (
	"context"
	"sync"
	"time"

	"msgext/pkg/msgext"
)

// incidents are what happens once in each soak, whatever its seed. Each is the whole life of its
// message, of which nothing else is heard.
var incidents = []func(s *stage){
	(*stage).doubtedDouble,
	(*stage).doubtedDuringARead,
	(*stage).doubtedBeforeAReadThatLags,
	(*stage).doubtedWhileSinksAreDown,
	(*stage).forgedBeforeTheDrop,
	(*stage).slowCheckPastADrop,
	(*stage).readBelowAnother,
	func(s *stage) { s.lostAfter(2 * time.Minute) },
	func(s *stage) { s.lostAfter(20 * time.Minute) },
	func(s *stage) { s.lostAfter(2 * time.Hour) },
	func(s *stage) { s.lostAfter(2 * day) },
	(*stage).forgedWhileTheStoreIsDown,
	(*stage).heardWhenErased,
	(*stage).newestKeyDeleted,
}

// begins is the first change, and an hour in which everything settles.
func (s *stage) begins() {
	s.arrives(s.set("first"))
	time.Sleep(time.Hour)
}

// The last change cannot be taken in, and nothing else betrays it.
func (s *stage) doubtedLast(kind int) {
	s.begins()
	s.garbled(s.set("doubted"), kind)
}

// A webhook comes twice, and the second time it cannot be taken in. It might have been another one.
func (s *stage) doubtedDouble() {
	s.begins()
	event := s.set("doubled")
	s.arrives(event)
	time.Sleep(time.Hour)
	s.garbled(event, 0)
}

// A change that cannot be taken in arrives while the message is read, and is not in that read.
func (s *stage) doubtedDuringARead() {
	s.begins()
	s.with(func() {
		s.onRead = func() {
			s.with(func() { s.onRead = nil })
			s.garbled(s.set("doubted"), 0)
		}
	})
	s.replays()
}

// The message is read just after a change that cannot be taken in, from a replica that does not
// have the change yet.
func (s *stage) doubtedBeforeAReadThatLags() {
	s.begins()
	s.garbled(s.set("doubted"), 0)
	s.replaysLagging()
}

// Nobody can be told of a change that cannot be taken in, for hours.
func (s *stage) doubtedWhileSinksAreDown() {
	down := s.w.sinksDown[len(s.w.sinksDown)-1]
	time.Sleep(time.Until(down.from) - time.Hour)
	s.begins()
	time.Sleep(30 * time.Minute)
	s.garbled(s.set("doubted"), 0)
}

// A second forgery arrives after the read that leads to the first one's drop.
func (s *stage) forgedBeforeTheDrop() {
	s.begins()
	s.with(func() {
		s.onRead = func() {
			record, err := s.w.store.Store.Load(context.Background(), s.message.Message)
			if since := record.Check.AheadSince; err == nil && !since.IsZero() && time.Since(since) > 2*grace+time.Second {
				s.with(func() { s.onRead = nil })
				s.forges(6)
			}
		}
	})
	s.forges(5)
}

// A check has read, and is still telling the sinks, while another one drops what it has seen: a
// forgery, and with it a real change, because both read a replica that lags.
func (s *stage) slowCheckPastADrop() {
	s.begins()
	s.forges(5)
	var since time.Time
	for range 60 {
		time.Sleep(10 * time.Second)
		if record, err := s.w.store.Store.Load(context.Background(), s.message.Message); err == nil && !record.Check.AheadSince.IsZero() {
			since = record.Check.AheadSince
			break
		}
	}
	time.Sleep(time.Until(since.Add(2*grace - 3*time.Second)))
	s.arrives(s.set("real"))
	s.with(func() { s.lags, s.tells = true, 8*time.Second })
	var slow sync.WaitGroup
	slow.Go(func() { s.replays() })
	time.Sleep(time.Second)
	s.with(func() { s.tells = 0 })
	time.Sleep(time.Until(since.Add(2*grace + 2*time.Second)))
	s.replays()
	slow.Wait()
	s.with(func() { s.lags = false })
}

// A read from a replica that lags follows one that does not.
func (s *stage) readBelowAnother() {
	s.begins()
	s.arrives(s.set("second"))
	s.replays()
	time.Sleep(5 * time.Second)
	s.replaysLagging()
}

// The last change is lost, a while after one that was heard.
func (s *stage) lostAfter(quiet time.Duration) {
	s.arrives(s.set("first"))
	time.Sleep(quiet)
	s.lost(s.set("lost"))
}

// Sinks take a forgery that the store never hears of, and nobody replays it. Where all are read,
// the read after 7 days is told whatever it finds. Where only gaps are read, nothing promises that
// it goes.
func (s *stage) forgedWhileTheStoreIsDown() {
	down := s.w.store.down[1]
	time.Sleep(time.Until(down.from) - 2*time.Hour)
	s.begins()
	heard := time.Now().Add(-time.Hour)
	time.Sleep(time.Until(down.from.Add(time.Minute)))
	if s.w.all {
		forged, _ := s.forges(1)
		s.w.oweForged(s.message, forged, heard.Add(7*day))
	}
}

// A change arrives when the message is about to be erased.
func (s *stage) heardWhenErased() {
	s.with(func() {
		s.onErase = func() {
			s.with(func() { s.onErase = nil })
			s.arrives(s.set("second"))
		}
	})
	s.begins()
}

// The newest key is deleted. Where LatestSeq falls, that is no forgery.
func (s *stage) newestKeyDeleted() {
	s.begins()
	s.arrives(s.set("second"))
	time.Sleep(time.Minute)
	s.arrives(s.change(msgext.Delete, msgext.KeyValue{Key: "second"}))
}
