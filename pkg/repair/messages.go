package repair

import (
	"context"
	"iter"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Messages are those of the app that the store holds. The store decides their order.
func (r *Repairer) Messages(ctx context.Context) iter.Seq2[msgext.Message, error] {
	return func(yield func(msgext.Message, error) bool) {
		r.walk(ctx, "", yield)
	}
}

// Sample returns up to n messages of the app, each once. It begins at a place in the store that key
// decides. Where the store ends, it goes on from the beginning.
func (r *Repairer) Sample(ctx context.Context, n int, key uint64) iter.Seq2[msgext.Message, error] {
	return func(yield func(msgext.Message, error) bool) {
		met := make(map[msgext.Message]bool)
		take := func(message msgext.Message, err error) bool {
			if met[message] {
				return true
			}
			if len(met) == n {
				return false
			}
			met[message] = err == nil
			return yield(message, err) && len(met) < n
		}
		if n > 0 && r.walk(ctx, state.Somewhere(key), take) {
			r.walk(ctx, "", take)
		}
	}
}

// walk yields messages from a place on, and reports whether it came to the end.
func (r *Repairer) walk(ctx context.Context, from state.Cursor, yield func(msgext.Message, error) bool) bool {
	for {
		page, err := r.options.Store.Each(ctx, from, pageSize)
		if err != nil {
			yield(msgext.Message{}, err)
			return false
		}
		for _, head := range page.Heads {
			if r.policy.app != "" && head.Message.SDKAppID != r.policy.app {
				continue
			}
			if !yield(head.Message, nil) {
				return false
			}
		}
		if !page.More {
			return true
		}
		from = page.Next
	}
}
