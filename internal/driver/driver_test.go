package driver_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/awssdk"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/allstores"
	"msgext/internal/driver/awssinks"
	"msgext/internal/driver/awsstores"
	"msgext/internal/driver/basesinks"
	"msgext/internal/driver/localsinks"
	"msgext/internal/driver/localstores"
	"msgext/internal/driver/scfstores"
	"msgext/internal/repairwire"
	"msgext/pkg/secret"
	"msgext/pkg/sink/sinktest"
	"msgext/pkg/state"
)

// every returns the drivers that functions/server links.
func every() driver.Drivers {
	load := awssdk.Variables(os.Getenv)
	return driver.Drivers{Stores: allstores.List(load), Sinks: awssinks.List(load, io.Discard), Checks: []config.Check{repairwire.CheckChat}}
}

func schemes(d driver.Drivers) []string {
	var all []string
	for _, s := range d.Stores {
		all = append(all, s.Schemes...)
	}
	for _, s := range d.Sinks {
		all = append(all, s.Schemes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A program without some driver names functions/server as the one that has it. So functions/server
// must have every driver of every list.
func TestDrivers_TheServerHasEveryDriver(t *testing.T) {
	load := awssdk.Variables(os.Getenv)
	has := schemes(every())
	for program, drivers := range map[string]driver.Drivers{
		"functions/local": {Stores: localstores.List(), Sinks: localsinks.List(io.Discard)},
		"functions/aws":   {Stores: awsstores.List(load, 0), Sinks: awssinks.List(load, io.Discard)},
		"functions/scf":   {Stores: scfstores.List(0), Sinks: basesinks.List(io.Discard, nil)},
	} {
		assert.Subset(t, has, schemes(drivers), program)
	}
}

// A value that a driver would refuse at its first use is refused at the start, under the name of
// its variable.
func TestDrivers_LoadReportsWhatADriverWouldRefuse(t *testing.T) {
	const plant = "plant7f3a"
	tests := []struct{ name, variable, value, want string }{
		{"memory", "MSGEXT_STATE", "memory:" + plant, "takes nothing after the colon"},
		{"SQLite without a path", "MSGEXT_STATE", "sqlite:", "not sqlite: and the path of a file"},
		{"SQLite's memory", "MSGEXT_STATE", "sqlite::memory:", "memory: keeps state in memory"},
		{"SQLite's options", "MSGEXT_STATE", "sqlite:" + plant + ".db?mode=memory", "memory: keeps state in memory"},
		{"SQLite's URI", "MSGEXT_STATE", "sqlite:file:" + plant + ".db", "file:"},
		{"a folder", "MSGEXT_STATE", "sqlite:/" + plant + "/", "the path of a file"},
		{"no place", "MSGEXT_STATE", "postgres://" + plant + ":x", "not a PostgreSQL URL"},
		{"another client's option", "MSGEXT_STATE", "postgres://u:" + plant + "@h/d?pgbouncer=true", "an option is none of PostgreSQL's"},
		{"Prisma's schema", "MSGEXT_STATE", "postgresql://u:" + plant + "@h/d?schema=s", "an option is none of PostgreSQL's"},
		{"a limit of connections", "MSGEXT_STATE", "postgres://u:" + plant + "@h/d?connection_limit=1", "an option is none of PostgreSQL's"},
		{"an option's value", "MSGEXT_STATE", "postgres://u:" + plant + "@h/d?sslmode=maybe", "an option has a value"},
		{"PostgreSQL's password", "MSGEXT_STATE", "postgres://u:1/" + plant + "@h/d", "# [ ] @ and % is written as"},
		{"MySQL's password", "MSGEXT_STATE", "mysql://u:1/" + plant + "@h/d", "# [ ] @ and % is written as"},
		{"no database", "MSGEXT_STATE", "mysql://u:" + plant + "@h", "not a MySQL URL"},
		{"MySQL without a user", "MSGEXT_STATE", "mysql://h/" + plant, "not a MySQL URL"},
		{"another client's option of MySQL", "MSGEXT_STATE", "mysql://u@h/d?parseTime=" + plant, "none of tls, ca and pool_max_conns"},
		{"MySQL's TLS", "MSGEXT_STATE", "mysql://u@h/d?tls=" + plant, "tls is none of true, false and skip-verify"},
		{"a certificate", "MSGEXT_STATE", "mysql://u@h/d?ca=/nowhere/" + plant, "ca is not a file"},
		{"MySQL's connections", "MSGEXT_STATE", "mysql://u@h/d?pool_max_conns=-" + plant, "not a number above 0"},
		{"Redis's password", "MSGEXT_STATE", "redis://:" + plant + "#ss@h", "# [ ] @ and % is written as"},
		{"Redis's port", "MSGEXT_STATE", "redis://h:" + plant, "a port is not a number"},
		{"Redis's database", "MSGEXT_STATE", "redis://h/" + plant, "the database is not a number"},
		{"a cluster's database", "MSGEXT_STATE", "rediss://h,i/3", "a cluster has 0 alone"},
		{"Redis's option", "MSGEXT_STATE", "redis://h?" + plant + "=1", "an option that go-redis does not have"},
		{"a table", "MSGEXT_STATE", "dynamodb://a/" + plant, "not the name of a table"},

		{"stdout", "MSGEXT_SINKS", "stdout:" + plant, "sink 1: stdout: takes nothing after the colon"},
		{"credentials", "MSGEXT_SINKS", "stdout: https://u:" + plant + "@example.com/", "sink 2: not an https:// or http:// URL without credentials"},
		{"plain HTTP", "MSGEXT_SINKS", "http://example.com/" + plant, "unless MSGEXT_HTTP_ALLOW_PLAIN is true"},
		{"no host", "MSGEXT_SINKS", "https:///" + plant, "sink 1: not an https"},
		{"metadata", "MSGEXT_SINKS", "https://169.254.169.254/" + plant, "link-local and metadata addresses are refused"},
		{"a broker without a port", "MSGEXT_SINKS", "kafka://" + plant + "/t", "a broker is not HOST:PORT"},
		{"no topic", "MSGEXT_SINKS", "kafka://h:9092", "topic are required"},
		{"a topic", "MSGEXT_SINKS", "kafka://h:9092/t/" + plant, "a topic has up to 249"},
		{"a broker with credentials", "MSGEXT_SINKS", "kafka://u:" + plant + "@h:9092/t", "a broker is not HOST:PORT"},
		{"a queue", "MSGEXT_SINKS", "sqs://" + plant + "/q", "sqssink: queue is neither"},
		{"no queue", "MSGEXT_SINKS", "sqs://", "sqssink: queue is neither"},
		{"a bus", "MSGEXT_SINKS", "eventbridge://" + plant + "?", "eventbridgesink: bus is neither"},
		{"a comma", "MSGEXT_SINKS", "http://127.0.0.1:1/a,http://127.0.0.1:1/" + plant, "sinks are separated by spaces"},

		{"a secret", "MSGEXT_HTTP_SECRET", "whsec_b2xkIHNlY3JldCBvZiB0aGVzZSB0ZXN0cw== whsec_!" + plant, "openssl rand"},
		{"a short secret", "MSGEXT_HTTP_SECRET", "whsec_c2VjcmV0", "24 bytes or more"},
		{"a header without a host", "MSGEXT_HTTP_HEADERS", "Authorization: " + plant, "line 1: not of the form HOST Name: value"},
		{"a header for a URL", "MSGEXT_HTTP_HEADERS", "\nhttps://example.com/ X: " + plant, "line 1: not of the form HOST Name: value"},
		{"no header", "MSGEXT_HTTP_HEADERS", "example.com " + plant, "line 1: not of the form HOST Name: value"},
		{"a header for nobody", "MSGEXT_HTTP_HEADERS", "example.com X: " + plant, "line 1: no https:// or http:// sink has this host"},
		{"several backends", "MSGEXT_RELAY", "https://h/" + plant + ",https://i/", "there is one backend"},
		{"a backend with a space", "MSGEXT_RELAY", "https://h/ " + plant, "has no space in it"},
		{"several stores", "MSGEXT_STATE", "postgres://u@h/d postgres://" + plant + "@i/d", "there is one store"},
		{"a store with a space", "MSGEXT_STATE", "redis://u:" + plant + " x@h", "there is one store"},
		{"a mechanism", "MSGEXT_KAFKA_SASL", plant, "SASL mechanism is not PLAIN"},
		{"a mechanism alone", "MSGEXT_KAFKA_SASL", "PLAIN", "user name and password go together"},
		{"a region", "MSGEXT_CHAT_ENDPOINT", plant, "neither a region (china, singapore"},
		{"an endpoint", "MSGEXT_CHAT_ENDPOINT", "http://example.com/" + plant, "or http:// to loopback"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := every().Load([]string{
				"MSGEXT_CHAT_ADMIN=a", "MSGEXT_CHAT_SECRET_KEY=k", "MSGEXT_CHAT_ENDPOINT=tokyo", "MSGEXT_REPAIR_GRACE=soon",
				test.variable + "=" + test.value,
			}, config.Local)
			var failure *config.Error
			require.ErrorAs(t, err, &failure)
			require.Len(t, failure.Problems, 2, "together with the other problem: %v", err)
			assert.Contains(t, failure.Problems[0].String()+failure.Problems[1].String(), "MSGEXT_REPAIR_GRACE: not a duration")
			assert.ErrorContains(t, err, test.variable+": ")
			assert.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), plant)
		})
	}
}

