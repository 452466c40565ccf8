package chatapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"

	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

const key = "plant-of-a-secret-key"

var (
	group = msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#1YMVAB3IZ", MsgSeq: 158}
	c2c   = msgext.Message{SDKAppID: "1400000000", From: "62768", To: "116400", MsgKey: "44739199_12_1665388280"}
)

// transport answers requests without a network, so that time can stand still under synctest.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func serve(handler http.Handler) transport {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Result(), nil
	}
}

// reply answers every request with the same body, and records the requests' bodies.
func reply(body string, requests *[]string) transport {
	return func(r *http.Request) (*http.Response, error) {
		request, err := io.ReadAll(r.Body)
		*requests = append(*requests, strings.TrimPrefix(r.URL.Path, "/v4/openim_msg_ext_http_svc/")+" "+string(request))
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body))}, err
	}
}

func options(transport http.RoundTripper) chatapi.Options {
	return chatapi.Options{
		Endpoint: "singapore", SDKAppID: "1400000000", Admin: "administrator", SecretKey: key,
		HTTPClient: &http.Client{Transport: transport},
	}
}

func newClient(t testing.TB, transport http.RoundTripper) *chatapi.Client {
	t.Helper()
	client, err := chatapi.New(options(transport))
	require.NoError(t, err)
	return client
}

func simOptions() chatsim.Options {
	return chatsim.Options{SDKAppID: "1400000000", Admin: "administrator", SecretKey: key}
}

func TestNew(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*chatapi.Options)
		wantErr error
	}{
		{"region", func(*chatapi.Options) {}, nil},
		{"base URL", func(o *chatapi.Options) { o.Endpoint = "https://chat.example/prefix/" }, nil},
		{"http to loopback", func(o *chatapi.Options) { o.Endpoint = "http://127.0.0.1:8080" }, nil},
		{"http to loopback by name", func(o *chatapi.Options) { o.Endpoint = "http://localhost:8080" }, nil},
		{"http to loopback, version 6", func(o *chatapi.Options) { o.Endpoint = "http://[::1]:8080" }, nil},
		{"http elsewhere", func(o *chatapi.Options) { o.Endpoint = "http://chat.example" }, chatapi.ErrOptions},
		{"http to what looks like loopback", func(o *chatapi.Options) { o.Endpoint = "http://127.0.0.1.example" }, chatapi.ErrOptions},
		{"unknown region", func(o *chatapi.Options) { o.Endpoint = "atlantis" }, chatapi.ErrOptions},
		{"no endpoint", func(o *chatapi.Options) { o.Endpoint = "" }, chatapi.ErrOptions},
		{"another scheme", func(o *chatapi.Options) { o.Endpoint = "ftp://chat.example" }, chatapi.ErrOptions},
		{"no host", func(o *chatapi.Options) { o.Endpoint = "https://" }, chatapi.ErrOptions},
		{"credentials", func(o *chatapi.Options) { o.Endpoint = "https://a:" + key + "@chat.example" }, chatapi.ErrOptions},
		{"a query", func(o *chatapi.Options) { o.Endpoint = "https://chat.example?a=1" }, chatapi.ErrOptions},
		{"app as text", func(o *chatapi.Options) { o.SDKAppID = "app" }, chatapi.ErrOptions},
		{"app with a plus", func(o *chatapi.Options) { o.SDKAppID = "+1400000000" }, chatapi.ErrOptions},
		{"no app", func(o *chatapi.Options) { o.SDKAppID = "" }, chatapi.ErrOptions},
		{"no admin", func(o *chatapi.Options) { o.Admin = "" }, chatapi.ErrOptions},
		{"no key", func(o *chatapi.Options) { o.SecretKey = "" }, chatapi.ErrOptions},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			options := options(nil)
			test.change(&options)
			client, err := chatapi.New(options)
			require.ErrorIs(t, err, test.wantErr)
			if err == nil {
				assert.NotNil(t, client)
				return
			}
			assert.NotContains(t, err.Error(), key)
		})
	}
}

