package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"msgext/internal/port"
	"msgext/internal/sample"
	"msgext/pkg/secret"
)

// inContainers makes SAM invoke the webhook function and serve it over HTTP. The base image must be
// there already.
func inContainers(ctx context.Context, samProgram, template string, c console) error {
	folder, err := os.MkdirTemp("", "msgext-sam-")
	if err != nil {
		return err
	}
	// An error does no harm, because the system clears its temporary folder as well.
	defer func() { _ = os.RemoveAll(folder) }()
	variables, err := json.Marshal(map[string]any{"Webhook": samVariables})
	if err != nil {
		return err
	}
	environment := filepath.Join(folder, "environment.json")
	if err := os.WriteFile(environment, variables, 0o600); err != nil {
		return err
	}
	architecture := "Architecture=arm64"
	if runtime.GOARCH == "amd64" {
		architecture = "Architecture=x86_64"
	}
	local := func(ctx context.Context, verb ...string) *exec.Cmd {
		arguments := append([]string{"local"}, verb...)
		command := exec.CommandContext(ctx, samProgram, append(arguments, "--template", template, "--env-vars", environment, "--skip-pull-image",
			"--parameter-overrides", architecture)...)
		command.Env = append(os.Environ(), "SAM_CLI_TELEMETRY=0", "AWS_DEFAULT_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none")
		return command
	}

	written := new(bytes.Buffer)
	invoke := func(ctx context.Context, event []byte) ([]byte, error) {
		command := local(ctx, "invoke", "Webhook", "--event", "-")
		command.Stdin, command.Stderr = bytes.NewReader(event), written
		return command.Output()
	}
	if err := checkWebhook(ctx, invoke, c.stdout); err != nil {
		return fmt.Errorf("%w\n%s", err, written)
	}
	if err := checkDelivered(written.String(), c.stdout); err != nil {
		return err
	}
	return checkAPI(ctx, local, c)
}

// checkAPI sends webhooks over HTTP to SAM's own API.
func checkAPI(ctx context.Context, local func(context.Context, ...string) *exec.Cmd, c console) error {
	address, err := port.Free()
	if err != nil {
		return err
	}
	written := new(bytes.Buffer)
	// Without warm containers, because SAM does not remove them.
	api := local(ctx, "start-api", "--port", port.Number(address))
	stop, err := start(api, written)
	if err != nil {
		return err
	}
	defer stop()
	if err := awaitListener(ctx, address); err != nil {
		return fmt.Errorf("sam local start-api does not listen: %w\n%s", err, written)
	}
	vector, err := vectorNamed(defaultSample)
	if err != nil {
		return err
	}
	target := &url.URL{Scheme: "http", Host: address, Path: samVariables["MSGEXT_PATH"]}
	for _, request := range []struct {
		name  string
		token string
		want  expected
	}{
		{"start-api, signed", samVariables["MSGEXT_TOKEN"], acknowledged},
		{"start-api, signed with another token", "another", refused},
	} {
		got, err := exchange(ctx, awaitTimeout, target, vector, sample.VectorsSDKAppID, secret.String(request.token))
		if err == nil {
			err = request.want.check(got.status, got.body)
		}
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", request.name, err, written)
		}
		fmt.Fprintf(c.stdout, "%-40s %d, as expected, after %d ms\n", request.name, got.status, got.took.Milliseconds())
	}
	return nil
}
