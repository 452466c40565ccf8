package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"time"

	"msgext/internal/outbound"
	"msgext/internal/port"
)

// awaitTimeout bounds the time until a container is pulled and started.
const awaitTimeout = 5 * time.Minute

// underEmulator runs the functions under the Lambda runtime interface emulator. Repair and read
// need a store. They use the Redis of TEST_REDIS_URL.
func underEmulator(ctx context.Context, emulator, build string, c console) error {
	written, err := emulate(ctx, emulator, filepath.Join(build, "Webhook"), samVariables, func(invoke invoker) error {
		return checkWebhook(ctx, invoke, c.stdout)
	})
	if err != nil {
		return err
	}
	if err := checkDelivered(written, c.stdout); err != nil {
		return err
	}
	redis := c.variable("TEST_REDIS_URL")
	if redis == "" {
		fmt.Fprintln(c.stdout, `repair and read are not invoked: TEST_REDIS_URL is not set (eval "$(scripts/services up redis)")`)
		return nil
	}
	if _, err = emulate(ctx, emulator, filepath.Join(build, "Read"), map[string]string{
		"MSGEXT_SDK_APP_ID": "1400000001", "MSGEXT_STATE": redis, "MSGEXT_READ_AUTH": "tokens", "MSGEXT_READ_TOKENS": readToken,
	}, func(invoke invoker) error { return checkRead(ctx, invoke, c.stdout) }); err != nil {
		return err
	}
	_, err = emulate(ctx, emulator, filepath.Join(build, "Repair"), map[string]string{
		// An app of its own has no message that is due.
		"MSGEXT_SDK_APP_ID": "1400000001", "MSGEXT_STATE": redis, "MSGEXT_SINKS": "stdout:",
		"MSGEXT_CHAT_ENDPOINT": "http://127.0.0.1:9", "MSGEXT_CHAT_ADMIN": "administrator", "MSGEXT_CHAT_SECRET_KEY": "secret",
	}, func(invoke invoker) error { return checkRepair(ctx, invoke, c.stdout) })
	return err
}

// emulate starts a function, runs checks on it and stops it. It returns the output of the function,
// and an error contains that output as well.
func emulate(ctx context.Context, emulator, folder string, variables map[string]string, checks func(invoker) error) (written string, err error) {
	var output bytes.Buffer
	invoke, stop, err := startEmulator(ctx, emulator, folder, variables, &output)
	if err != nil {
		return "", err
	}
	err = checks(invoke)
	stop()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, output.String())
	}
	return output.String(), nil
}

// startEmulator starts a function and returns how to invoke it and how to stop it. The output of
// the function is complete once it is stopped.
func startEmulator(ctx context.Context, emulator, folder string, variables map[string]string, output io.Writer) (invoker, func(), error) {
	outside, err := port.Free()
	if err != nil {
		return nil, nil, err
	}
	inside, err := port.Free()
	if err != nil {
		return nil, nil, err
	}
	command := exec.CommandContext(ctx, emulator, "--runtime-interface-emulator-address", outside, "--runtime-api-address", inside, "./bootstrap")
	command.Dir = folder
	command.Env = []string{"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none"}
	for name, value := range variables {
		command.Env = append(command.Env, name+"="+value)
	}
	stop, err := start(command, output)
	if err != nil {
		return nil, nil, err
	}
	invoke := func(ctx context.Context, event []byte) ([]byte, error) {
		return post(ctx, "http://"+outside+"/2015-03-31/functions/function/invocations", event)
	}
	if err := awaitListener(ctx, outside); err != nil {
		stop()
		return nil, nil, fmt.Errorf("the emulator does not listen: %w", err)
	}
	return invoke, stop, nil
}

// post sends an event and returns the response's body.
func post(ctx context.Context, url string, event []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, outbound.WithoutURL(err)
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(io.LimitReader(response.Body, maxReplyBytes))
}

// awaitListener waits until something listens on an address.
func awaitListener(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, awaitTimeout)
	defer cancel()
	connection, err := port.Await(ctx, address)
	if err != nil {
		return err
	}
	return connection.Close()
}
