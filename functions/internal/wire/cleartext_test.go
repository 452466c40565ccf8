package wire_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/allstores"
	"msgext/internal/driver/basesinks"
)

// The start logs which connections to other machines have no TLS, and does not log their addresses.
func TestWarn_ClearText(t *testing.T) {
	const state, kafka = "MSGEXT_STATE", "MSGEXT_KAFKA_TLS"
	sasl := []string{"MSGEXT_KAFKA_SASL=PLAIN", "MSGEXT_KAFKA_USERNAME=planted", "MSGEXT_KAFKA_PASSWORD=planted"}
	for _, test := range []struct {
		environ []string
		says    string // "" for no log line
	}{
		{[]string{"MSGEXT_STATE=postgres://planted:planted@db.planted/planted?sslmode=disable"}, state},
		{[]string{"MSGEXT_STATE=postgres://planted@db.planted/planted?sslmode=prefer"}, state},
		{[]string{"MSGEXT_STATE=postgres://planted@10.0.0.1:5432/planted?application_name=a&sslmode=allow"}, state},
		{[]string{"MSGEXT_STATE=postgres://planted@db.planted/planted"}, ""},
		{[]string{"MSGEXT_STATE=postgres://planted@db.planted/planted?sslmode=require"}, ""},
		{[]string{"MSGEXT_STATE=postgres://planted@localhost/planted?sslmode=disable"}, ""},
		{[]string{"MSGEXT_STATE=postgres://planted@[::1]:5432/planted?sslmode=disable"}, ""},
		{[]string{"MSGEXT_STATE=mysql://planted:p@db.planted/planted?tls=false"}, state},
		{[]string{"MSGEXT_STATE=mysql://planted:p@db.planted/planted"}, ""},
		{[]string{"MSGEXT_STATE=redis://:planted@db.planted"}, state},
		{[]string{"MSGEXT_STATE=redis://127.0.0.1:1,db.planted:2"}, state},
		{[]string{"MSGEXT_STATE=redis://127.0.0.1:6379"}, ""},
		{[]string{"MSGEXT_STATE=rediss://:planted@db.planted"}, ""},
		{[]string{"MSGEXT_STATE=redis://127.0.0.1:1?master_name=m&addr=db.planted:2"}, state},
		{[]string{"MSGEXT_STATE=redis://127.0.0.1:1?master_name=m&addr=127.0.0.1:2"}, ""},
		{[]string{"MSGEXT_STATE=rediss://127.0.0.1:1?master_name=m&addr=db.planted:2"}, ""},
		{[]string{"MSGEXT_STATE=postgres://planted@127.0.0.1/planted?sslmode=disable&host=db.planted"}, state},
		{[]string{"MSGEXT_STATE=postgres://planted@127.0.0.1/planted?sslmode=disable&host=127.0.0.1,db.planted"}, state},
		{[]string{"MSGEXT_STATE=postgres:///planted?sslmode=disable&host=/var/run/planted"}, ""},
		{[]string{"MSGEXT_STATE=memory:"}, ""},
		{append(sasl, "MSGEXT_SINKS=kafka://planted:9092/planted", "MSGEXT_KAFKA_TLS=false"), kafka},
		{append(sasl, "MSGEXT_SINKS=kafka://127.0.0.1:9092,planted:9092/planted", "MSGEXT_KAFKA_TLS=false"), kafka},
		{append(sasl, "MSGEXT_SINKS=kafka://planted:9092/planted", "MSGEXT_KAFKA_TLS=true"), ""},
		{append(sasl, "MSGEXT_SINKS=kafka://127.0.0.1:9092/planted", "MSGEXT_KAFKA_TLS=false"), ""},
	} {
		drivers := driver.Drivers{Stores: allstores.List(nil), Sinks: basesinks.List(nil, nil)}
		cfg, err := drivers.Load(append([]string{"MSGEXT_SDK_APP_ID=1400000000", "MSGEXT_TOKEN=xxxxyyyy"}, test.environ...), config.Local)
		require.NoError(t, err, "%s", test.environ)
		var log bytes.Buffer
		wire.Warn(cfg, slog.New(slog.NewTextHandler(&log, nil)))
		assert.NotContains(t, log.String(), "planted")
		if test.says == "" {
			assert.NotContains(t, log.String(), "clear text", "%s", test.environ)
			continue
		}
		assert.Equal(t, 1, strings.Count(log.String(), "clear text"), "%s", test.environ)
		assert.Contains(t, log.String(), test.says)
	}
	_, err := driver.Drivers{Sinks: basesinks.List(nil, nil)}.Load(append(sasl, "MSGEXT_SINKS=kafka://planted:9092/planted", "MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=x"), config.Webhook)
	require.ErrorContains(t, err, "MSGEXT_KAFKA_TLS=true", "it is not gone into without a word")
}