func TestDrivers_LoadTakes(t *testing.T) {
	for _, store := range []string{
		"memory:", "sqlite:x.db", "sqlite:///var/lib/x.db", "postgres://u:p%23ss@h:1,i:2/d?sslmode=require&search_path=s&pool_max_conns=3&options=-c%20geqo%3Doff",
		"mysql://u:p%23ss@h/d?tls=skip-verify&pool_max_conns=3", "mysql://u@[::1]:1/d",
		"postgresql://u@h/d?application_name=a&statement_timeout=3s&default_query_exec_mode=exec&my.setting=1",
		"redis://h", "rediss://u:p@h:1,i:2?pool_size=3", "dynamodb://votes",
	} {
		cfg, err := every().Load([]string{"MSGEXT_STATE=" + store}, config.Local)
		require.NoError(t, err, store)
		assert.Equal(t, store, cfg.State.URL.Reveal())
	}
	_, err := every().Load([]string{
		"MSGEXT_SINKS=stdout: https://example.com/a?b=c,d http://[::1]:81/ kafka://a:9092,b:9092/votes sqs://votes.fifo sqs://https://sqs.eu-central-1.amazonaws.com/1/q eventbridge://default",
		"MSGEXT_KAFKA_SASL=SCRAM-SHA-512", "MSGEXT_KAFKA_USERNAME=u", "MSGEXT_KAFKA_PASSWORD=p", "MSGEXT_KAFKA_TLS=true", "MSGEXT_HTTP_SECRET=whsec_b2xkIHNlY3JldCBvZiB0aGVzZSB0ZXN0cw== whsec_bmV3IHNlY3JldCBvZiB0aGVzZSB0ZXN0cw==",
	}, config.Local)
	require.NoError(t, err)
	_, err = every().Load([]string{"MSGEXT_SINKS=http://receiver:8080/hook", "MSGEXT_HTTP_ALLOW_PLAIN=true", "MSGEXT_RELAY=http://backend/", "MSGEXT_KAFKA_SASL=AWS_MSK_IAM"}, config.Local)
	require.NoError(t, err)
	_, err = every().Load([]string{"MSGEXT_SINKS=https://169.254.169.254/", "MSGEXT_HTTP_ALLOW_LINK_LOCAL=true"}, config.Local)
	require.NoError(t, err)
}

