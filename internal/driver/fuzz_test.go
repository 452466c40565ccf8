package driver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/internal/config"
)

// Whatever a variable holds: Load does not panic, its error is a configuration error, and the error
// holds nothing of the value.
func FuzzLoad(f *testing.F) {
	for _, seed := range []struct{ variable, value string }{
		{"MSGEXT_SDK_APP_ID", "abc"}, {"MSGEXT_TOKEN", `{"token": "xxxxyyyy"}`}, {"MSGEXT_PATH", "/a%2Fb"}, {"MSGEXT_STATE", "redis://:pa#ss@h"},
		{"MSGEXT_STATE", "postgres://u:p@h/d?pgbouncer=true"}, {"MSGEXT_STATE", "sqlite::memory:"}, {"MSGEXT_SINKS", "kafka://h/t stdout:x"},
		{"MSGEXT_SINKS", "http://127.0.0.1:1/a,http://127.0.0.1:1/b"}, {"MSGEXT_RELAY", "https://h/"}, {"MSGEXT_HTTP_HEADERS", "h A: b"}, {"MSGEXT_CHAT_ENDPOINT", "bogus"},
	} {
		f.Add(seed.variable, seed.value)
	}
	f.Fuzz(func(t *testing.T, variable, value string) {
		if !known(variable) {
			t.Skip("another variable's name is quoted, and is no secret")
		}
		// A text that no message contains; it is put after each structural character and at the
		// end.
		const plant = "QZXJQ"
		value = strings.NewReplacer(":", ":"+plant, "/", "/"+plant, "@", "@"+plant, "?", "?"+plant, "=", "="+plant, " ", " "+plant, "\n", "\n"+plant, "://", "://"+plant).Replace(value) + plant
		for _, function := range []config.Function{config.Local, config.Server, config.State, config.Read, config.Repair, config.Webhook, config.Send, config.Schema} {
			_, err := every().Load([]string{variable + "=" + value}, function)
			if err == nil {
				continue
			}
			var failure *config.Error
			require.True(t, errors.As(err, &failure))
			require.NotContains(t, strings.ToUpper(err.Error()), plant)
			require.Less(t, len(err.Error()), 16<<10)
		}
	})
}

func known(variable string) bool {
	for _, v := range config.Variables() {
		if v.Name == variable {
			return true
		}
	}
	return false
}
