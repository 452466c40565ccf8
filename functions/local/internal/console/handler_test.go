package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/local/internal/console"
	"msgext/pkg/msgext"
)

// list is the JSON of the list and of each push.
type list struct {
	Reset    bool    `json:"reset"`
	Entries  []entry `json:"entries"`
	Counters struct {
		Received uint64            `json:"received"`
		Fates    map[string]uint64 `json:"fates"`
		Reasons  map[string]uint64 `json:"reasons"`
	} `json:"counters"`
}

type entry struct {
	ID                                                                      uint64
	Method, Command, Message, Label, Operation, Version, Fate, Reason, Rule string
	Status, Keys                                                            int
	Changes                                                                 []changed
	Failed                                                                  []string

	Reply, Advice, Answer string
	Parameters            []struct{ Name, Given string }
	Body                  *string
	Whole, Again          bool
	Backend               *backend
	Destinations          []destination
	Told                  *told
}

type changed struct{ Key, Value string }

type destination struct {
	Name     string
	Accepted bool
	Tries    int
	Error    string
}

type told struct{ Event, Headers string }

type backend struct {
	Status     int
	DurationMS float64
	Reply      string
}

func get[T any](t testing.TB, p *process, path string) (value T) {
	t.Helper()
	response, err := http.Get(p.URL + "/console/" + path)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, path)
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	require.NoError(t, json.NewDecoder(response.Body).Decode(&value))
	return value
}

func decode[T any](t testing.TB, response *http.Response) (value T) {
	t.Helper()
	require.NoError(t, json.NewDecoder(response.Body).Decode(&value))
	return value
}

func TestHandler_PageMayLoadItselfAndNothingElse(t *testing.T) {
	p := start(t, nil)
	for _, path := range []string{"", "static/main.js", "static/style.css", "deliveries", "deliveries/1", "nothing"} {
		response, err := http.Get(p.URL + "/console/" + path)
		require.NoError(t, err)
		defer response.Body.Close()
		policy := response.Header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} {
			assert.Contains(t, strings.Split(policy, "; "), directive, path)
		}
		assert.NotContains(t, policy, "unsafe", path)
		assert.NotContains(t, policy, "*", path)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
		} {
			assert.Equal(t, want, response.Header.Get(name), "%s: %s", path, name)
		}
		if path != "" {
			continue
		}
		page, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Contains(t, string(page), `<html lang="en">`)
		assert.Contains(t, string(page), `content="`+pageToken)
		assert.NotContains(t, string(page), webhookToken.Reveal())
		for _, inline := range []string{" style=", "<style", " onclick=", "javascript:", "https://", "//cdn"} {
			assert.NotContains(t, string(page), inline)
		}
	}
}

