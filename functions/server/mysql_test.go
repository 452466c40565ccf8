package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/http"
	neturl "net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/internal/processtest"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/webhook"
)

// mysqlDatabase creates the test's own database with the store's tables, and returns its location.
func mysqlDatabase(t *testing.T) string {
	t.Helper()
	location, err := neturl.Parse(peertest.Address(t, peertest.MariaDB))
	require.NoError(t, err)
	location.Path = "/server_" + strings.ToLower(rand.Text())
	db := mysqlConnection(t, location, "")
	_, err = db.ExecContext(t.Context(), "CREATE DATABASE "+location.Path[1:]+"; USE "+location.Path[1:]+";"+mysqlstate.Schema+mysqlstate.View)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.Background(), "DROP DATABASE "+location.Path[1:])
		assert.NoError(t, err)
	})
	return location.String()
}

func mysqlConnection(t *testing.T, location *neturl.URL, database string) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName, config.MultiStatements = location.User.Username(), "tcp", location.Host, database, true
	db, err := sql.Open("mysql", config.FormatDSN())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// A vote is counted on the server with MySQL when it is answered: over HTTP, and in the view by
// SQL.
func TestServer_APollOnMySQL(t *testing.T) {
	location := mysqlDatabase(t)
	server := processtest.StartServer(t, binaries.Build(t, "functions/server"), serving("MSGEXT_STATE=" + location)[1:])
	u, err := neturl.Parse(location)
	require.NoError(t, err)
	db := mysqlConnection(t, u, u.Path[1:])
	votes := map[string]string{}
	for i, vote := range []struct{ key, value, want string }{
		{"alice_0", "1", `{"options":[{"option":1,"votes":1}],"voters":1,"closed":false,"LatestSeq":1,"Gap":false}`},
		{"bob_0", "0_1", `{"options":[{"option":0,"votes":1},{"option":1,"votes":2}],"voters":2,"closed":false,"LatestSeq":2,"Gap":false}`},
		{"alice_0", "0", `{"options":[{"option":0,"votes":2},{"option":1,"votes":1}],"voters":2,"closed":false,"LatestSeq":3,"Gap":false}`},
	} {
		body := fmt.Sprintf(`{"CallbackCommand":%q,"GroupId":"lunch","MsgSeq":7,"OperateType":1,"Seq":%d,"ExtensionList":[{"Key":%q,"Value":%q,"Seq":%d}]}`,
			msgext.GroupCommand, i+1, vote.key, vote.value, i+1)
		seconds := strconv.FormatInt(time.Now().Unix(), 10)
		query := neturl.Values{
			"SdkAppid": {vectortest.SDKAppID}, "CallbackCommand": {msgext.GroupCommand},
			"RequestTime": {seconds}, "Sign": {webhook.Sign(vectortest.Token, seconds)},
		}
		require.Contains(t, answered(t, func() string {
			_, reply := processtest.Exchange(t, http.MethodPost, server.URL+"/?"+query.Encode(), body)
			return reply
		}), `"ActionStatus":"OK"`)
		votes[vote.key] = vote.value

		status, poll := processtest.Exchange(t, http.MethodGet, server.URL+"/api/groups/lunch/messages/7/extensions?tally=poll", "")
		assert.Equal(t, http.StatusOK, status)
		assert.JSONEq(t, vote.want, poll)
		assert.Equal(t, votes, selected(t, db))
	}
}

// selected returns the keys and values of the view.
func selected(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT `key`, value FROM message_extensions WHERE group_id = 'lunch' AND msg_seq = 7")
	require.NoError(t, err)
	defer func() { assert.NoError(t, rows.Close()) }()
	found := map[string]string{}
	for rows.Next() {
		var key, value string
		require.NoError(t, rows.Scan(&key, &value))
		found[key] = value
	}
	require.NoError(t, rows.Err())
	return found
}