// Hosts of trtc.io/document/52169.
func TestNew_Regions(t *testing.T) {
	for region, host := range map[string]string{
		"china": "console.tim.qq.com", "singapore": "adminapisgp.im.qcloud.com", "seoul": "adminapikr.im.qcloud.com",
		"tokyo": "adminapijpn.im.qcloud.com", "frankfurt": "adminapiger.im.qcloud.com", "silicon-valley": "adminapiusa.im.qcloud.com",
		"jakarta": "adminapiidn.im.qcloud.com", "mumbai": "adminapiind.im.qcloud.com",
	} {
		var asked *url.URL
		options := options(transport(func(r *http.Request) (*http.Response, error) {
			asked = r.URL
			return nil, http.ErrHandlerTimeout
		}))
		options.Endpoint = region
		client, err := chatapi.New(options)
		require.NoError(t, err)
		synctest.Test(t, func(t *testing.T) {
			_, err = client.Read(t.Context(), group)
			require.Error(t, err)
		})
		assert.Equal(t, "https://"+host+"/v4/openim_msg_ext_http_svc/group_get_key_values", asked.Scheme+"://"+asked.Host+asked.Path)
	}
}

func TestClient_SignsItsCalls(t *testing.T) {
	for name, offset := range map[string]time.Duration{"now": 0, "a clock that is ahead": 30 * 24 * time.Hour, "one that is behind": -365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			began := time.Now().Add(offset)
			now := began
			var sigs, randoms []string
			verify := func(sig string, at time.Time) error {
				// The vendor's own check.
				return tencentyun.VerifyUserSig(1400000000, key, "administrator", sig, at)
			}
			simOptions := simOptions()
			simOptions.Now = func() time.Time { return now }
			sim := chatsim.New(simOptions)
			sim.Add(group)
			options := options(transport(func(r *http.Request) (*http.Response, error) {
				query := r.URL.Query()
				assert.Equal(t, "1400000000", query.Get("sdkappid"))
				assert.Equal(t, "administrator", query.Get("identifier"))
				assert.Equal(t, "json", query.Get("contenttype"))
				assert.NoError(t, verify(query.Get("usersig"), now.Add(4*time.Minute)))
				sigs, randoms = append(sigs, query.Get("usersig")), append(randoms, query.Get("random"))
				return serve(sim.Handler())(r)
			}))
			options.Now = func() time.Time { return now }
			next := uint32(4294967293)
			options.Rand = func() uint32 { next++; return next }
			client, err := chatapi.New(options)
			require.NoError(t, err)
			for _, passed := range []time.Duration{0, 54 * time.Minute, time.Minute} {
				now = now.Add(passed)
				_, err := client.Read(t.Context(), group)
				require.NoError(t, err)
			}
			assert.ErrorIs(t, verify(sigs[0], began.Add(time.Hour+2*time.Second)), tencentyun.ErrExpired)
			assert.Equal(t, sigs[0], sigs[1], "kept")
			assert.NotEqual(t, sigs[1], sigs[2], "made anew five minutes before it expires")
			assert.Equal(t, []string{"4294967294", "4294967295", "0"}, randoms)
		})
	}
}

// Chat's own limit is 200 calls a second (trtc.io/document/52169). Retries count.
func TestClient_KeepsUnderTheRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		client := newClient(t, transport(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			return nil, io.ErrUnexpectedEOF
		}))
		done := make(chan error)
		for range 200 {
			go func() {
				_, err := client.Read(t.Context(), group)
				done <- err
			}()
		}
		for range 200 {
			require.ErrorIs(t, <-done, io.ErrUnexpectedEOF)
		}
		require.Len(t, at, 800, "four tries each")
		for i := 199; i < len(at); i++ {
			require.Greater(t, at[i].Sub(at[i-199]), time.Second)
		}
	})
}

