package version

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestName(t *testing.T) {
	noted := func(version string) func() (*debug.BuildInfo, bool) {
		return func() (*debug.BuildInfo, bool) {
			return &debug.BuildInfo{Main: debug.Module{Version: version}}, version != "none"
		}
	}
	for _, test := range []struct{ name, number, noted, want string }{
		{"given", "1.2.3", "v9.9.9", "1.2.3"},
		{"of the module", "", "v1.2.3", "v1.2.3"},
		{"of a folder", "", "(devel)", "unknown"},
		{"empty", "", "", "unknown"},
		{"not noted", "", "none", "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, name(test.number, noted(test.noted)))
		})
	}
}

func TestText_NamesGoAndThePlatform(t *testing.T) {
	assert.Regexp(t, `^msgext \S+ go\S+ \w+/\w+$`, Text())
}
