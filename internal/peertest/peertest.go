// Package peertest tells tests where the real services run that scripts/services has
// started.
package peertest

import (
	"os"
	"testing"
)

// Variables by which scripts/services names what it started. They do not carry the
// product's own prefix, because a MSGEXT_ variable nobody knows stops a start.
const (
	Postgres     = "TEST_POSTGRES_URL"  // postgres://msgext@127.0.0.1:PORT/msgext?sslmode=disable
	MariaDB      = "TEST_MARIADB_URL"   // mysql://msgext@127.0.0.1:PORT/msgext?tls=false, may make databases and users
	Redis        = "TEST_REDIS_URL"     // redis://127.0.0.1:PORT, appendonly yes, appendfsync always
	RedisCluster = "TEST_REDIS_CLUSTER" // HOST:PORT,HOST:PORT,HOST:PORT
	DynamoDB     = "TEST_DYNAMODB_URL"  // http://127.0.0.1:PORT, DynamoDB Local
	Kafka        = "TEST_KAFKA_BROKERS" // HOST:PORT
	Moto         = "TEST_MOTO_URL"      // http://127.0.0.1:PORT, SQS and EventBridge by moto
	Chromium     = "TEST_CHROMIUM"      // path of the browser
	Serverless   = "TEST_SERVERLESS"    // node_modules with the Serverless Cloud Framework's loader and toolkit
)

// Address returns the value of one of the variables above. Where it is not set the test
// is skipped, and says how to get the service; with CI=true it fails, since there a skipped
// test would count as a passed one.
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
