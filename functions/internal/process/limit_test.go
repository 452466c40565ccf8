package process

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// The third request waits and is refused. Once one of the first two has ended, another is handled.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, refusals := make(chan struct{}), 0
		handler := limit(2, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { <-release }), func() { refusals++ })
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
