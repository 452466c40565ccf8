package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"msgext/internal/processtest"
)

// binaries are the product's programs, built once for all tests here. TestMain sets it before any
// test.
var binaries *processtest.Builder

func TestMain(m *testing.M) {
	os.Exit(processtest.Main(m, func(b *processtest.Builder) { binaries = b }))
}

// try runs the command and returns its status and output.
func try(t *testing.T, environ []string, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	status = run(t.Context(), args, console{environ, strings.NewReader(stdin), &out, &errors, wait})
	return status, out.String(), errors.String()
}

var signed = []string{"MSGEXT_SDK_APP_ID=1600000001", "MSGEXT_TOKEN=new old"}
