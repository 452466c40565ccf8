package loopback_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/loopback"
)

func TestIsHost(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "localhost.example": false, "127.0.0.1.example": false, "[::1]": false, "127.0.0.1:80": false,
	} {
		assert.Equal(t, want, loopback.IsHost(host), host)
	}
}
