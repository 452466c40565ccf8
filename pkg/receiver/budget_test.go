package receiver_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/receiver"
	"msgext/pkg/sink"
)

func TestReceiver_RepliesWithinTheBudget(t *testing.T) {
	tests := []struct {
		name     string
		budget   time.Duration
		deadline time.Duration // of the platform, 0 for none
		hold     bool
		want     time.Duration
	}{
		{name: "by default", want: 1500 * time.Millisecond},
		{name: "as configured", budget: 400 * time.Millisecond, want: 400 * time.Millisecond},
		{name: "before the platform's deadline", deadline: time.Second, want: 800 * time.Millisecond},
		{name: "held until Chat has timed out", hold: true, want: 2500 * time.Millisecond},
		{name: "held until shortly before the platform's deadline", hold: true, deadline: 2 * time.Second, want: 1800 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// The destination that ignores its context outlives its request. It is released at
				// the end of the test.
				end := make(chan struct{})
				defer close(end)
				options, lines := logged(options())
				options.Now, options.Budget, options.Hold = clock(), test.budget, test.hold
				options.Sinks = []sink.Sink{&fakeSink{"stubborn", new(journal), func(context.Context) error { <-end; return nil }}}
				request := vectorRequest(t, "sample-group-set", now)
				if test.deadline > 0 {
					ctx, cancel := context.WithTimeout(request.Context(), test.deadline)
					defer cancel()
					request = request.WithContext(ctx)
				}
				arrived := time.Now()
				reply := httptest.NewRecorder()
				receiver.New(options).ServeHTTP(reply, request)
				assert.Equal(t, test.want, time.Since(arrived))
				assert.Equal(t, ours, reply.Body.String())
				assert.Equal(t, []any{"stubborn"}, lines.only(t)["failed"])
			})
		})
	}
}

// A store that does not answer and ignores its context uses only half of the budget. The sinks get
// the other half.
func TestReceiver_TheStoreHasHalfOfTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		j := new(journal)
		options, lines := logged(options())
		options.Now = clock()
		options.Store = &fakeStore{journal: j, apply: func(context.Context) error { <-end; return nil }}
		arrived := time.Now()
		var told, left time.Duration
		options.Sinks = []sink.Sink{&fakeSink{"a", j, func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			told, left = time.Since(arrived), time.Until(deadline)
			return nil
		}}}
		reply := httptest.NewRecorder()
		receiver.New(options).ServeHTTP(reply, vectorRequest(t, "sample-group-set", now))
		assert.Equal(t, 750*time.Millisecond, told)
		assert.Equal(t, 750*time.Millisecond, left)
		assert.Equal(t, ours, reply.Body.String())
		assert.Equal(t, []any{"state"}, lines.only(t)["failed"])
	})
}

func TestReceiver_HoldsOnlyWhatOurSideFailed(t *testing.T) {
	for _, name := range []string{"sample-group-set", "auth-unsigned", "fault-negative", "other-before", "method-get"} {
		synctest.Test(t, func(t *testing.T) {
			options, _ := logged(options())
			options.Now, options.Hold = clock(), true
			arrived := time.Now()
			receiver.New(options).ServeHTTP(httptest.NewRecorder(), vectorRequest(t, name, now))
			assert.Zero(t, time.Since(arrived), name)
		})
	}
}

func TestReceiver_AHeldReplyEndsWhenTheClientHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options, _ := logged(options())
		options.Now, options.Hold = clock(), true
		options.Sinks = []sink.Sink{&fakeSink{"a", new(journal), fails}}
		request := vectorRequest(t, "sample-group-set", now)
		ctx, hangUp := context.WithCancel(request.Context())
		time.AfterFunc(2*time.Second, hangUp)
		arrived := time.Now()
		receiver.New(options).ServeHTTP(httptest.NewRecorder(), request.WithContext(ctx))
		assert.Equal(t, 2*time.Second, time.Since(arrived))
	})
}

func TestReceiver_AClientThatHangsUpDoesNotCancelWhatItSent(t *testing.T) {
	j := new(journal)
	options, _ := logged(options())
	options.Sinks = []sink.Sink{&fakeSink{"a", j, func(ctx context.Context) error { return ctx.Err() }}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	reply := httptest.NewRecorder()
	receiver.New(options).ServeHTTP(reply, vectorRequest(t, "sample-group-set", now).WithContext(ctx))
	assert.Equal(t, ok, reply.Body.String())
	assert.Len(t, j.list(), 1)
}
