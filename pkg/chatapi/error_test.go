package chatapi_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
)

func TestError_ByCode(t *testing.T) {
	const gone, conflict, refused = "gone", "conflict", "refused"
	tests := []struct {
		name      string
		code      int
		want      string
		retryable bool
	}{
		{"group dismissed", 10010, gone, false},
		{"group not found", 10015, gone, false},
		{"group message not found", 10030, gone, false},
		{"message not found", 20022, gone, false},
		{"message recalled", 20023, gone, false},
		{"MsgKey illegal", 90054, gone, false},
		{"key changed by somebody else", 23001, conflict, false},
		{"internal, group", 10002, "", true},
		{"internal, message", 20005, "", true},
		{"internal, account", 70500, "", true},
		{"internal, message again", 91000, "", true},
		{"too many calls of the app", 60011, "", true},
		{"too many calls of the group API", 10006, "", true},
		{"UserSig expired", 70001, "", true},
		{"UserSig by another key", 70009, "", false},
		{"UserSig wrong too often", 70050, "", false},
		{"parameters", 10004, refused, false},
		{"no permission", 10007, refused, false},
		{"edition lapsed", 60020, "", false},
		{"address", 60021, "", false},
		{"unknown", 99999, refused, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := error(&chatapi.Error{Code: test.code, Status: 200, Info: "info"})
			assert.Equal(t, test.want == gone, errors.Is(err, chatapi.ErrGone))
			assert.Equal(t, test.want == conflict, errors.Is(err, chatapi.ErrConflict))
			assert.Equal(t, test.want == refused, errors.Is(err, chatapi.ErrRefused))
			assert.Equal(t, test.retryable, err.(*chatapi.Error).Retryable())
			assert.Contains(t, err.Error(), fmt.Sprintf("chatapi: error %d (", test.code))
			assert.Contains(t, err.Error(), "info")
		})
	}
}

func TestError_NoReplyOfChats(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
	}{
		{"a proxy's page", 200, "<html>"},
		{"nothing", 200, ""},
		{"another object", 200, `{}`},
		{"FAIL without a code", 200, `{"ActionStatus":"FAIL","ErrorCode":0}`},
		{"a code as text", 200, `{"ActionStatus":"OK","ErrorCode":"0"}`},
		{"longer than any reply", 200, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"` + strings.Repeat("x", 2<<20) + `"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var requests []string
				_, err := newClient(t, reply(test.body, &requests)).Read(t.Context(), group)
				assert.ErrorIs(t, err, chatapi.ErrReply)
				assert.NotErrorIs(t, err, chatapi.ErrGone)
				var failure *chatapi.Error
				require.ErrorAs(t, err, &failure)
				assert.True(t, failure.Retryable())
				assert.Len(t, requests, 4)
			})
		})
	}
}

// A server that returns every secret it has received, wherever an error could include it.
func TestError_HoldsNeitherUserSigNorValues(t *testing.T) {
	echo := func(write func(w http.ResponseWriter, everything string)) transport {
		return serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			write(w, r.URL.Query().Get("usersig")+" "+r.URL.RawQuery+" "+string(body))
		}))
	}
	fail := func(w http.ResponseWriter, info string) {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(info)
		_, _ = io.WriteString(w, `{"ActionStatus":"FAIL","ErrorCode":10004,"ErrorInfo":"`+quoted+`"}`)
	}
	tests := map[string]transport{
		"ErrorInfo":      echo(fail),
		"ErrorInfo, cut": echo(func(w http.ResponseWriter, all string) { fail(w, strings.Repeat("x", 100)+all) }),
		"body":           echo(func(w http.ResponseWriter, all string) { _, _ = io.WriteString(w, all) }),
		"status":         echo(func(w http.ResponseWriter, all string) { http.Error(w, all, http.StatusForbidden) }),
		"redirect": echo(func(w http.ResponseWriter, all string) {
			w.Header().Set("Location", "://"+all)
			w.WriteHeader(http.StatusFound)
		}),
		"no reply": func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: fmt.Errorf("malformed HTTP response %q", r.URL.RawQuery+string(body))}
		},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sig string
				client := newClient(t, transport(func(r *http.Request) (*http.Response, error) {
					sig = r.URL.Query().Get("usersig")
					return answer(r)
				}))
				_, setting := client.Set(t.Context(), group, msgext.Set, []msgext.KeyValue{{Key: "plant-of-a-key", Value: "plant-of-a-value"}})
				require.Error(t, setting)
				_, reading := client.Read(t.Context(), group)
				require.Error(t, reading)
				require.NotEmpty(t, sig)
				for _, err := range []error{setting, reading} {
					for _, verb := range []string{"%v", "%+v", "%q"} {
						text := fmt.Sprintf(verb, err)
						assert.NotContains(t, text, sig[:20])
						assert.NotContains(t, text, "plant")
						assert.Less(t, len(text), 400)
					}
				}
			})
		})
	}
}

func TestError_NamesWhyThereWasNoReply(t *testing.T) {
	for want, cause := range map[string]error{
		"timeout":                 context.DeadlineExceeded,
		"cancelled":               context.Canceled,
		"host not found":          &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "chat.example"}},
		"connection refused":      &net.OpError{Op: "dial", Err: &os.SyscallError{Syscall: "connect", Err: syscall.ECONNREFUSED}},
		"certificate not trusted": &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		"connection ended early":  io.ErrUnexpectedEOF,
		"transport failed":        errors.New("quotes whatever came"),
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := newClient(t, transport(func(*http.Request) (*http.Response, error) { return nil, cause })).Read(t.Context(), group)
			assert.EqualError(t, err, "chatapi: no reply: "+want)
			assert.ErrorIs(t, err, cause)
		})
	}
}

func TestError_InfoIsBoundedAndPrintable(t *testing.T) {
	var requests []string
	client := newClient(t, reply(`{"ActionStatus":"FAIL","ErrorCode":10004,"ErrorInfo":"line\nfeed \u001b[31m 群组 `+strings.Repeat("é", 200)+`"}`, &requests))
	_, err := client.Read(t.Context(), group)
	var failure *chatapi.Error
	require.ErrorAs(t, err, &failure)
	assert.True(t, strings.HasPrefix(failure.Info, "line feed  [31m 群组 éé"), "%q", failure.Info)
	assert.LessOrEqual(t, len(failure.Info), 200)
}
