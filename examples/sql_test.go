package examples_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/internal/peertest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// postgres returns the URL of its own schema.
func postgres(t *testing.T) []string {
	address := peertest.Address(t, peertest.Postgres)
	db, err := sql.Open("pgx", address)
	require.NoError(t, err)
	schema := "consumer_" + strings.ToLower(rand.Text())
	lend(t, db, "CREATE SCHEMA "+schema, "DROP SCHEMA "+schema+" CASCADE")
	own, err := url.Parse(address)
	require.NoError(t, err)
	query := own.Query()
	query.Set("search_path", schema)
	own.RawQuery = query.Encode()
	return []string{own.String()}
}

// mariadb returns the URL of its own database.
func mariadb(t *testing.T) []string {
	own, err := url.Parse(peertest.Address(t, peertest.MariaDB))
	require.NoError(t, err)
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = own.User.Username(), "tcp", own.Host
	config.Passwd, _ = own.User.Password()
	connector, err := mysql.NewConnector(config)
	require.NoError(t, err)
	name := "consumer_" + strings.ToLower(rand.Text())
	lend(t, sql.OpenDB(connector), "CREATE DATABASE "+name, "DROP DATABASE "+name)
	own.Path = "/" + name
	return []string{own.String()}
}

// lend creates a place for the test, and drops it at the end.
func lend(t *testing.T, db *sql.DB, create, drop string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), create)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), drop)
		assert.NoError(t, err)
		assert.NoError(t, db.Close())
	})
}

// Four clients send at once. What is shown depends only on the set of events.
func TestConsumers_TakeEventsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, c *consumer) {
		sink := c.sink(t)
		want := map[string][]msgext.KeyValue{}
		lines := make(chan []byte)
		var senders sync.WaitGroup
		for range 4 {
			senders.Go(func() {
				for line := range lines {
					event, err := cloudevent.Decode(line)
					if assert.NoError(t, err) {
						assert.NoError(t, sink.Send(t.Context(), event))
					}
				}
			})
		}
		for _, fixture := range consumertest.Fixtures(t) {
			if !slices.Contains([]string{"everything-gone", "mistakes", "unread"}, fixture.Name) {
				continue // only these are not about the same messages
			}
			for key, list := range fixture.Want {
				want[key] = list
			}
			for _, line := range fixture.Events {
				lines <- line
			}
		}
		close(lines)
		senders.Wait()
		assert.Equal(t, want, c.shows(t), "%s", c.stderr.String())
	})
}

// Texts that JSON can hold: characters that databases and languages write in their own ways, and
// numbers as Chat may write them.
func TestConsumers_TakeEveryText(t *testing.T) {
	set := []byte(`{"specversion":"1.0","id":"1","source":"/","type":"com.tencent.chat.group.msgextension.set","partitionkey":"1400000000/g'\\\"/1",` +
		`"received":"00000001764688294500","data":{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"g'\\\"","MsgSeq":1,"OperateType":1,` +
		`"Seq":7,"ExtensionList":[{"Key":"it's \\ \"k\" 😀 %","Value":"a\n\t\\u0041 \u2028 ' \\","Seq":"7"},{"Key":"none","Seq":7.0}]}}`)
	set = bytes.ReplaceAll(set, []byte(`1400000000/g'\\\"/1`), []byte(`1400000000/g%27%5C%22/1`))
	const key = "1400000000/g%27%5C%22/1"
	each(t, func(t *testing.T, c *consumer) {
		send := func(line []byte) {
			event, err := cloudevent.Decode(line)
			require.NoError(t, err)
			require.NoError(t, c.sink(t).Send(t.Context(), event), "%s", c.stderr.String())
		}
		send(set)
		assert.Equal(t, map[string][]msgext.KeyValue{key: {
			{Key: "it's \\ \"k\" 😀 %", Value: "a\n\t\\u0041 \u2028 ' \\", Seq: 7}, {Key: "none", Seq: 7},
		}}, c.shows(t))

		zero := bytes.ReplaceAll(bytes.ReplaceAll(set, []byte(`a\n`), []byte(`\u0000\\u0000\n`)), []byte(`"7"`), []byte("8"))
		send(zero)
		want := "\x00\\u0000\n\t\\u0041 \u2028 ' \\"
		if strings.HasPrefix(c.run[len(c.run)-1], "postgres") {
			// PostgreSQL's text cannot hold U+0000.
			want = strings.Replace(want, "\x00", "\ufffd", 1)
		}
		assert.Equal(t, want, c.shows(t)[key][1].Value)
	})
}
