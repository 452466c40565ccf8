package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"msgext/internal/config"
	"msgext/internal/port"
	"msgext/internal/sample"
	"msgext/internal/scfrpc"
	"msgext/pkg/secret"
)

// The time-outs that the functions have when deployed (serverless.yml), and how long a process may
// take to listen and to end.
const (
	webhookTimeout = 5 * time.Second
	repairTimeout  = 60 * time.Second
	listenTimeout  = 10 * time.Second
	stopTimeout    = 20 * time.Second
)

func invokeVerb(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "invoke {webhook | repair} BINARY [SAMPLE | -]",
		Short: "Start an SCF binary on this machine and hand it events",
		Long: `Starts an SCF binary on this machine as the platform does and sends it events over the runtime's
RPC: a sample through both gateways, the timer's event, or an event from standard input. The
function gets the MSGEXT_ variables; the webhook function needs none. scripts/invoke builds the
binary first, so that BINARY is left out there.`,
		Example: `  msgext invoke webhook dist/scf-webhook/webhook sample-group-clear
  msgext event scf/api-gateway | msgext invoke webhook dist/scf-webhook/webhook -`,
		Args: cobra.RangeArgs(2, 3),
		ValidArgsFunction: func(command *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return []cobra.Completion{"webhook", "repair"}, cobra.ShellCompDirectiveNoFileComp
			}
			return completeSample(2)(command, args, word)
		},
		RunE: func(command *cobra.Command, args []string) error {
			if args[0] != "webhook" && args[0] != "repair" {
				return fmt.Errorf("%w: the function is webhook or repair", errUsage)
			}
			return invoke(command.Context(), args[0], args[1], args[2:], c)
		},
	}
}

// invoke starts an SCF binary as the platform does and hands it events over the runtime's RPC.
func invoke(ctx context.Context, function, binary string, sampleArgs []string, c console) error {
	cfg, err := c.signing()
	if err != nil {
		return err
	}
	variables := variablesOf(c.environ)
	timeout := repairTimeout
	if function == "webhook" {
		timeout = webhookTimeout
		if len(cfg.Tokens) == 0 && cfg.SDKAppID == "" {
			cfg.SDKAppID, cfg.Tokens = sample.VectorsSDKAppID, []secret.String{sample.PublishedToken}
			variables["MSGEXT_SDK_APP_ID"], variables["MSGEXT_TOKEN"] = cfg.SDKAppID, cfg.Tokens[0].Reveal()
			madeUp(c.stderr, cfg.SDKAppID, cfg.Tokens[0])
		}
	}
	invocations, err := invocationsOf(function, sampleArgs, cfg, c.stdin)
	if err != nil {
		return err
	}
	client, stop, err := startSCF(ctx, binary, c.stderr)
	if err != nil {
		return err
	}
	defer stop()
	for _, i := range invocations {
		began := time.Now()
		response, err := client.Invoke(i.event.Payload, variables, began.Add(timeout))
		if err != nil {
			return fmt.Errorf("%s: %w", i.event.Shape, err)
		}
		fmt.Fprintf(c.stdout, "%s, after %d ms: %s\n", i.event.Shape, time.Since(began).Milliseconds(), response)
		if i.want != nil {
			if err := i.want.checkEvent(response); err != nil {
				return fmt.Errorf("%s: %w", i.event.Shape, err)
			}
		}
	}
	return nil
}

// variablesOf returns the product's variables. On SCF they come with each invocation.
func variablesOf(environ []string) map[string]string {
	variables := make(map[string]string)
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, config.Prefix) {
			variables[name] = value
		}
	}
	return variables
}

// invocation is an event and, where it is known, the reply that it must get.
type invocation struct {
	event sample.Event
	want  *expected
}

// invocationsOf returns the invocations for a function: a sample in every form in which it reaches
// the function, or the given event.
func invocationsOf(function string, args []string, cfg config.Config, stdin io.Reader) ([]invocation, error) {
	if len(args) == 1 && args[0] == "-" {
		event, err := io.ReadAll(stdin)
		return []invocation{{event: sample.Event{Shape: "standard input", Payload: event}}}, err
	}
	if function == "repair" {
		if len(args) > 0 {
			return nil, fmt.Errorf("%w: repair takes its timer's event, or one from standard input", errUsage)
		}
		return []invocation{{event: sample.Event{Shape: "timer", Payload: []byte(timer)}}}, nil
	}
	vector, err := chosen(args, stdin)
	if err != nil {
		return nil, err
	}
	var token secret.String
	if len(cfg.Tokens) > 0 {
		token = cfg.Tokens[0]
	}
	query := vector.Query(cfg.SDKAppID, token, time.Now())
	events := sample.SCFEvents(sample.Request{
		Method: vector.Request.Method, Path: max(cfg.Path, vector.Request.Path), RawQuery: query, Body: vector.Request.Body,
	})
	if len(events) == 0 {
		return nil, errors.New("an SCF gateway passes no such query on")
	}
	invocations := make([]invocation, len(events))
	for i, event := range events {
		invocations[i] = invocation{event, &expected{vector.Want.Status, vector.Want.Reply}}
	}
	return invocations, nil
}

// startSCF starts a binary and connects to it.
func startSCF(ctx context.Context, binary string, output io.Writer) (*scfrpc.Client, func(), error) {
	address, err := port.Free()
	if err != nil {
		return nil, nil, err
	}
	command := exec.CommandContext(ctx, binary)
	command.Env = []string{scfrpc.PortVariable + "=" + port.Number(address)}
	stop, err := start(command, output)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	client, err := scfrpc.Dial(ctx, address)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return client, func() { _ = client.Close(); stop() }, nil
}

// start starts a process that writes to output, and returns a function that ends it. The end is
// gentle, so that the process can end its own children. The output is complete then.
func start(command *exec.Cmd, output io.Writer) (stop func(), err error) {
	command.Stdout, command.Stderr = output, output
	command.WaitDelay = stopTimeout
	if err := command.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = command.Process.Signal(syscall.SIGTERM) // an error says that it has already ended
		kill := time.AfterFunc(stopTimeout, func() { _ = command.Process.Kill() })
		_ = command.Wait() // the status only repeats the signal
		kill.Stop()
	}, nil
}
