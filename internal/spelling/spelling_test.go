package spelling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"msgext/internal/spelling"
)

func TestNearest(t *testing.T) {
	variables := []string{"MSGEXT_STATE", "MSGEXT_SINKS", "MSGEXT_TOKEN", "MSGEXT_PATH", "MSGEXT_READ_TOKENS"}
	tests := []struct {
		name, misspelt, want string
	}{
		{"a letter is missing", "MSGEXT_SINK", "MSGEXT_SINKS"},
		{"a letter too many", "MSGEXT_TOKENS", "MSGEXT_TOKEN"},
		{"two are swapped", "MSGEXT_STAET", "MSGEXT_STATE"},
		{"another case", "msgext_path", "MSGEXT_PATH"},
		{"several slips", "MSGXT_REED_TOKNS", "MSGEXT_READ_TOKENS"},
		{"something else", "MSGEXT_RETENTION_DAYS", ""},
		{"nothing", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, spelling.Nearest(test.misspelt, variables))
		})
	}
	assert.Empty(t, spelling.Nearest("x", nil))
}

// A word with one slip finds its name, unless another name is as near.
func TestNearest_FindsOneSlip(t *testing.T) {
	names := []string{"backfill", "forget", "invoke", "replay", "schema", "sources"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "name")
		at := rapid.IntRange(0, len(name)-1).Draw(t, "at")
		slip := rapid.SampledFrom([]string{
			name[:at] + name[at+1:], name[:at] + "x" + name[at:], name[:at] + "x" + name[at+1:], strings.ToUpper(name),
		}).Draw(t, "slip")
		assert.Equal(t, name, spelling.Nearest(slip, names))
	})
}
