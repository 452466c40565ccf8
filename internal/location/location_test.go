package location_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/location"
	"msgext/pkg/secret"
)

func TestIsUnescaped(t *testing.T) {
	for url, want := range map[secret.String]bool{
		"redis://host":                             false,
		"redis://:p%23ss@host/2?pool_size=3":       false,
		"postgres://me:p%40ss@a:1,b:2/db":          false,
		"postgres://host/db?user=me@server":        false, // some clouds have such user names
		"redis://:pa#ss@host":                      true,
		"redis://:pa#s?s@host":                     true,
		"postgres://me:12/34@host/db":              true,
		"postgres://me:12/34@host/db?sslmode=none": true,
	} {
		assert.Equal(t, want, location.IsUnescaped(url), url.Reveal())
	}
}

func TestPlace(t *testing.T) {
	for url, want := range map[secret.String]string{
		"memory:": "", "sqlite:a/b.db": "a/b.db", "sqlite:///a/b.db": "/a/b.db", "sqs://https://host/1/q": "https://host/1/q", "no scheme": "",
	} {
		assert.Equal(t, want, location.Place(url), url.Reveal())
	}
}
