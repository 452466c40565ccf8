package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msgext/internal/outbound"
	"msgext/internal/sample"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
)

const (
	sendTimeout   = 15 * time.Second // longer than a function that delays its reply
	maxReplyBytes = 64 << 10
)

func sendVerb(c console) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "send URL [SAMPLE | -]",
		Short: "Sign a sample as Chat would, send it to a URL, and explain the answer",
		Long: `Signs a sample as Chat would, sends it to a URL, and explains the answer. SAMPLE is a file of
testdata/vectors without .json; - reads a body of your own from standard input. MSGEXT_SDK_APP_ID
and MSGEXT_TOKEN are the app's. Exit status 1 says that the answer is not the one that the sample
should get.`,
		Example: `  export MSGEXT_SDK_APP_ID=1400000000 MSGEXT_TOKEN=…
  msgext send https://example.com/chat               sets two keys on message 10 of group "test"
  msgext send https://example.com/chat other-after   another command: proves the token, no change
  msgext send https://example.com/chat - <body.json`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: completeSample(1),
		RunE: func(command *cobra.Command, args []string) error {
			return send(command.Context(), args[0], args[1:], asJSON, c)
		},
	}
	jsonFlag(command, &asJSON)
	return command
}

// send signs one sample as Chat would, sends it to a URL and explains the answer.
func send(ctx context.Context, address string, args []string, asJSON bool, c console) error {
	cfg, err := c.signing()
	if err != nil {
		return err
	}
	if cfg.SDKAppID == "" || len(cfg.Tokens) == 0 {
		return fmt.Errorf("%w: set MSGEXT_SDK_APP_ID and MSGEXT_TOKEN to the app's, as the function has them", errUsage)
	}
	vector, err := chosen(args, c.stdin)
	if err != nil {
		return err
	}
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return fmt.Errorf("%w: URL must be https://… or http://…", errUsage)
	}
	got, err := exchange(ctx, sendTimeout, target, vector, cfg.SDKAppID, cfg.Tokens[0])
	if err != nil {
		return err
	}
	var differs error
	if !got.backend {
		differs = expected{vector.Want.Status, vector.Want.Reply}.check(got.status, got.body)
	}
	explained := got.explain()
	for _, fault := range consoleFaults(address) {
		explained = append(explained, fmt.Sprintf("%s: %s.", notTaken, fault))
	}
	if asJSON {
		return errors.Join(differs, c.printJSON(sent{vector.Name, got.status, got.took.Milliseconds(), got.backend, differs == nil && !got.backend, explained, got.shown()}))
	}
	fmt.Fprintf(c.stdout, "%s: %s\n%s %s://%s%s, signed for SDKAppID %s\n", vector.Name, vector.Comment, vector.Request.Method, target.Scheme, target.Host, target.EscapedPath(), cfg.SDKAppID)
	fmt.Fprintf(c.stdout, "%d after %d ms: %s\n\n%s\n", got.status, got.took.Milliseconds(), got.shown(), strings.Join(explained, "\n"))
	switch {
	case got.backend:
		fmt.Fprintln(c.stdout, "What it should be only the backend knows.")
	case differs == nil:
		fmt.Fprintln(c.stdout, "It is the answer that this sample should get.")
	}
	return differs
}

// sent is send's output for programs.
type sent struct {
	Sample    string   `json:"sample"`
	Status    int      `json:"status"`
	TookMS    int64    `json:"took_ms"`
	Backend   bool     `json:"backend"`  // the app's own backend answered
	Expected  bool     `json:"expected"` // the answer is the one that the sample should get
	Explained []string `json:"explained"`
	Answer    string   `json:"answer"`
}

// exchange makes the request. Its errors do not contain the URL, which carries the Sign.
func exchange(ctx context.Context, timeout time.Duration, target *url.URL, vector sample.Vector, appID string, token secret.String) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	full := *target
	full.RawQuery = strings.TrimPrefix(target.RawQuery+"&"+vector.Query(appID, token, began), "&")
	request, err := http.NewRequestWithContext(ctx, vector.Request.Method, full.String(), strings.NewReader(vector.Request.Body))
	if err != nil {
		return answer{}, outbound.WithoutURL(err)
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("no answer: %w", outbound.WithoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReplyBytes))
	if err != nil {
		return answer{}, fmt.Errorf("the answer broke off: %w", outbound.WithoutURL(err))
	}
	took := time.Since(began)
	got := answer{status: response.StatusCode, body: body, took: took, backend: response.Header.Get(relay.AnsweredHeader) != ""}
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		got.ahead = began.Add(took / 2).Sub(date)
	}
	return got, nil
}
