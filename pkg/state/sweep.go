package state

// Sweep removes garbage, unless the message has changed since revision.
func (r *Record) Sweep(revision int64) {
	if r.Check.Revision == revision {
		r.State.Sweep()
	}
}

// MayErase reports whether the message is unchanged since revision. An event or a doubt that came
// since then must be read before the message is erased.
func (r *Record) MayErase(revision int64) bool { return r.Check.Revision == revision }
