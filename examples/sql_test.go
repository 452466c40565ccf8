package examples_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/internal/peertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// database is one that takes the statements of consumer-sql.
type database struct {
	name string // of its folder and schema
	open func(t *testing.T) *sql.DB
	take func(ctx context.Context, c *sql.Conn, event, statement string) error
	show string
}

var databases = []database{
	{name: "postgres", open: openPostgres, show: "SELECT message, key, value, seq FROM ext",
		take: func(ctx context.Context, c *sql.Conn, event, statement string) error {
			if !strings.Contains(statement, "$1") {
				_, err := c.ExecContext(ctx, statement)
				return err
			}
			_, err := c.ExecContext(ctx, statement, event)
			return err
		}},
	{name: "mysql", open: openMySQL, show: "SELECT message, `key`, value, seq FROM ext",
		take: func(ctx context.Context, c *sql.Conn, event, statement string) error {
			if _, err := c.ExecContext(ctx, "SET @event = ?", event); err != nil {
				return err
			}
			_, err := c.ExecContext(ctx, statement)
			return err
		}},
}

func openPostgres(t *testing.T) *sql.DB {
	address := peertest.Address(t, peertest.Postgres)
	schema := "consumer_" + strings.ToLower(rand.Text())
	all, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, all.Close()) })
	_, err = all.Exec("CREATE SCHEMA " + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := all.Exec("DROP SCHEMA " + schema + " CASCADE")
		assert.NoError(t, err)
	})
	own, err := url.Parse(address)
	require.NoError(t, err)
	query := own.Query()
	query.Set("search_path", schema)
	own.RawQuery = query.Encode()
	db, err := sql.Open("pgx", own.String())
	require.NoError(t, err)
	return db
}

func openMySQL(t *testing.T) *sql.DB {
	address, err := url.Parse(peertest.Address(t, peertest.MariaDB))
	require.NoError(t, err)
	password, _ := address.User.Password()
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = address.User.Username(), password, "tcp", address.Host
	config.InterpolateParams = true
	open := func() *sql.DB {
		connector, err := mysql.NewConnector(config)
		require.NoError(t, err)
		return sql.OpenDB(connector)
	}
	all := open()
	t.Cleanup(func() { assert.NoError(t, all.Close()) })
	name := "consumer_" + strings.ToLower(rand.Text())
	_, err = all.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := all.Exec("DROP DATABASE " + name)
		assert.NoError(t, err)
	})
	config.DBName = name
	return open()
}

// statements reads a file of statements.
func statements(t testing.TB, names ...string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{"consumer-sql"}, names...)...))
	require.NoError(t, err)
	all := strings.Split(strings.TrimSpace(string(content)), ";\n")
	all[len(all)-1] = strings.TrimSuffix(all[len(all)-1], ";")
	return all
}

// eachDatabase runs a test with the tables of every database.
func eachDatabase(t *testing.T, test func(t *testing.T, s *sqlConsumer)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			db := d.open(t)
			t.Cleanup(func() { assert.NoError(t, db.Close()) })
			for _, statement := range statements(t, d.name+".sql") {
				_, err := db.Exec(statement)
				require.NoError(t, err, statement)
			}
			test(t, &sqlConsumer{database: d, db: db, change: statements(t, d.name, "change.sql"), read: statements(t, d.name, "read.sql")})
		})
	}
}

// sqlConsumer is a sink that runs the statements, as a program would that gets the events.
type sqlConsumer struct {
	database
	db           *sql.DB
	change, read []string
}

func (*sqlConsumer) Name() string { return "sql" }
func (*sqlConsumer) Close() error { return nil }

func (s *sqlConsumer) Send(ctx context.Context, event cloudevent.Event) error {
	list := s.change
	if event.IsRepaired() || event.IsGone() {
		list = s.read
	}
	connection, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }() // it goes back to the pool
	for _, statement := range list {
		if err := s.take(ctx, connection, string(event.JSON()), statement); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqlConsumer) shows(t *testing.T) map[string][]msgext.KeyValue {
	t.Helper()
	rows, err := s.db.Query(s.show)
	require.NoError(t, err)
	defer func() { assert.NoError(t, rows.Close()) }()
	shown := map[string][]msgext.KeyValue{}
	for rows.Next() {
		var message string
		var kv msgext.KeyValue
		require.NoError(t, rows.Scan(&message, &kv.Key, &kv.Value, &kv.Seq))
		shown[message] = append(shown[message], kv)
	}
	require.NoError(t, rows.Err())
	return consumertest.Sorted(shown)
}

func (s *sqlConsumer) send(t *testing.T, line []byte) {
	event, err := cloudevent.Decode(line)
	if assert.NoError(t, err) {
		assert.NoError(t, s.Send(t.Context(), event))
	}
}

// The fixtures, by four sessions at once: what is shown depends on the set of events alone.
func TestSQL_EndsInTheStateOfEachFixture(t *testing.T) {
	for _, fixture := range consumertest.Fixtures(t) {
		t.Run(fixture.Name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, s *sqlConsumer) {
				lines := make(chan []byte)
				var sessions sync.WaitGroup
				for range 4 {
					sessions.Go(func() {
						for line := range lines {
							s.send(t, line)
						}
					})
				}
				for _, line := range fixture.Events {
					lines <- line
				}
				close(lines)
				sessions.Wait()
				assert.Equal(t, fixture.Want, s.shows(t))
			})
		})
	}
}

func TestSQL_ShowsWhatChatHas(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *sqlConsumer) {
		faults := chatsim.Faults{Seed: 7, Drop: 0.15, Duplicate: 0.1, Reorder: 0.1, Delay: 0.2, TimeOut: 0.05, NewerSeq: 0.1, Forge: 0.15, Garble: 0.03}
		truth := consumertest.Simulation{Seed: 207, Changes: 60, ReadAll: true, Gone: true, Faults: faults, Sink: s}.Play(t)
		assert.Equal(t, consumertest.Sorted(truth), s.shows(t))
	})
}

// What JSON may hold: characters that SQL and JSON write in their own way, and numbers as Chat may write them.
func TestSQL_TakesEveryText(t *testing.T) {
	fixture := []byte(`{"specversion":"1.0","id":"1","source":"/","type":"com.tencent.chat.group.msgextension.set","partitionkey":"1400000000/g'\\\"/1",` +
		`"received":"00000001764688294500","data":{"CallbackCommand":"c","ExtensionList":[{"Key":"it's \\ \"k\" 😀 %","Value":"a\n\t\\u0041 \u2028 ' \\","Seq":"7"},{"Key":"none","Seq":7}]}}`)
	eachDatabase(t, func(t *testing.T, s *sqlConsumer) {
		s.send(t, fixture)
		assert.Equal(t, map[string][]msgext.KeyValue{`1400000000/g'\"/1`: {
			{Key: "it's \\ \"k\" 😀 %", Value: "a\n\t\\u0041 \u2028 ' \\", Seq: 7}, {Key: "none", Seq: 7},
		}}, s.shows(t))
		if s.name == "postgres" {
			s.send(t, bytes.ReplaceAll(bytes.ReplaceAll(fixture, []byte(`a\n`), []byte(`\u0000\\u0000\n`)), []byte(`"7"`), []byte("8")))
			assert.Contains(t, s.shows(t)[`1400000000/g'\"/1`][1].Value, "\ufffd\\u0000\n", "U+0000, and what only looks like it")
		}
	})
}
