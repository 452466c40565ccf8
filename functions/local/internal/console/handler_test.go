package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

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
		Verdicts map[string]uint64 `json:"verdicts"`
		Reasons  map[string]uint64 `json:"reasons"`
	} `json:"counters"`
}

type entry struct {
	ID                                                                         uint64
	Method, Command, Message, Label, Operation, Version, Verdict, Reason, Rule string
	Status, Keys                                                               int

	Reply, Advice string
	Parameters    []struct{ Name, Given string }
	Body          *string
	Whole, Again  bool
	Backend       *backend
}

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
		tests := []struct {
			name, method string
			header       http.Header
			want         int
		}{
			{"no token", http.MethodPost, http.Header{}, http.StatusForbidden},
			{"another token", http.MethodPost, http.Header{console.TokenHeader: {"guessed"}}, http.StatusForbidden},
			{"another site's page", http.MethodPost, http.Header{console.TokenHeader: {pageToken}, "Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
			{"another origin", http.MethodPost, http.Header{console.TokenHeader: {pageToken}, "Origin": {"http://other.example"}}, http.StatusForbidden},
			{"GET", http.MethodGet, http.Header{console.TokenHeader: {pageToken}}, http.StatusMethodNotAllowed},
			{"the page", http.MethodPost, http.Header{console.TokenHeader: {pageToken}, "Sec-Fetch-Site": {"same-origin"}}, http.StatusOK},
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

// TestSamples sends every sample there is, and each gets what it says it will.
func TestSamples(t *testing.T) {
	p := start(t, nil)
	response, err := http.Get(p.URL + "/console/")
	require.NoError(t, err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	accept, refuse, found := strings.Cut(string(page), "Requests to refuse")
	require.True(t, found)

	sent := 0
	for verdict, part := range map[string]string{"accepted": accept, "rejected": refuse} {
		for _, piece := range strings.Split(part, `data-sample="`)[1:] {
			name, _, _ := strings.Cut(piece, `"`)
			p.act(t, "samples/"+name)
			newest := get[list](t, p, "deliveries").Entries[0]
			assert.Equal(t, verdict, newest.Verdict, "%s: %s", name, newest.Rule)
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
	assert.Equal(t, "accepted", entries[2].Verdict, "signed anew")
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

func TestSimulate(t *testing.T) {
	var played []string
	failure := errors.New("the simulated Chat did not start")
	p := start(t, func(o *console.Options) {
		o.Simulate = func(_ context.Context, preset string) error {
			played = append(played, preset)
			if preset == "storm" {
				return failure
			}
			return nil
		}
	})
	ask := func(body string) (int, string) {
		request, err := http.NewRequest(http.MethodPost, p.URL+"/console/simulation", strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set(console.TokenHeader, pageToken)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		return response.StatusCode, decode[struct{ Problem string }](t, response).Problem
	}
	status, _ := ask(`{"preset":"losses"}`)
	assert.Equal(t, http.StatusOK, status)
	status, problem := ask(`{"preset":"storm"}`)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Equal(t, failure.Error(), problem)
	status, _ = ask(`{"preset":"none of them"}`)
	assert.Equal(t, http.StatusNotFound, status)
	status, _ = ask(`{`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, []string{"losses", "storm"}, played)
}

func TestSimulate_OneAtATime(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	p := start(t, func(o *console.Options) {
		o.Simulate = func(context.Context, string) error {
			close(began)
			<-end
			return nil
		}
	})
	post := func() int {
		request := httptest.NewRequest(http.MethodPost, "/console/simulation", strings.NewReader(`{"preset":"losses"}`))
		request.Header.Set(console.TokenHeader, pageToken)
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, request)
		return w.Code
	}
	var first sync.WaitGroup
	first.Go(func() { assert.Equal(t, http.StatusOK, post()) })
	<-began
	assert.Equal(t, http.StatusConflict, post())
	close(end)
	first.Wait()
}
