package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"msgext/internal/outbound"
	"msgext/internal/sample"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
)

const (
	defaultSample = "sample-group-set"
	sendTimeout   = 15 * time.Second // longer than a function that holds its reply
	maxReplyBytes = 64 << 10
)

// send signs one sample as Chat would, sends it to a URL and explains the answer.
func send(ctx context.Context, args []string, c console) error {
	if len(args) < 1 || len(args) > 2 {
		return errUsage
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if cfg.SDKAppID == "" || len(cfg.Tokens) == 0 {
		return fmt.Errorf("%w\nset MSGEXT_SDK_APP_ID and MSGEXT_TOKEN to the app's, as the function has them", errUsage)
	}
	appID, token := cfg.SDKAppID, cfg.Tokens[0]
	vector, err := chosen(args[1:], c.stdin)
	if err != nil {
		return err
	}
	target, err := url.Parse(args[0])
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return fmt.Errorf("%w\nURL must be https://… or http://…", errUsage)
	}
	fmt.Fprintf(c.stdout, "%s: %s\n%s %s://%s%s, signed for SDKAppID %s\n", vector.Name, vector.Comment, vector.Request.Method, target.Scheme, target.Host, target.EscapedPath(), appID)

	got, err := exchange(ctx, sendTimeout, target, vector, appID, token)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "%d after %d ms: %s\n\n", got.status, got.took.Milliseconds(), got.shown())
	for _, line := range got.explain() {
		fmt.Fprintln(c.stdout, line)
	}
	for _, fault := range consoleFaults(args[0]) {
		fmt.Fprintf(c.stdout, "%s: %s.\n", notTaken, fault)
	}
	if got.backend {
		fmt.Fprintln(c.stdout, "What it should be only the backend knows.")
		return nil
	}
	if err := (expected{vector.Want.Status, vector.Want.Reply}).check(got.status, got.body); err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, "It is the answer that this sample should get.")
	return nil
}

// chosen returns the sample that the arguments name, or one made of a body read from standard input.
func chosen(args []string, stdin io.Reader) (sample.Vector, error) {
	switch {
	case len(args) == 0:
		return vectorNamed(defaultSample)
	case args[0] != "-":
		return vectorNamed(args[0])
	}
	body, err := io.ReadAll(stdin)
	if err != nil {
		return sample.Vector{}, err
	}
	var envelope struct{ CallbackCommand string }
	if err := json.Unmarshal(body, &envelope); err != nil || envelope.CallbackCommand == "" {
		return sample.Vector{}, errors.New("standard input is not a JSON object with a CallbackCommand")
	}
	vector := sample.Vector{Name: "standard input", Comment: envelope.CallbackCommand}
	vector.Request.Method, vector.Request.Body = http.MethodPost, string(body)
	vector.Request.Query = "SdkAppid=" + sample.VectorsSDKAppID + "&CallbackCommand=" + url.QueryEscape(envelope.CallbackCommand) +
		"&contenttype=json&ClientIP=203.0.113.7&OptPlatform=RESTAPI&Sign={SIGN}&RequestTime={TIME}"
	vector.Want.Status, vector.Want.Reply = http.StatusOK, json.RawMessage(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)
	return vector, nil
}

// exchange makes the one request. Its errors leave the URL out, which carries the Sign.
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