func TestHandler_ChangesNeedThePagesToken(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "k", "v")
	for _, path := range []string{"samples/set", "deliveries/1/send", "deliveries/1/curl", "simulation"} {
		good := http.StatusOK
		if path == "simulation" {
			good = http.StatusAccepted // accepted: the simulation goes on by itself
		}
		tests := []struct {
			name, method string
			header       http.Header
			want         int
		}{
			{"no token", http.MethodPost, http.Header{}, http.StatusForbidden},
			{"another token", http.MethodPost, http.Header{console.TokenHeader: {"guessed"}}, http.StatusForbidden},
			{"another site's page", http.MethodPost, http.Header{console.TokenHeader: {pageToken}, "Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
			{"another origin", http.MethodPost, http.Header{console.TokenHeader: {pageToken}, "Origin": {"http://other.example"}}, http.StatusForbidden},
			{"PUT", http.MethodPut, http.Header{console.TokenHeader: {pageToken}}, http.StatusMethodNotAllowed},
			{"the page", http.MethodPost, http.Header{console.TokenHeader: {pageToken}, "Sec-Fetch-Site": {"same-origin"}}, good},
		}
		for _, test := range tests {
			t.Run(path+", "+test.name, func(t *testing.T) {
				request, err := http.NewRequest(test.method, p.URL+"/console/"+path, strings.NewReader(`{"preset":"losses"}`))
				require.NoError(t, err)
				request.Header = test.header
				response, err := http.DefaultClient.Do(request)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				assert.Equal(t, test.want, response.StatusCode)
			})
		}
	}
	assert.EqualValues(t, 3, get[list](t, p, "deliveries").Counters.Received, "the first one, and what the page sent")
}

func TestNew_MakesATokenOfItsOwn(t *testing.T) {
	page := func() string {
		w := httptest.NewRecorder()
		console.New(console.Options{SDKAppID: appID}).Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/console/", nil))
		_, token, _ := strings.Cut(w.Body.String(), `name="console-token" content="`)
		token, _, _ = strings.Cut(token, `"`)
		return token
	}
	first := page()
	assert.GreaterOrEqual(t, len(first), 26)
	assert.NotEqual(t, first, page())
}

// TestSamples sends every sample. Each must get the answer that it announces.
func TestSamples(t *testing.T) {
	p := start(t, nil)
	response, err := http.Get(p.URL + "/console/")
	require.NoError(t, err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	accept, refuse, found := strings.Cut(string(page), `data-t="toRefuse"`)
	require.True(t, found)

	sent := 0
	for fate, part := range map[string]string{"accepted": accept, "rejected": refuse} {
		for _, piece := range strings.Split(part, `data-sample="`)[1:] {
			name, _, _ := strings.Cut(piece, `"`)
			p.act(t, "samples/"+name)
			newest := get[list](t, p, "deliveries").Entries[0]
			assert.Equal(t, fate, newest.Fate, "%s: %s", name, newest.Rule)
			sent++
		}
	}
	got := get[list](t, p, "deliveries")
	assert.EqualValues(t, sent, got.Counters.Received)
	for _, reason := range []string{
		"delivered", "probe", "other command", "method not POST", "query does not parse", "parameter repeated", "unsigned",
		"malformed signature", "no command", "foreign app", "stale", "wrong signature", "body too large", "body breaks the contract",
	} {
		assert.NotZero(t, got.Counters.Reasons[reason], reason)
	}
}

func TestSendAgain(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "k", "v")
	p.act(t, "deliveries/1/send")
	p.act(t, "samples/probe")
	p.act(t, "deliveries/3/send")
	entries := get[list](t, p, "deliveries").Entries
	require.Len(t, entries, 4)
	assert.Equal(t, "probe", entries[0].Reason)
	assert.Equal(t, "accepted", entries[2].Fate, "signed anew")
	assert.Equal(t, *get[entry](t, p, "deliveries/1").Body, *get[entry](t, p, "deliveries/2").Body)
}

func TestCurl(t *testing.T) {
	type line struct {
		Line string
		Same bool
	}
	t.Run("signed, and as typed", func(t *testing.T) {
		p := start(t, nil)
		p.set(t, 1, "k", "it's $HOME")
		got := decode[line](t, p.act(t, "deliveries/1/curl"))
		assert.True(t, got.Same)
		assert.Contains(t, got.Line, "curl -sS '"+p.URL+"/?SdkAppid="+appID+"&CallbackCommand="+msgext.GroupCommand+"&")
		assert.Contains(t, got.Line, `it'\''s $HOME`)
		_, sign, found := strings.Cut(got.Line, "&Sign=")
		require.True(t, found)
		assert.Regexp(t, `^[0-9a-f]{64}'`, sign)
	})
	t.Run("a token that is not to be shown", func(t *testing.T) {
		p := start(t, func(o *console.Options) { o.HideSigned = true })
		p.set(t, 1, "k", "v")
		got := decode[line](t, p.act(t, "deliveries/1/curl"))
		assert.Contains(t, got.Line, `printf '%s' "$MSGEXT_TOKEN$t"`)
		assert.NotRegexp(t, `[0-9a-f]{64}`, got.Line)
	})
	t.Run("no token at all", func(t *testing.T) {
		p := start(t, func(o *console.Options) { o.Sign = nil })
		p.act(t, "samples/set")
		assert.NotContains(t, decode[line](t, p.act(t, "deliveries/1/curl")).Line, "Sign=")
	})
	t.Run("a body that was not read", func(t *testing.T) {
		p := start(t, nil)
		p.act(t, "samples/unsigned")
		got := decode[line](t, p.act(t, "deliveries/1/curl"))
		assert.False(t, got.Same)
		assert.Contains(t, got.Line, "console-sample")
	})
}

// simulation requests a simulation as the page does, and returns the status and the view of it.
func (p *process) simulation(t *testing.T, method, body string) (int, simulationView) {
	t.Helper()
	request, err := http.NewRequest(method, p.URL+"/console/simulation", strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set(console.TokenHeader, pageToken)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	return response.StatusCode, decode[simulationView](t, response)
}

type simulationView struct {
	Preset, Problem, Look, Label                    string
	Running, Repair                                 bool
	Sent, Planned, Lost, Differ, Repaired, Messages int
}

// A simulation runs by itself, and shows its progress and its result.
func TestSimulate(t *testing.T) {
	failure := errors.New("the simulated Chat did not start")
	reported, end := make(chan struct{}), make(chan struct{})
	p := start(t, func(o *console.Options) {
		o.Simulate = func(_ context.Context, preset string, report func(console.Progress)) error {
			if preset == "storm" {
				return failure
			}
			report(console.Progress{Sent: 7, Planned: 20, Lost: 3, Messages: 2})
			close(reported)
			<-end
			report(console.Progress{Sent: 20, Planned: 20, Lost: 3, Messages: 2, Repaired: 1, Repair: true, Look: message})
			return nil
		}
	})
	over := func() simulationView {
		var now simulationView
		require.Eventually(t, func() bool {
			_, now = p.simulation(t, http.MethodGet, "")
			return !now.Running
		}, time.Minute, time.Millisecond)
		return now
	}
	_, now := p.simulation(t, http.MethodGet, "")
	assert.Equal(t, simulationView{}, now)
	for body, want := range map[string]int{`{"preset":"none of them"}`: http.StatusNotFound, `{`: http.StatusBadRequest} {
		status, _ := p.simulation(t, http.MethodPost, body)
		assert.Equal(t, want, status)
	}

	status, _ := p.simulation(t, http.MethodPost, `{"preset":"losses"}`)
	assert.Equal(t, http.StatusAccepted, status)
	<-reported
	_, now = p.simulation(t, http.MethodGet, "")
	assert.Equal(t, simulationView{Preset: "losses", Running: true, Sent: 7, Planned: 20, Lost: 3, Messages: 2}, now)
	status, _ = p.simulation(t, http.MethodPost, `{"preset":"storm"}`)
	assert.Equal(t, http.StatusConflict, status, "one at a time")
	close(end)
	assert.Equal(t, simulationView{Preset: "losses", Repair: true, Sent: 20, Planned: 20, Lost: 3, Messages: 2, Repaired: 1, Look: message.Path(), Label: "test / 10"}, over())

	status, _ = p.simulation(t, http.MethodPost, `{"preset":"storm"}`)
	assert.Equal(t, http.StatusAccepted, status)
	assert.Equal(t, failure.Error(), over().Problem)
}
