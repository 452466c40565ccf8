package driver_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/config"
)

// A value that looks right and with which every event would fail is refused at the start.
func TestDrivers_LoadRefusesWhatLooksRight(t *testing.T) {
	const (
		chat, key, admin = "MSGEXT_CHAT_ENDPOINT", "MSGEXT_CHAT_SECRET_KEY", "MSGEXT_CHAT_ADMIN"
		store, sinks     = "MSGEXT_STATE", "MSGEXT_SINKS"
		port             = "a number from 1 to 65535"
	)
	for _, test := range []struct{ variable, value, want string }{
		{store, "redis://h:0", port}, {store, "redis://h:99999", port}, {store, "redis://h,i:65536", port}, {store, "redis://h:99999?master_name=m", port}, {store, "redis://h?master_name=m&addr=i:0", "HOST:PORT"},
		{store, "mysql://u:p@h:65536/d", port}, {store, "postgres://u:p@h:65536/d", port}, {store, "postgres://u:p@h,i:0/d", port},
		{sinks, "https://h:65536/", port}, {sinks, "https://h:0/", port}, {sinks, "https://https://h/", "a colon that no port follows"}, {sinks, "kafka://h:0/t", "HOST:PORT"}, {"MSGEXT_RELAY", "https://h:70000/", port}, {chat, "https://h:70000", port},

		{store, "redis://h;i", "no name or address"}, {store, "redis://$HOST:6379", "no name or address"}, {store, "redis://h:1:1", "no name or address"}, {store, "redis://::1", "no name or address"},
		{store, "mysql://u:p@h,i/d", "there is one host"}, {store, "postgres://u:p@h;i/d", "no name or address"}, {store, "postgres://u:p@$DB_HOST/d", "no name or address"}, {sinks, "kafka://$h:9092/t", "HOST:PORT"}, {sinks, "kafka://u@h:9092/t", "HOST:PORT"},

		{store, "redis://h?cluster=true&cluster=false", "twice"}, {store, "redis://h?pool_size=1&pool_size=2", "twice"}, {store, "postgres://u@h/d?sslmode=disable&sslmode=require", "twice"}, {store, "mysql://u@h/d?tls=true&tls=false", "twice"},
		{sinks, "https://h/ stdout: https://h/", "sink 3: is the same as sink 1"},

		{store, "redis://password@h", "a user name without a password"}, {store, "redis://u:@h", "a user name without a password"}, {store, "redis://h/-1", "not a number"}, {store, "redis://h?db=-1", "not a number"}, {store, "redis://h?master_name=m&db=-1", "not a number"},
		{store, "redis://h?protocol=4", "protocol is neither 2 nor 3"}, {store, "redis://h/0#x", "%23"},
		{store, "postgres://u:p@h/d/", "a slash"}, {store, "postgres://u:p@h/d#x", "%23"}, {store, "postgres://u:p@h/d?client_encoding=LATIN1", "not UTF8"},
		{store, "Redis://h", "in small letters"}, {store, "POSTGRES://u@h/d", "in small letters"}, {sinks, "HTTPS://h/", "in small letters"}, {sinks, "Kafka://h:1/t", "in small letters"},
		{store, "redis://u:${PASSWORD}@h", "looks like a ${...}"}, {store, "redis://:{{resolve:secretsmanager:x}}@h", "looks like a {{resolve:...}}"}, {sinks, "https://h/${STAGE}", "looks like a ${...}"}, {sinks, "https://<host>/", "looks like a text from a document"},
		{store, "redis://USER:PASSWORD@HOST:PORT/DB", "looks like a text from a document"}, {store, "dynamodb://TABLE", "looks like a text from a document"}, {sinks, "sqs://QUEUE.fifo", "looks like a text from a document"}, {sinks, "kafka://BROKER:9092/t", "looks like a text from a document"},

		{store, "sqlite:~/x.db", "taken as it stands"}, {store, "sqlite:$HOME/x.db", "taken as it stands"}, {store, `sqlite:"x.db"`, "taken as it stands"}, {store, "sqlite: x.db", "taken as it stands"}, {store, "sqlite:%2Ftmp%2Fx.db", "taken as it stands"},
		{store, "sqlite:x.db;mode=memory", "options are not taken"}, {store, "sqlite:x.db-wal", "beside its database"}, {store, "sqlite:x.db-shm", "beside its database"},

		{sinks, "https://sqs.eu-central-1.amazonaws.com/123456789012/votes", "write sqs://"}, {sinks, "https://eu-central-1.queue.amazonaws.com/123456789012/votes", "write sqs://"}, {sinks, "https://sqs.cn-north-1.amazonaws.com.cn/1/votes", "write sqs://"},
		{"MSGEXT_ANNOUNCE", "group_poll,sign_up", "separated by spaces"}, {"MSGEXT_ANNOUNCE", "group_poll;sign_up", "separated by spaces"}, {"MSGEXT_ANNOUNCE", "group_poll|sign-up task", "separated by spaces"},
		{"MSGEXT_SDK_APP_ID", "0", "begins with a zero"}, {"MSGEXT_SDK_APP_ID", "01400000000", "begins with a zero"},
		{chat, "https://adminapisgp.im.qcloud.com/v4/", "ends before /v4"}, {chat, "https://adminapisgp.im.qcloud.com/v4", "ends before /v4"},
		{admin, `"admin`, "one account"}, {admin, "admin admin2", "one account"}, {admin, "admin,admin2", "one account"}, {key, `"key`, "a character other than"}, {key, "a key", "a character other than"}, {key, "key,key", "a character other than"},
		{"MSGEXT_KAFKA_USERNAME", `"user`, "stands in quotes"},
		{"MSGEXT_HTTP_HEADERS", "h X:", "line 1: a header has no value"}, {"MSGEXT_HTTP_HEADERS", `h X: y\nh Z: y`, `a \n of two characters`},
		{"MSGEXT_RELAY_HEADERS", "Authorization:", "a header has no value"}, {"MSGEXT_RELAY_HEADERS", `A: b\nC: d`, `a \n of two characters`}, {"MSGEXT_RELAY_HEADERS", "Authorization: Bearer <token>", "looks like a text from a document"},
	} {
		environ := []string{"MSGEXT_SDK_APP_ID=1400000000", chat + "=tokyo", admin + "=a", key + "=k", "MSGEXT_TOKEN=xxxxyyyy", "MSGEXT_STATE=memory:", "MSGEXT_SINKS=https://h/", test.variable + "=" + test.value}
		_, err := every().Load(environ, config.Server)
		var failure *config.Error
		require.ErrorAs(t, err, &failure, "%s=%s", test.variable, test.value)
		assert.Contains(t, failure.Problems[0].String(), test.variable+": ", test.value)
		assert.ErrorContains(t, err, test.want, test.value)
		if test.variable != "MSGEXT_HTTP_HEADERS" && test.variable != "MSGEXT_KAFKA_USERNAME" {
			assert.Len(t, failure.Problems, 1, "no other variable is named: %v", err)
		}
	}
}

