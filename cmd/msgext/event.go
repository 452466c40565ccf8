package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msgext/internal/sample"
	"msgext/internal/spelling"
	"msgext/pkg/secret"
)

// The events of the repair functions' schedules.
const (
	schedule = `{"version":"0","id":"53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa","detail-type":"Scheduled Event","source":"aws.events",` +
		`"account":"123456789012","time":"2026-11-24T00:00:00Z","region":"eu-central-1","resources":[],"detail":{}}`
	timer = `{"Type":"Timer","TriggerName":"every-minute","Time":"2026-11-24T00:00:00Z","Message":""}`
)

func eventVerb(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "event NAME [SAMPLE | -]",
		Short: "Print a gateway's event with a freshly signed webhook in it",
		Long: `Prints the event that a gateway makes of a webhook. The webhook is signed now with MSGEXT_TOKEN for
MSGEXT_SDK_APP_ID, or with the published example's where neither is set, and sent to MSGEXT_PATH.
SAMPLE is a file of testdata/vectors without .json; - reads your own body from standard input.
Anybody who has the event can send it again until MSGEXT_MAX_SKEW is over. Names:
  ` + strings.Join(eventNames(), "\n  "),
		Example: `  msgext event aws/http-v2 | sam local invoke Webhook -e -
  msgext event aws/http-v2 other-after |
    sam remote invoke Webhook --stack-name msgext --event-file -
  msgext event aws/schedule | sam remote invoke Repair --stack-name msgext --event-file -`,
		Args: cobra.RangeArgs(1, 2),
		ValidArgsFunction: func(command *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return eventNames(), cobra.ShellCompDirectiveNoFileComp
			}
			return completeSample(1)(command, args, word)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			event, err := eventNamed(args[0], args[1:], c, time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.stdout, strings.TrimSpace(string(event)))
			return err
		},
	}
}

// scheduled returns the events that are not requests.
func scheduled() map[string]string {
	return map[string]string{"aws/schedule": schedule, "scf/timer": timer}
}

// requestEvents returns a request as an event of every gateway, by name.
func requestEvents(r sample.Request) map[string][]byte {
	events := make(map[string][]byte)
	for _, e := range sample.AWSEvents(r) {
		events["aws/"+strings.ReplaceAll(e.Shape, " ", "-")] = e.Payload
	}
	for _, e := range sample.SCFEvents(r) {
		events["scf/"+strings.ReplaceAll(e.Shape, " ", "-")] = e.Payload
	}
	return events
}

func eventNames() []string {
	var names []string
	for name := range requestEvents(sample.Request{}) {
		names = append(names, name)
	}
	for name := range scheduled() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// eventNamed returns the event with the given name. The other arguments name its sample. The event
// is signed at the given moment.
func eventNamed(name string, args []string, c console, now time.Time) ([]byte, error) {
	if event, found := scheduled()[name]; found {
		if len(args) > 0 {
			return nil, fmt.Errorf("%w: %s has no sample in it", errUsage, name)
		}
		return []byte(event), nil
	}
	names := eventNames()
	if !slices.Contains(names, name) {
		if meant := spelling.Nearest(name, names); meant != "" {
			return nil, fmt.Errorf("%w: no such event: %q; did you mean %s?", errUsage, name, meant)
		}
		return nil, fmt.Errorf("%w: no such event: %q; there are %s", errUsage, name, strings.Join(names, ", "))
	}
	cfg, err := c.signing()
	if err != nil {
		return nil, err
	}
	app, token := cfg.SDKAppID, secret.String("")
	switch {
	case len(cfg.Tokens) > 0 && app != "":
		token = cfg.Tokens[0]
	case len(cfg.Tokens) > 0 || app != "":
		return nil, fmt.Errorf("%w: set both MSGEXT_SDK_APP_ID and MSGEXT_TOKEN, or neither", errUsage)
	default:
		app, token = sample.VectorsSDKAppID, sample.PublishedToken
		madeUp(c.stderr, app, token)
	}
	vector, err := chosen(args, c.stdin)
	if err != nil {
		return nil, err
	}
	event, found := requestEvents(sample.Request{
		Method: vector.Request.Method, Path: max(cfg.Path, vector.Request.Path), RawQuery: vector.Query(app, token, now), Body: vector.Request.Body,
	})[name]
	if !found {
		return nil, fmt.Errorf("%w: this gateway passes no such query on", errUsage)
	}
	return event, nil
}

// madeUp tells which app and token were used where the variables set none.
func madeUp(w io.Writer, app string, published secret.String) {
	fmt.Fprintf(w, "MSGEXT_SDK_APP_ID=%s and MSGEXT_TOKEN=%s are the published example's\n", app, published.Reveal())
}
