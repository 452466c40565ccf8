package gateway_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/gateway"
)

func TestForwardedFor(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		hops  int
		want  string
	}{
		{"no header", nil, 1, ""},
		{"empty", []string{""}, 1, ""},
		{"one proxy, nothing written before", []string{"192.0.2.1"}, 1, "192.0.2.1"},
		{"one proxy, behind what the client wrote", []string{"a, b,192.0.2.1 "}, 1, "192.0.2.1"},
		{"two proxies", []string{"a, 192.0.2.1, 10.0.0.1"}, 2, "192.0.2.1"},
		{"two proxies, of which one was gone around", []string{"192.0.2.1"}, 2, ""},
		{"a proxy that appends a line", []string{"a, b", "192.0.2.1"}, 1, "192.0.2.1"},
		{"two that do", []string{"a", "192.0.2.1", "10.0.0.1"}, 2, "192.0.2.1"},
		{"over the lines", []string{"a, 192.0.2.1", "10.0.0.1"}, 2, "192.0.2.1"},
		{"more than there are", []string{"a", "b"}, 3, ""},
		{"a comma at the end", []string{"192.0.2.1,"}, 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			for _, line := range test.lines {
				header.Add("X-Forwarded-For", line)
			}
			assert.Equal(t, test.want, gateway.ForwardedFor(header, test.hops))
		})
	}
}