// These look unusual and are right.
func TestDrivers_LoadTakesWhatLooksUnusual(t *testing.T) {
	for _, value := range []string{
		"MSGEXT_STATE=redis://u:p@ss@h", "MSGEXT_STATE=redis://[::1]:1,[::2]", "MSGEXT_STATE=redis://h/0/", "MSGEXT_STATE=redis://:$ecret@h", "MSGEXT_STATE=redis://h?protocol=2", "MSGEXT_STATE=redis://h:1?master_name=m&addr=i:1&addr=j:1",
		"MSGEXT_STATE=postgres:///d?host=/var/run/postgresql", "MSGEXT_STATE=postgres://u@h/d?client_encoding=UTF-8", "MSGEXT_STATE=postgres://u:sslmode=@h/d", "MSGEXT_STATE=mysql://u:p@h:/d", "MSGEXT_STATE=sqlite:/tmp/a b.db", "MSGEXT_STATE=sqlite:a~b$c.db",
		"MSGEXT_SINKS=https://h/ https://h/2", "MSGEXT_SINKS=kafka://[::1]:9092,h_1:9092/t", "MSGEXT_SINKS=sqs://https://sqs.eu-central-1.amazonaws.com/1/q", "MSGEXT_SINKS=https://sqs.example.com/",
		`MSGEXT_ANNOUNCE="businessID":"group_poll","version":4 sign_up`, "MSGEXT_ANNOUNCE=#poll", "MSGEXT_TOKEN=token=a$b{c}(d)%e<f", "MSGEXT_TOKEN=old\u00a0new", "MSGEXT_CHAT_ENDPOINT=HTTPS://adminapisgp.im.qcloud.com/", "MSGEXT_CHAT_ADMIN=管理员@1",
		"MSGEXT_RELAY_HEADERS=If-Match: \"a # b\"", `MSGEXT_RELAY_HEADERS=X: C:\new`, "MSGEXT_RELAY_HEADERS=Link: <https://h/>; rel=next",
	} {
		_, err := every().Load([]string{"MSGEXT_SDK_APP_ID=1400000000", "MSGEXT_CHAT_ENDPOINT=tokyo", "MSGEXT_CHAT_ADMIN=a", "MSGEXT_CHAT_SECRET_KEY=k", "MSGEXT_TOKEN=xxxxyyyy", "MSGEXT_STATE=memory:", value}, config.Server)
		assert.NoError(t, err, value)
	}
	_, err := every().Load([]string{"MSGEXT_SINKS=https://[::1]/", "MSGEXT_HTTP_HEADERS=[::1] X: y"}, config.Local)
	assert.NoError(t, err)
	_, err = every().Load([]string{"MSGEXT_SINKS=kafka://h:9092/t", "MSGEXT_KAFKA_SASL=PLAIN", "MSGEXT_KAFKA_USERNAME=i#u", "MSGEXT_KAFKA_PASSWORD=a #b${c} <d>e", "MSGEXT_KAFKA_TLS=true"}, config.Local)
	assert.NoError(t, err)
}
