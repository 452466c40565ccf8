package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/bench/peer"
	"msgext/internal/peertest"
	"msgext/internal/vectortest"
	"msgext/pkg/secret"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/pgstate"
)

// delivery is a destination of a deployed function, and the number of requests in a turn.
type delivery struct {
	name     string
	store    bool
	requests int
	open     func(b *testing.B) (location string, environ []string)
}

// environs opens the destination, and returns the environments in which the product and the
// ordinary function deliver to it.
func (d delivery) environs(b *testing.B) (ours, ordinary []string) {
	location, environ := d.open(b)
	variable := "MSGEXT_SINKS"
	if d.store {
		variable = "MSGEXT_STATE"
	}
	return append([]string{"MSGEXT_SDK_APP_ID=" + peer.AppID, "MSGEXT_TOKEN=" + peer.Token, variable + "=" + location}, environ...),
		append([]string{"DELIVERY=" + location}, environ...)
}

var deliveries = []delivery{
	{"stdout", false, 200, func(*testing.B) (string, []string) { return "stdout:", nil }},
	{"http", false, 100, openHTTP},
	{"https", false, 100, openHTTPS},
	{"sqs", false, 25, openSQS},
	{"eventbridge", false, 25, openEventBridge},
	{"kafka", false, 100, openKafka},
	{"redis", true, 100, func(b *testing.B) (string, []string) { return peertest.Address(b, peertest.Redis) + "/2", nil }},
	{"postgresql", true, 100, openPostgreSQL},
	{"mysql", true, 100, openMySQL},
	{"dynamodb", true, 25, openDynamoDB},
}

// body returns the body of a change: the vendor's sample, for a store with the first of its two
// key-values alone.
func (d delivery) body(b *testing.B) string {
	body := vectortest.Named(b, "sample-group-set").Request.Body
	if !d.store {
		return body
	}
	first, _, found := strings.Cut(body, `,{"Key":"key3"`)
	_, rest, closed := strings.Cut(body, `]`)
	require.True(b, found && closed)
	return first + "]" + rest
}

func openHTTP(b *testing.B) (string, []string) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.Cleanup(server.Close)
	return server.URL + "/events", nil
}

// systemCertificates is where Debian and Ubuntu keep the certificates of authorities in one file.
const systemCertificates = "/etc/ssl/certs/ca-certificates.crt"

// openHTTPS adds the server's certificate to those that the system trusts. So the first handshake
// of a process parses as many as it does in production.
func openHTTPS(b *testing.B) (string, []string) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.Cleanup(server.Close)
	trusted, err := os.ReadFile(systemCertificates)
	if err != nil {
		b.Logf("only one certificate is parsed, because those of the system are elsewhere: %v", err)
	}
	trusted = append(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...)
	file := filepath.Join(b.TempDir(), "trusted.pem")
	require.NoError(b, os.WriteFile(file, trusted, 0o600))
	return server.URL + "/events", []string{"SSL_CERT_FILE=" + file}
}

// moto returns the address of moto behind a server that keeps connections open, as AWS's endpoints
// do. By itself moto closes a connection after each answer.
func moto(b *testing.B) string {
	address, err := url.Parse(peertest.Address(b, peertest.Moto))
	require.NoError(b, err)
	server := httptest.NewServer(httputil.NewSingleHostReverseProxy(address))
	b.Cleanup(server.Close)
	return server.URL
}

func awsConfig(endpoint string) aws.Config {
	return aws.Config{Region: "eu-central-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
}

// openSQS creates a standard queue. moto takes more than four times as long for a message to a FIFO
// queue, and a process that waits that long finds its caches cold.
func openSQS(b *testing.B) (string, []string) {
	endpoint, name := moto(b), "msgext-"+rand.Text()
	_, err := sqs.NewFromConfig(awsConfig(endpoint)).CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: &name})
	require.NoError(b, err)
	return "sqs://" + name, []string{"AWS_ENDPOINT_URL_SQS=" + endpoint}
}

func openEventBridge(b *testing.B) (string, []string) {
	endpoint, name := moto(b), "msgext-"+rand.Text()
	_, err := eventbridge.NewFromConfig(awsConfig(endpoint)).CreateEventBus(b.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	require.NoError(b, err)
	return "eventbridge://" + name, []string{"AWS_ENDPOINT_URL_EVENTBRIDGE=" + endpoint}
}

func openKafka(b *testing.B) (string, []string) {
	brokers, topic := peertest.Address(b, peertest.Kafka), "msgext-"+rand.Text()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...))
	require.NoError(b, err)
	b.Cleanup(client.Close)
	_, err = kadm.NewClient(client).CreateTopic(b.Context(), 1, 1, nil, topic)
	require.NoError(b, err)
	return "kafka://" + brokers + "/" + topic, nil
}

// openPostgreSQL creates a schema with the tables of the product and of the ordinary function.
func openPostgreSQL(b *testing.B) (string, []string) {
	address, name := peertest.Address(b, peertest.Postgres), "bench_"+strings.ToLower(rand.Text())
	connection, err := pgx.Connect(b.Context(), address)
	require.NoError(b, err)
	for _, statement := range []string{
		"CREATE SCHEMA " + name + "; SET search_path = " + name, pgstate.Schema,
		"CREATE TABLE ordinary (message text, name text, value text, seq bigint, PRIMARY KEY (message, name))",
	} {
		_, err = connection.Exec(b.Context(), statement)
		require.NoError(b, err)
	}
	b.Cleanup(func() {
		_, err := connection.Exec(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		require.NoError(b, err)
		require.NoError(b, connection.Close(context.Background()))
	})
	return address + "&search_path=" + name, nil
}

// openMySQL creates a database with the tables of the product and of the ordinary function.
func openMySQL(b *testing.B) (string, []string) {
	location, err := url.Parse(peertest.Address(b, peertest.MariaDB))
	require.NoError(b, err)
	name := "bench_" + strings.ToLower(rand.Text())
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = location.User.Username(), "tcp", location.Host
	config.Passwd, _ = location.User.Password()
	connector, err := mysql.NewConnector(config)
	require.NoError(b, err)
	database := sql.OpenDB(connector)
	for _, statement := range []string{
		"CREATE DATABASE " + name,
		"CREATE TABLE " + name + ".ordinary (message varchar(200), name varchar(200), value text, seq bigint, PRIMARY KEY (message, name))",
	} {
		_, err = database.ExecContext(b.Context(), statement)
		require.NoError(b, err)
	}
	b.Cleanup(func() {
		_, err := database.Exec("DROP DATABASE " + name)
		require.NoError(b, err)
		require.NoError(b, database.Close())
	})
	location.Path = "/" + name
	_, err = mysqlstate.ApplySchema(b.Context(), secret.String(location.String()))
	require.NoError(b, err)
	return location.String(), nil
}

func openDynamoDB(b *testing.B) (string, []string) {
	endpoint, table := peertest.Address(b, peertest.DynamoDB), "msgext-"+rand.Text()
	store, err := dynamostate.New(awsConfig(endpoint), dynamostate.Options{Table: table})
	require.NoError(b, err)
	require.NoError(b, store.CreateTable(b.Context()))
	require.NoError(b, store.Close())
	return "dynamodb://" + table, []string{"AWS_ENDPOINT_URL_DYNAMODB=" + endpoint}
}
