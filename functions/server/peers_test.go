package main

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/pgstate"
)

// postgresDatabase creates its own schema in the database and returns the location. Repair takes
// every message that is due in a store, so that tests must not share one.
func postgresDatabase(t *testing.T) string {
	t.Helper()
	url := peertest.Address(t, peertest.Postgres)
	connection, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	name := "proof_" + strings.ToLower(rand.Text())
	_, err = connection.Exec(t.Context(), "CREATE SCHEMA "+name+"; SET search_path = "+name)
	require.NoError(t, err)
	_, err = connection.Exec(t.Context(), pgstate.Schema)
	require.NoError(t, err)
	require.NoError(t, connection.Close(t.Context()))
	return url + "&search_path=" + name
}

// redisDatabase returns the location of a database that the store's own tests do not use.
func redisDatabase(t *testing.T) string {
	t.Helper()
	return peertest.Address(t, peertest.Redis) + "/1"
}

// dynamoTable creates its own table and returns the location.
func dynamoTable(t *testing.T) string {
	t.Helper()
	endpoint := peertest.Address(t, peertest.DynamoDB)
	table := "msgext-" + rand.Text()
	store, err := dynamostate.New(aws.Config{
		Region: "eu-central-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}, dynamostate.Options{Table: table})
	require.NoError(t, err)
	require.NoError(t, store.CreateTable(t.Context()))
	require.NoError(t, store.Close())
	return "dynamodb://" + table
}

// dynamoEndpoint returns the endpoint of DynamoDB Local, or "" where it does not run.
func dynamoEndpoint() string { return os.Getenv(peertest.DynamoDB) }
