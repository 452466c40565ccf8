package repair

import (
	"context"
	"errors"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// absent reports whether Chat has no extensions of a message, and nothing else is known of it. The
// message was only announced, or a backfill asks for it. Chat's documents do not say how the read
// of a message that never had extensions is answered. So LatestSeq 0, no such message and a refusal
// count alike.
func (f finding) absent() bool {
	s, c := f.record.State, f.record.Check
	known := !c.Heard.IsZero() || s.Base != nil || s.Latest != 0 || c.Doubted != 0
	if known || f.purpose == toReplay || c.Announced.IsZero() && f.purpose != toBackfill {
		return false
	}
	if f.err != nil {
		return errors.Is(f.err, chatapi.ErrGone) || refused(f.err)
	}
	return empty(f.read)
}

// empty reports whether a read is that of a message without extensions.
func empty(read msgext.Snapshot) bool {
	return read.Latest == 0 && read.Ahead == 0 && len(read.KeyValues) == 0
}

// concludeNothing decides about a message that is absent. Nobody is told, and no read is kept,
// because a message without extensions is none of ours. One that was announced is read again at its
// next age, and erased after the last.
func (p policy) concludeNothing(d decision, f finding, now time.Time) decision {
	d.result.Read, d.result.Absent = f.err == nil, true
	d.exchange = !f.record.Check.Announced.IsZero()
	if f.purpose == toBackfill {
		return d
	}
	return p.stillNothing(d, f.record.Check, f.started, now)
}

// stillNothing decides whether and when an announced message of which nothing is known is looked at
// again.
func (p policy) stillNothing(d decision, c state.Check, started, now time.Time) decision {
	due := p.nextAge(c, now)
	if due.IsZero() {
		d.erase = true
		return d
	}
	d.save = &state.Outcome{
		Revision: c.Revision, DroppedAt: c.DroppedAt, Started: p.began(started, now),
		Due: due, SinksUpToDate: c.SinksUpToDate,
	}
	return d
}

// lookExchanged is for an announced one-to-one message. If Chat has extensions under the message's
// accounts exchanged, it announces the message under those as well. A webhook about extensions
// names two accounts. It is not documented whether they are those of the message or begin with who
// changed the extensions. So the message is known by the name that reads go by, and what was
// announced stays empty. A failure changes nothing: the message is looked for again at its next
// age.
func (r *Repairer) lookExchanged(ctx context.Context, message msgext.Message, announced time.Time) error {
	if !r.hasExchanged(ctx, message) {
		return nil
	}
	return r.options.Store.Announce(ctx, message.Exchanged(), announced, r.policy.look(r.options.Now(), r.options.Now()))
}

// hasExchanged reports whether Chat has extensions of a one-to-one message under its accounts
// exchanged. A read that fails counts as none.
func (r *Repairer) hasExchanged(ctx context.Context, message msgext.Message) bool {
	if message.IsGroup() {
		return false
	}
	reading, err := r.options.Chat.Read(ctx, message.Exchanged())
	return err == nil && !empty(reading.Snapshot)
}

// Announce makes a message known as if it had been announced now, and due at once. It is for an
// announcement that the store did not take.
func (r *Repairer) Announce(ctx context.Context, message msgext.Message) error {
	now := r.options.Now()
	return r.options.Store.Announce(ctx, message, now, r.policy.look(now, now))
}
