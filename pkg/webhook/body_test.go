package webhook_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/webhook"
)

func TestReadBody_TheLimitHoldsWhateverLengthIsAnnounced(t *testing.T) {
	const limit = 10
	for _, announced := range []int64{-1, 0, 1, 9, 10, 11, 1 << 40} {
		for length := range 30 {
			want := strings.Repeat("x", length)
			for name, body := range map[string]io.Reader{
				"whole":     strings.NewReader(want),
				"in bytes":  iotest.OneByteReader(strings.NewReader(want)),
				"in halves": iotest.HalfReader(strings.NewReader(want)),
				"with EOF":  iotest.DataErrReader(strings.NewReader(want)),
			} {
				got, err := webhook.ReadBody(body, announced, limit)
				if length > limit {
					assert.ErrorIs(t, err, webhook.ErrBodyTooLarge, "%s, %d announced, %d sent", name, announced, length)
					continue
				}
				require.NoError(t, err)
				assert.Equal(t, want, string(got), "%s, %d announced", name, announced)
			}
		}
	}
}

func TestReadBody_ReadsNoFurtherThanOneByteOverTheLimit(t *testing.T) {
	body := &counting{Reader: strings.NewReader(strings.Repeat("x", 1<<20))}
	_, err := webhook.ReadBody(body, -1, 1000)
	assert.ErrorIs(t, err, webhook.ErrBodyTooLarge)
	assert.Equal(t, 1001, body.n)
}

type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestReadBody_AFailureDoesNotQuoteItsCause(t *testing.T) {
	_, err := webhook.ReadBody(iotest.ErrReader(errors.New("read tcp 203.0.113.7:1234")), -1, 10)
	assert.ErrorIs(t, err, webhook.ErrBodyRead)
	assert.NotContains(t, err.Error(), "203.0.113.7")
}

func TestIsEmpty(t *testing.T) {
	assert.True(t, webhook.IsEmpty(http.NoBody))
	assert.True(t, webhook.IsEmpty(strings.NewReader("")))
	assert.False(t, webhook.IsEmpty(strings.NewReader(" ")))
	assert.False(t, webhook.IsEmpty(iotest.ErrReader(io.ErrUnexpectedEOF)))
}

func TestReply(t *testing.T) {
	tests := []struct {
		name  string
		reply webhook.Reply
		want  string
	}{
		{"processed", webhook.OK(), `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`},
		{"error", webhook.Fail("Seq: missing"), `{"ActionStatus":"FAIL","ErrorInfo":"Seq: missing","ErrorCode":1}`},
		{"quotes", webhook.Fail("\"\\\n\x01"), `{"ActionStatus":"FAIL","ErrorInfo":"\"\\\n\u0001","ErrorCode":1}`},
		{"not UTF-8", webhook.Fail("a\xffb"), `{"ActionStatus":"FAIL","ErrorInfo":"a` + "\ufffd" + `b","ErrorCode":1}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			test.reply.Write(recorder, http.StatusOK)
			assert.Equal(t, test.want, recorder.Body.String())
			assert.Equal(t, "application/json", recorder.Header().Get("Content-Type"))
		})
	}
}