func TestClient_TriesAgain(t *testing.T) {
	tests := []struct {
		name    string
		trouble int
		reads   int // calls made by one Read
		sets    int
	}{
		{"failure inside Chat", 10002, 4, 1},
		{"timeout inside Chat", 60008, 4, 1},
		{"HTTP 502", 502, 4, 1},
		{"HTTP 429", 429, 4, 4},
		{"too many calls", 60007, 4, 4},
		{"UserSig expired", 70001, 4, 4},
		{"HTTP 404", 404, 1, 1},
		{"no such group", 10010, 1, 1},
		{"not an admin", 60010, 1, 1},
		{"unknown code", 12345, 1, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := simOptions()
				options.Trouble = func(int, string) int { return test.trouble }
				sim := chatsim.New(options)
				client := newClient(t, serve(sim.Handler()))
				started := time.Now()
				_, err := client.Read(t.Context(), group)
				var failure *chatapi.Error
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, test.reads > 1, failure.Retryable())
				assert.Equal(t, test.reads, sim.Calls())
				if waited := time.Since(started); test.reads > 1 {
					assert.GreaterOrEqual(t, waited, 700*time.Millisecond)
					assert.LessOrEqual(t, waited, 1400*time.Millisecond)
				}

				_, err = client.Set(t.Context(), group, msgext.Clear, nil)
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, test.sets, sim.Calls()-test.reads, "a set that may have taken effect is not repeated")
			})
		})
	}
	t.Run("until it works", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			options := simOptions()
			options.Trouble = func(call int, _ string) int { return []int{503, 60007, 70001, 0}[call-1] }
			sim := chatsim.New(options)
			sim.Add(group)
			_, err := newClient(t, serve(sim.Handler())).Read(t.Context(), group)
			assert.NoError(t, err)
		})
	})
	t.Run("not beyond the context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			options := simOptions()
			options.Trouble = func(int, string) int { return 503 }
			ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
			defer cancel()
			started := time.Now()
			_, err := newClient(t, serve(chatsim.New(options).Handler())).Read(ctx, group)
			var failure *chatapi.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, 503, failure.Status)
			assert.Less(t, time.Since(started), 250*time.Millisecond, "it does not wait for what it cannot use")
		})
	})
}

func TestClient_MakesANewUserSigWhenChatRefusesOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sigs []string
		client := newClient(t, transport(func(r *http.Request) (*http.Response, error) {
			sigs = append(sigs, r.URL.Query().Get("usersig"))
			time.Sleep(time.Second)
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"ActionStatus":"FAIL","ErrorCode":70001,"ErrorInfo":"expired"}`))}, nil
		}))
		_, err := client.Read(t.Context(), group)
		require.Error(t, err)
		require.Len(t, sigs, 4)
		assert.NotEqual(t, sigs[0], sigs[1])
	})
}

func TestClient_OneTryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		started := time.Now()
		_, err := client.Set(t.Context(), group, msgext.Clear, nil)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(started))
	})
}

func TestClient_PrintsNoKey(t *testing.T) {
	client := newClient(t, serve(chatsim.New(simOptions()).Handler()))
	_, err := client.Read(t.Context(), group)
	require.Error(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{client, *client, options(nil)} {
			assert.NotContains(t, fmt.Sprintf(verb, value), key)
			assert.NotContains(t, fmt.Sprintf(verb, value), fmt.Sprintf("%x", key))
		}
	}
}

// A redirect would carry the UserSig along in the Referer.
func TestClient_FollowsNoRedirect(t *testing.T) {
	calls := 0
	client := newClient(t, transport(func(r *http.Request) (*http.Response, error) {
		calls++
		return &http.Response{StatusCode: 307, Header: http.Header{"Location": {"https://elsewhere.example/"}}, Body: http.NoBody}, nil
	}))
	_, err := client.Read(t.Context(), group)
	var failure *chatapi.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, 307, failure.Status)
	assert.Equal(t, 1, calls)
}