// A Kafka user name is sent to another host with TLS only, unless MSGEXT_KAFKA_TLS allows clear
// text.
func TestDrivers_KafkaSASLNeedsTLS(t *testing.T) {
	sasl := []string{"MSGEXT_KAFKA_USERNAME=u", "MSGEXT_KAFKA_PASSWORD=plant7f3a"}
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		for _, test := range []struct {
			brokers, tls string
			refused      bool
		}{
			{"h:9092", "", true}, {"127.0.0.1:1,h:9092", "", true}, {"10.0.0.1:9092", "", true}, {"[fd12::1]:9092", "", true},
			{"h:9092", "true", false}, {"h:9092", "false", false}, {"127.0.0.1:9092,[::1]:9092", "", false}, {"localhost:9092", "", false},
		} {
			_, err := every().Load(append(sasl, "MSGEXT_SINKS=kafka://"+test.brokers+"/t", "MSGEXT_KAFKA_SASL="+mechanism, "MSGEXT_KAFKA_TLS="+test.tls), config.Local)
			if !test.refused {
				require.NoError(t, err, test)
				continue
			}
			require.ErrorContains(t, err, "MSGEXT_SINKS: sink 1: kafka: user name and password off loopback need TLS", test)
			assert.NotContains(t, err.Error(), "plant")
		}
	}
	_, err := every().Load([]string{"MSGEXT_SINKS=kafka://h:9092/t"}, config.Local)
	assert.NoError(t, err, "no name, no password")
	_, err = every().Load([]string{"MSGEXT_SINKS=kafka://h:9098/t", "MSGEXT_KAFKA_SASL=AWS_MSK_IAM"}, config.Local)
	assert.NoError(t, err, "always by TLS")
}

