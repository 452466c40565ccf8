package awscall_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound"
	"msgext/pkg/sink/internal/awscall"
)

func said(code string) error {
	return &smithy.GenericAPIError{Code: code, Message: "value 'the-content' is not valid"}
}

var errBroken = errors.New("connection broken")

// unreachable is the SDK's error where the service's endpoint refuses connections.
var unreachable = &smithyhttp.RequestSendError{Err: &net.OpError{
	Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 443}, Err: syscall.ECONNREFUSED,
}}

func TestCaller_Do(t *testing.T) {
	tests := []struct {
		name      string
		answers   []error // of one try each; the last repeats
		wantTries int
		wantErr   error
		wantText  string
	}{
		{name: "at once", answers: []error{nil}, wantTries: 1},
		{name: "throttled once", answers: []error{said("ThrottlingException"), nil}, wantTries: 2},
		{name: "broken twice", answers: []error{errBroken, errBroken, nil}, wantTries: 3},
		{name: "always throttled", answers: []error{said("ThrottlingException")}, wantTries: 5, wantText: "ThrottlingException (HTTP 200)"},
		{name: "always broken", answers: []error{errBroken}, wantTries: 5, wantErr: errBroken, wantText: "connection broken"},
		{name: "unreachable", answers: []error{unreachable}, wantTries: 5, wantErr: syscall.ECONNREFUSED, wantText: "dial: connection refused"},
		{name: "refused for good", answers: []error{said("ValidationException")}, wantTries: 1, wantText: "ValidationException (HTTP 200)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, caller := awscall.New(aws.Config{})
				ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
				defer cancel()
				tries := 0
				err := caller.Do(ctx, func(context.Context) error {
					answer := tt.answers[min(tries, len(tt.answers)-1)]
					tries++
					return answer
				})
				assert.Equal(t, tt.wantTries, tries)
				if tt.wantText == "" {
					require.NoError(t, err)
					return
				}
				require.EqualError(t, err, tt.wantText)
				if tt.wantErr != nil {
					require.ErrorIs(t, err, tt.wantErr)
				}
			})
		})
	}
}

func TestCaller_DoEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, caller := awscall.New(aws.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		tries := 0
		err := caller.Do(ctx, func(ctx context.Context) error {
			if tries++; tries == 1 {
				return errBroken
			}
			<-ctx.Done()
			return ctx.Err()
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, errBroken, "what went wrong before is told as well")
		assert.Equal(t, 2, tries)
	})
}

func TestCaller_DoGivesUpWhenNoTimeIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, caller := awscall.New(aws.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		tries := 0
		err := caller.Do(ctx, func(context.Context) error { tries++; return errBroken })
		require.ErrorIs(t, err, errBroken)
		assert.NoError(t, ctx.Err(), "a pause that cannot end in time is not begun")
		assert.Equal(t, 1, tries)
	})
}

// A sandbox that was frozen has a connection that the other side has closed.
func TestCaller_DoLeavesADeadConnection(t *testing.T) {
	tests := []struct {
		name string
		die  func(w http.ResponseWriter, r *http.Request)
	}{
		{name: "reset", die: func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		}},
		{name: "black hole", die: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			type number struct{}
			var connections, requests int
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				requests++
				if r.Context().Value(number{}) == 1 && requests > 1 {
					tt.die(w, r)
				}
			}))
			server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
				connections++
				return context.WithValue(ctx, number{}, connections)
			}
			server.Start()
			defer server.Close()

			cfg, caller := awscall.New(aws.Config{})
			defer caller.Close()
			post := func(ctx context.Context) error {
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, http.NoBody)
				require.NoError(t, err)
				response, err := cfg.HTTPClient.Do(request)
				if err != nil {
					return err
				}
				_, _ = io.Copy(io.Discard, response.Body)
				return response.Body.Close()
			}
			transport, ok := cfg.HTTPClient.(*outbound.Transport)
			require.True(t, ok)
			now := time.Now()
			transport.Now = func() time.Time { return now }
			for range 2 {
				now = now.Add(outbound.SuspectAfter)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				require.NoError(t, caller.Do(ctx, post))
				cancel()
			}
			assert.Equal(t, 2, connections)
			assert.Equal(t, 3, requests)
		})
	}
}

func TestNew_KeepsNoConnectionForLong(t *testing.T) {
	cfg, _ := awscall.New(aws.Config{})
	transport, ok := cfg.HTTPClient.(*outbound.Transport)
	require.True(t, ok)
	assert.Equal(t, 30*time.Second, transport.HTTP.IdleConnTimeout)
}
