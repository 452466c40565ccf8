package outbound_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/outbound"
)

func TestIsHost(t *testing.T) {
	for _, host := range []string{"h", "h:1", "db-1.eu_west.example.com:65535", "127.0.0.1", "127.0.0.1:6379", "[::1]", "[::1]:6379", "[fe80::1%eth0]:1", "xn--e1afmkfd.example"} {
		assert.True(t, outbound.IsHost(host), host)
	}
	for _, host := range []string{"", ":1", "h:", "h:0", "h:65536", "h:99999", "h:-1", "h:+1", "h:x", "h:６", "::1", "[::1", "::1]", "[::1]:", "[::1]:0", "[h]:1", "[127.0.0.1]:1",
		"h:1:1", "$HOST", "<host>", "{h}", "h;i", "h,i", "h|i", "h i", "u@h", "h/i", "ｈ", "h\\i", "h%20"} {
		assert.False(t, outbound.IsHost(host), host)
	}
}
