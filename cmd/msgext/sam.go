package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msgext/internal/sample"
)

// invoker hands an event to a Lambda function and returns its response.
type invoker func(ctx context.Context, event []byte) ([]byte, error)

// samVariables are the variables of the webhook function: no store, and events on its output. All
// variables of the template are listed. For one that is not, SAM passes its reference to a secret
// on as text.
var samVariables = map[string]string{
	"MSGEXT_SDK_APP_ID": sample.VectorsSDKAppID, "MSGEXT_TOKEN": sample.PublishedToken.Reveal(), "MSGEXT_SINKS": "stdout:",
	"MSGEXT_PATH": "/webhook", "MSGEXT_STATE": "", "MSGEXT_HTTP_SECRET": "", "MSGEXT_HTTP_HEADERS": "", "MSGEXT_KAFKA_USERNAME": "", "MSGEXT_KAFKA_PASSWORD": "",
}

func samVerb(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "sam BUILD {emulator PROGRAM | docker SAM}",
		Short: "Check the Lambda functions that SAM has built",
		Long: `Sends a webhook as the event of every gateway to the Lambda functions that SAM has built, and checks
the replies. The functions run in SAM's containers, or under the runtime interface emulator that SAM
brings. scripts/sam-local builds them first and finds the program.`,
		Example: `  msgext sam .aws-sam/build docker sam`,
		Args:    cobra.ExactArgs(3),
		RunE: func(command *cobra.Command, args []string) error {
			return sam(command.Context(), args[0], args[1], args[2], c)
		},
	}
}

// sam runs the functions that SAM has built, and checks their replies. They run in SAM's
// containers, or under the emulator that SAM brings.
func sam(ctx context.Context, build, how, program string, c console) error {
	switch how {
	case "emulator":
		return underEmulator(ctx, program, build, c)
	case "docker":
		return inContainers(ctx, program, filepath.Join(build, "template.yaml"), c)
	}
	return fmt.Errorf("%w: emulator or docker", errUsage)
}

// checkWebhook invokes the function with a webhook through every gateway: signed now, and with the
// published signature, which is old.
func checkWebhook(ctx context.Context, invoke invoker, output io.Writer) error {
	events := sample.Events("aws")
	for _, event := range events {
		if err := checkReply(ctx, invoke, event.Shape, event.Resigned(time.Now()).Payload, acknowledged, output); err != nil {
			return err
		}
	}
	return checkReply(ctx, invoke, events[0].Shape+", stale", events[0].Payload, refused, output)
}

func checkReply(ctx context.Context, invoke invoker, name string, event []byte, want expected, output io.Writer) error {
	began := time.Now()
	response, err := invoke(ctx, event)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := want.checkEvent(response); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(output, "%-40s %d, as expected, after %d ms\n", name, want.status, time.Since(began).Milliseconds())
	return nil
}

// readToken is the bearer token of the read function here.
const readToken = "0123456789abcdef0123456789abcdef"

// checkRead asks for an unknown message through every gateway, with and without a token.
func checkRead(ctx context.Context, invoke invoker, output io.Writer) error {
	request := sample.Request{Method: http.MethodGet, Path: "/api/extensions", RawQuery: "GroupId=nobody&MsgSeq=1"}
	closed := sample.AWSEvents(request)[0]
	request.Header = map[string]string{"authorization": "Bearer " + readToken}
	for _, event := range sample.AWSEvents(request) {
		if err := checkReply(ctx, invoke, "read, "+event.Shape, event.Payload, notFound, output); err != nil {
			return err
		}
	}
	return checkReply(ctx, invoke, "read, "+closed.Shape+", no token", closed.Payload, unauthorized, output)
}

// checkRepair invokes the function as its schedule does. No message is due.
func checkRepair(ctx context.Context, invoke invoker, output io.Writer) error {
	response, err := invoke(ctx, []byte(schedule))
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	var report struct{ Checked, Open *int }
	if json.Unmarshal(response, &report) != nil || report.Checked == nil || report.Open == nil || *report.Checked+*report.Open != 0 {
		return fmt.Errorf("%w: repair, with nothing due: %s", errDiffers, response)
	}
	fmt.Fprintf(output, "%-40s %s\n", "repair, schedule", bytes.TrimSpace(response))
	return nil
}

// checkDelivered checks that the function wrote one event for each accepted sample.
func checkDelivered(written string, output io.Writer) error {
	events := sample.Events("aws")
	if got := strings.Count(written, `"type":"com.tencent.chat.group.msgextension.set"`); got != len(events) {
		return fmt.Errorf("%w: %d events were delivered of %d accepted", errDiffers, got, len(events))
	}
	fmt.Fprintf(output, "%-40s %d, one for each accepted\n", "events on the function's output", len(events))
	return nil
}
