package repair_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

// gauge is a world whose runs are measured.
type gauge struct {
	*world
	*repair.Repairer
	log bytes.Buffer
}

func measuring(t *testing.T, change func(*chatsim.Options), options func(*repair.Options)) *gauge {
	t.Helper()
	g := &gauge{world: newWorld(t, change)}
	g.Repairer = g.repairer(func(o *repair.Options) {
		o.Logger, o.Metrics = slog.New(slog.NewJSONHandler(&g.log, nil)), metric.Plain
		if options != nil {
			options(o)
		}
	})
	return g
}

// measure runs once and returns what its line says.
func (g *gauge) measure(t *testing.T) map[string]any {
	t.Helper()
	g.log.Reset()
	_, _ = g.Run(t.Context())
	lines := bytes.Split(bytes.TrimSpace(g.log.Bytes()), []byte("\n"))
	var line map[string]any
	require.NoError(t, json.Unmarshal(lines[len(lines)-1], &line))
	require.Equal(t, "repair", line["msg"])
	return line
}

// lose has a change lost whose message is then heard of.
func (g *gauge) lose(t *testing.T, m msgext.Message) {
	t.Helper()
	g.change(t, m, msgext.Set, "alice", "lost")
	g.receive(t, g.change(t, m, msgext.Set, "bob", "2"))
}

func numbered(n int) msgext.Message {
	return msgext.Message{SDKAppID: app, GroupID: "@TGS#1", MsgSeq: int64(n)}
}

func TestRun_MeasuresWhatIsLeftUntilItIsMended(t *testing.T) {
	refused := true
	g := measuring(t, func(o *chatsim.Options) {
		o.Trouble = func(int, string) int {
			if refused {
				return 60021
			}
			return 0
		}
	}, nil)
	for n := range 3 {
		g.lose(t, numbered(n+1))
	}
	assert.Subset(t, g.measure(t), map[string]any{"Checked": 0.0, "Open": 0.0, "Stuck": 0.0, "OldestDue": 0.0}, "nobody has looked yet")
	g.pass(grace)
	assert.Subset(t, g.measure(t), map[string]any{"Checked": 3.0, "Gaps": 3.0, "Read": 0.0, "Healed": 0.0, "Open": 3.0, "RepairFailed": 0.0})
	g.pass(time.Second)
	assert.Subset(t, g.measure(t), map[string]any{"Checked": 0.0, "Open": 3.0}, "put off, and open all the while")
	refused = false
	g.pass(grace)
	assert.Subset(t, g.measure(t), map[string]any{"Checked": 3.0, "Read": 3.0, "Healed": 3.0, "Open": 0.0})
}

// OldestDue is for how long the longest-waiting message has been due: what a run left behind.
func TestRun_MeasuresWhatItHadNoTimeFor(t *testing.T) {
	g := measuring(t, nil, nil)
	g.lose(t, poll)
	g.pass(grace - time.Second)
	assert.EqualValues(t, (grace - time.Second).Milliseconds(), g.measure(t)["OldestDue"])
	g.pass(time.Second)
	assert.Zero(t, g.measure(t)["OldestDue"], "settled, and due again in a week")
}

// dumb is a store that cannot say what is left.
type dumb struct{ state.Store }

func (dumb) Count(context.Context, int) (state.Counts, error) {
	return state.Counts{}, errors.New("planted")
}

// dead is a store that cannot say anything.
type dead struct{ dumb }

func (dead) Due(context.Context, state.Lane, time.Time, state.Cursor, int) (state.Page, error) {
	return state.Page{}, errors.New("planted")
}

func TestRun_WhatTheStoreCannotSayIsNotMeasured(t *testing.T) {
	for _, test := range []struct {
		store  state.Store
		failed float64
	}{{dumb{newWorld(t, nil).store}, 0}, {dead{dumb{newWorld(t, nil).store}}, 1}} {
		g := measuring(t, nil, func(o *repair.Options) { o.Store = test.store })
		line := g.measure(t)
		for _, name := range []string{metric.Open, metric.Stuck, metric.OldestDue} {
			assert.NotContains(t, line, name, "0 would be a lie")
		}
		assert.Equal(t, test.failed, line[metric.RepairFailed])
		assert.Contains(t, g.log.String(), "it is not known what is left")
	}
}

// Healed counts losses: not what is told for other reasons, nor a forgery that is taken back.
func TestRun_HealedCountsLosses(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(*testing.T, *gauge)
		options func(*repair.Options)
		want    int
	}{
		"a change that never came": {func(t *testing.T, g *gauge) { g.lose(t, poll) }, nil, 1},
		"a last change that never came": {func(t *testing.T, g *gauge) {
			g.receive(t, g.change(t, poll, msgext.Set, "alice", "1"))
			g.change(t, poll, msgext.Set, "bob", "lost")
		}, func(o *repair.Options) { o.ReadAll = true }, 1},
		"what a sink missed": {func(t *testing.T, g *gauge) {
			g.sink.SetDown(true)
			g.receive(t, g.change(t, poll, msgext.Set, "alice", "1"))
			g.sink.SetDown(false)
		}, nil, 1},
		"a body that was refused": {func(t *testing.T, g *gauge) {
			g.change(t, poll, msgext.Set, "alice", "1")
			require.NoError(t, g.store.Doubt(t.Context(), poll, g.clock(), state.FromWebhook))
		}, nil, 1},
		"nothing lost": {func(t *testing.T, g *gauge) { g.receive(t, g.change(t, poll, msgext.Set, "alice", "1")) },
			func(o *repair.Options) { o.ReadAll = true }, 0},
		"a forgery": {func(t *testing.T, g *gauge) {
			g.receive(t, g.change(t, poll, msgext.Set, "alice", "1"))
			g.receive(t, forged(t, 9, "forged"))
		}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := measuring(t, nil, test.options)
			test.happens(t, g)
			healed := 0.0
			for range 10 {
				g.pass(grace)
				healed += g.measure(t)[metric.Healed].(float64)
			}
			assert.EqualValues(t, test.want, healed)
			assert.Equal(t, g.chat.Truth(poll), g.record(t, poll).State.Reply())
		})
	}
}
