package statetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

func doubting(at time.Time, source state.Source) call {
	return func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
		return false, s.Doubt(ctx, m, at, source)
	}
}

func announcing(at, due time.Time) call {
	return func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
		return false, s.Announce(ctx, m, at, due)
	}
}

func saving(outcome state.Outcome) call {
	return func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
		return false, s.SaveCheck(ctx, m, outcome)
	}
}

func applying(event msgext.Event, heard time.Time) call {
	return func(ctx context.Context, s state.Store, m msgext.Message) (bool, error) {
		event.Message = m
		return false, s.Apply(ctx, event, heard, state.MarkNow)
	}
}

func testDoubt(t *testing.T, s state.Store) {
	w := newTwin(s)
	_, record := w.do(t, "a doubt makes the message known", doubting(start, state.FromWebhook))
	millis := start.UnixMilli()
	assert.Equal(t, state.Check{Revision: millis + 1, Doubted: millis + 1, DroppedAt: start, Heard: start, Due: start}, record.Check)
	_, due := headOf(t, s, w.message, start)
	assert.True(t, due)

	_, record = w.do(t, "an event leaves it", applying(SetEvent(w.message, 1, "v", "a"), start.Add(time.Second)))
	assert.Equal(t, millis+1, record.Check.Doubted)
	w.do(t, "a check that does not settle leaves it", saving(state.Outcome{
		Revision: record.Check.Revision, Started: start.Add(time.Minute), Due: start.Add(time.Hour), Tries: 2, GaveUp: true, SinksUpToDate: true,
	}))
	_, record = w.do(t, "an operator's doubt starts the checks over", doubting(start.Add(time.Minute), state.FromOperator))
	assert.Equal(t, state.Check{
		Revision: millis + 3, Doubted: millis + 3, DroppedAt: start.Add(time.Minute), Heard: start.Add(time.Second), Due: start.Add(time.Minute),
	}, record.Check)
	assert.Equal(t, []msgext.KeyValue{{Key: "a", Value: "v", Seq: 1}}, record.State.Visible(), "nothing visible changes")
	assert.False(t, record.State.Gap())

	_, record = w.do(t, "one raised after the load outlives the check", saving(state.Outcome{Revision: millis + 2, Started: start.Add(time.Minute), Settles: true, Floor: 1}))
	assert.Equal(t, millis+3, record.Check.Doubted)
	w.do(t, "an event comes during the check", applying(SetEvent(w.message, 2, "v", "a"), start.Add(2*time.Minute)))
	_, record = w.do(t, "and the doubt is settled all the same", saving(state.Outcome{Revision: millis + 3, Started: start.Add(3 * time.Minute), Settles: true}))
	assert.Zero(t, record.Check.Doubted)
	assert.Equal(t, start.Add(3*time.Minute), record.Check.Due, "behind those that waited when the check began")

	w.do(t, "a message that is put off", saving(state.Outcome{Revision: record.Check.Revision, Due: start.Add(time.Hour)}))
	_, record = w.do(t, "an earlier doubt brings it forward", doubting(start, state.FromWebhook))
	assert.Equal(t, start, record.Check.Due)
	assert.Equal(t, start.Add(2*time.Minute), record.Check.Heard)
}

func testAnnounce(t *testing.T, s state.Store) {
	w, first := newTwin(s), start.Add(10*time.Minute)
	_, record := w.do(t, "an announcement makes the message known", announcing(start, first))
	millis := start.UnixMilli()
	assert.Equal(t, state.Check{Revision: millis + 1, Announced: start, Due: first}, record.Check)
	page, err := s.Due(t.Context(), state.FirstChecks, first, "", 1)
	require.NoError(t, err)
	for _, head := range page.Heads {
		assert.NotEqual(t, w.message, head.Message, "it waits in a lane of its own")
	}
	head, due := headOf(t, s, w.message, first)
	assert.True(t, due)
	assert.Equal(t, record.Check, head.Check)

	w.do(t, "a check", saving(state.Outcome{Revision: millis + 1, Due: start.Add(time.Hour)}))
	w.do(t, "a doubled announcement changes nothing", announcing(start.Add(time.Second), start.Add(time.Minute)))
	_, record = w.do(t, "an operator's doubt is none of its webhooks", doubting(start.Add(time.Minute), state.FromOperator))
	assert.Zero(t, record.Check.Heard)
	_, due = headOf(t, s, w.message, start.Add(time.Minute))
	assert.True(t, due)
	_, record = w.do(t, "settled", saving(state.Outcome{Revision: record.Check.Revision, Settles: true, Due: start.Add(time.Hour)}))
	assert.Equal(t, state.Announced, record.Check.Lane())
	_, due = headOf(t, s, w.message, start.Add(time.Hour))
	assert.True(t, due)
	w.do(t, "an event makes it a message as any other", applying(SetEvent(w.message, 1, "v", "a"), start.Add(2*time.Minute)))
	_, due = headOf(t, s, w.message, start.Add(2*time.Minute))
	assert.True(t, due)

	heard := newTwin(s)
	_, before := heard.do(t, "an event", applying(SetEvent(heard.message, 1, "v", "a"), start.Add(time.Hour)))
	_, record = heard.do(t, "announced after it was heard of", announcing(start, first))
	want := before.Check
	want.Announced = start
	assert.Equal(t, want, record.Check)

	doubted := newTwin(s)
	doubted.do(t, "an operator's doubt", doubting(start.Add(time.Hour), state.FromOperator))
	_, record = doubted.do(t, "announced with a doubt pending", announcing(start, first))
	assert.Equal(t, state.FirstChecks, record.Check.Lane())
	_, due = headOf(t, s, doubted.message, first)
	assert.True(t, due)
}
