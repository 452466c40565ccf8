// Package peertest tells tests the addresses of the real services that scripts/services has
// started.
package peertest

import (
	"os"
	"testing"
)

// Variables by which scripts/services names what it started. They do not have the product's own
// prefix, because a program refuses to start with an unknown MSGEXT_ variable.
//
// MariaDB's user may create databases and users. Redis runs with appendonly yes and appendfsync
// always. Serverless holds the framework's loader and toolkit.
const (
	Postgres     = "TEST_POSTGRES_URL"  // postgres://msgext@127.0.0.1:PORT/msgext?sslmode=disable
	MariaDB      = "TEST_MARIADB_URL"   // mysql://msgext@127.0.0.1:PORT/msgext?tls=false
	Redis        = "TEST_REDIS_URL"     // redis://127.0.0.1:PORT
	RedisCluster = "TEST_REDIS_CLUSTER" // HOST:PORT,HOST:PORT,HOST:PORT
	DynamoDB     = "TEST_DYNAMODB_URL"  // http://127.0.0.1:PORT, DynamoDB Local
	Kafka        = "TEST_KAFKA_BROKERS" // HOST:PORT
	Moto         = "TEST_MOTO_URL"      // http://127.0.0.1:PORT, SQS and EventBridge by moto
	Chromium     = "TEST_CHROMIUM"      // path of the browser
	Serverless   = "TEST_SERVERLESS"    // node_modules of the Serverless Cloud Framework
)

// Address returns the value of one of the variables above. Where it is not set the test is skipped,
// and the message says how to get the service. With CI=true it fails instead, because a skipped
// test would count as passed there.
func Address(t testing.TB, variable string) string {
	t.Helper()
	address := os.Getenv(variable)
	if address != "" {
		return address
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not set: CI must run this test against the real service", variable)
	}
	t.Skipf("SKIPPED, %s is not set: `eval \"$(scripts/services up)\"` starts the real service, `scripts/check` runs everything", variable)
	return ""
}
