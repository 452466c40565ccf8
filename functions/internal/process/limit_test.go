package process

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"msgext/internal/config"
	"msgext/pkg/msgext"
)

// The third request waits and is refused. Once one of the first two has ended, another is handled.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, refusals := make(chan struct{}), 0
		handler := limit(2, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { <-release }), overloaded(config.Relay{}, func() { refusals++ }))
		ask := func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
			return w
		}
		for range 2 {
			go ask()
		}
		synctest.Wait()
		refused := ask()
		assert.Equal(t, http.StatusServiceUnavailable, refused.Code)
		assert.Equal(t, "1", refused.Header().Get("Retry-After"))
		assert.JSONEq(t, `{"ActionStatus":"FAIL","ErrorInfo":"too many requests at once","ErrorCode":1}`, refused.Body.String())
		assert.Equal(t, 1, refusals)
		waiting := make(chan int)
		go func() { waiting <- ask().Code }()
		synctest.Wait()
		close(release)
		assert.Equal(t, http.StatusOK, <-waiting)
		assert.Equal(t, http.StatusOK, ask().Code)
		assert.Equal(t, 1, refusals)
	})
}

// An overload blocks no user: 503 was once the reply to a "before" command, too. With a relay that
// passes failures on, Chat's console setting decides.
func TestOverloaded_BlocksNoUser(t *testing.T) {
	none, passes, allows := config.Relay{}, config.Relay{URL: "https://backend.example/"}, config.Relay{URL: "https://backend.example/", Allow: true}
	const before = "C2C.CallbackBeforeSendMsg"
	for _, test := range []struct {
		name, method, command string
		relay                 config.Relay
		want                  int
	}{
		{"another command", http.MethodPost, before, none, http.StatusOK},
		{"another command, with a relay", http.MethodPost, before, passes, http.StatusServiceUnavailable},
		{"another command, with a relay that allows", http.MethodPost, before, allows, http.StatusOK},
		{"ours", http.MethodPost, msgext.GroupCommand, none, http.StatusServiceUnavailable},
		{"ours, with a relay that allows", http.MethodPost, msgext.C2CCommand, allows, http.StatusServiceUnavailable},
		{"no command", http.MethodPost, "", none, http.StatusServiceUnavailable},
		{"a read", http.MethodGet, before, none, http.StatusServiceUnavailable},
	} {
		w, refusals := httptest.NewRecorder(), 0
		overloaded(test.relay, func() { refusals++ }).
			ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, "/?CallbackCommand="+test.command, nil))
		assert.Equal(t, test.want, w.Code, test.name)
		want := `{"ActionStatus":"FAIL","ErrorInfo":"too many requests at once","ErrorCode":1}`
		if test.want == http.StatusOK {
			want = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`
		}
		assert.JSONEq(t, want, w.Body.String(), test.name)
		assert.Equal(t, 1, refusals, test.name)
	}
}