// A header goes to its host only, whatever the case of the name. A port in the URL belongs to the
// host.
func TestDrivers_HeadersGoToTheirHostAlone(t *testing.T) {
	received := map[string]http.Header{}
	serve := func(name string) string {
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { received[name] = r.Header }))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	one, two := serve("one"), strings.Replace(serve("two"), "127.0.0.1", "localhost", 1)
	cfg, connections, err := every().LoadAndOpen(t.Context(), []string{
		"MSGEXT_STATE=memory:", "MSGEXT_SINKS=http://" + one + "/a http://" + two,
		"MSGEXT_HTTP_HEADERS=" + one + " Authorization: Bearer one\r\n\n" + strings.ToUpper(two) + "   X-Key:two\n" + two + " X-Key: three",
	}, config.Local)
	require.NoError(t, err)
	defer func() { assert.NoError(t, connections.Close()) }()
	assert.NotContains(t, fmt.Sprintf("%+v", cfg), "Bearer one")
	for _, s := range connections.Sinks {
		require.NoError(t, s.Send(t.Context(), sinktest.Change(t, "g", 1, "v")))
	}
	assert.Equal(t, []string{"Bearer one"}, received["one"]["Authorization"])
	assert.NotContains(t, received["one"], "X-Key")
	assert.Equal(t, []string{"two", "three"}, received["two"]["X-Key"])
	assert.NotContains(t, received["two"], "Authorization")

	_, err = every().Load([]string{"MSGEXT_SINKS=https://example.com:8443/", "MSGEXT_HTTP_HEADERS=example.com:8443 Host: x\nexample.com X: y"}, config.Local)
	assert.EqualError(t, err, "configuration:\n"+
		"  MSGEXT_HTTP_HEADERS: line 1: header cannot be set: Host is the connection's\n"+
		"  MSGEXT_HTTP_HEADERS: line 2: no https:// or http:// sink has this host, as it stands in the URL")
}

// Only programs for AWS look for the credentials that Amazon MSK wants.
func TestDrivers_MSKIAMIsForAWS(t *testing.T) {
	scf := driver.Drivers{Sinks: basesinks.List(io.Discard, nil)}
	_, err := scf.Load([]string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_KAFKA_SASL=AWS_MSK_IAM"}, config.Webhook)
	assert.ErrorContains(t, err, "MSGEXT_KAFKA_SASL: kafkasink: options: AWS_MSK_IAM needs AWS credentials, which this program does not look for")
	_, err = every().Load([]string{"MSGEXT_KAFKA_SASL=AWS_MSK_IAM", "MSGEXT_KAFKA_USERNAME=u"}, config.Local)
	assert.ErrorContains(t, err, "takes no user name and no password")
}

// Open opens everything that Load has passed, and uses no network.
func TestDrivers_Open(t *testing.T) {
	drivers := every()
	path := t.TempDir() + "/x.db"
	t.Setenv("AWS_REGION", "eu-central-1")
	for _, store := range []string{"memory:", "sqlite:" + path, "postgres://u@127.0.0.1:1/d", "mysql://u@127.0.0.1:1/d", "redis://127.0.0.1:1", "dynamodb://votes"} {
		cfg, c, err := drivers.LoadAndOpen(t.Context(), []string{
			"MSGEXT_STATE=" + store, "MSGEXT_SINKS=stdout: https://example.com/ kafka://127.0.0.1:1/t sqs://q eventbridge://b", "MSGEXT_HTTP_SECRET=whsec_b2xkIHNlY3JldCBvZiB0aGVzZSB0ZXN0cw==",
		}, config.Local)
		require.NoError(t, err, store)
		assert.NotNil(t, c.Store)
		assert.Len(t, c.Sinks, len(cfg.Sinks))
		require.NoError(t, c.Close())
	}
}

// A driver refuses to open what its check refuses, because another caller may have skipped the
// check.
func TestDrivers_OpenChecks(t *testing.T) {
	for _, s := range every().Stores {
		for _, scheme := range s.Schemes {
			url := map[string]string{"memory": "memory:x", "sqlite": "sqlite:", "dynamodb": "dynamodb://a/b"}[scheme]
			if url == "" {
				url = scheme + "://h:port"
			}
			opened, err := open(t.Context(), s, url)
			assert.Error(t, err, url)
			assert.Nil(t, opened, url)
		}
	}
}

func open(ctx context.Context, d state.Driver, url string) (state.Store, error) {
	return d.Open(ctx, secret.String(url))
}

// Every program and every tool loads its configuration by Load.
func TestDrivers_LoadIsTheOneWay(t *testing.T) {
	var callers []string
	for _, root := range []string{"../../cmd", "../../functions", "../../internal", "../../scripts"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			if strings.Contains(string(source), "config.FromEnviron(") {
				callers = append(callers, filepath.Base(path))
			}
			return err
		}))
	}
	assert.Equal(t, []string{"readwire.go", "driver.go"}, callers, "readwire is for a program that links no sink")
}
