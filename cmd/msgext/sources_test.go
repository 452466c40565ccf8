package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/chatsim"
)

func TestSources(t *testing.T) {
	chat := chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key", Addresses: map[int][]string{
		5: {"127.0.0.2", "183.192.202.0/25"}, 6: {"192.0.2.7", "2001:db8::/64", "nonsense"},
	}})
	rest := httptest.NewServer(chat.Handler())
	defer rest.Close()
	environ := []string{
		"MSGEXT_SDK_APP_ID=" + app, "MSGEXT_CHAT_ENDPOINT=" + rest.URL, "MSGEXT_CHAT_ADMIN=administrator", "MSGEXT_CHAT_SECRET_KEY=key",
	}
	tests := []struct {
		name, allow, args string
		status            int
		want              string
	}{
		{"elsewhere", "", "", exitOK, "192.0.2.7\n2001:db8::/64\nnonsense\n"},
		{"China", "", "--china", exitOK, "127.0.0.2\n183.192.202.0/25\n"},
		{"both", "", "--china --elsewhere", exitUsage, ""},
		{"an argument", "", "g", exitUsage, ""},
		{"nothing is allowed", "", "--china --check", exitFailed, "127.0.0.2\n183.192.202.0/25\n"},
		{"as listed", "127.0.0.2 183.192.202.0/25 192.0.2.0/24", "--china --check", exitOK, ""},
		{"in greater networks", "127.0.0.0/8 183.192.0.0/16", "--china --check", exitOK, ""},
		{"a smaller network", "127.0.0.0/8 183.192.202.0/26", "--china --check", exitFailed, "183.192.202.0/25\n"},
		{"one address", "183.192.202.0/25", "--china --check", exitFailed, "127.0.0.2\n"},
		{"what is no address", "192.0.2.7 2001:db8::/32", "--check", exitFailed, "nonsense\n"},
		{"malformed", "192.0.2.x", "--check", exitUsage, ""},
	}
	for _, test := range tests {
		status, stdout, stderr := try(t, append(environ, "MSGEXT_ALLOW_FROM="+test.allow), "", append([]string{"sources"}, strings.Fields(test.args)...)...)
		assert.Equal(t, test.status, status, "%s: %s", test.name, stderr)
		assert.Equal(t, test.want, stdout, test.name)
	}
	_, _, stderr := try(t, environ, "", "sources", "--china")
	assert.Contains(t, stderr, "2 addresses and networks, 26 bytes in MSGEXT_ALLOW_FROM")
}

// An empty list from Chat is an error: it would not lack any address.
func TestSources_None(t *testing.T) {
	chat := chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key"})
	rest := httptest.NewServer(chat.Handler())
	defer rest.Close()
	environ := []string{
		"MSGEXT_SDK_APP_ID=" + app, "MSGEXT_CHAT_ENDPOINT=" + rest.URL, "MSGEXT_CHAT_ADMIN=administrator", "MSGEXT_CHAT_SECRET_KEY=key", "MSGEXT_ALLOW_FROM=192.0.2.7",
	}
	for _, args := range [][]string{{"sources"}, {"sources", "--check"}} {
		status, stdout, stderr := try(t, environ, "", args...)
		assert.Equal(t, exitFailed, status)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "Chat lists no addresses")
	}
	status, _, stderr := try(t, environ[:2], "", "sources")
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, stderr, "MSGEXT_CHAT_SECRET_KEY: missing")
}
