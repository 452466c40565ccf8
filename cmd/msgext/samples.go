package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"msgext/internal/sample"
	"msgext/internal/spelling"
)

// defaultSample is a set of two key-values on message 10 of group "test".
const defaultSample = "sample-group-set"

// errNoSample is the error for the name of a sample that does not exist.
var errNoSample = fmt.Errorf("%w: no such sample", errUsage)

// sampleNames returns the names of all samples.
func sampleNames() []string {
	var names []string
	for _, vector := range sample.Vectors() {
		names = append(names, vector.Name)
	}
	return names
}

// completeSample completes the name of a sample where it is the argument at that place.
func completeSample(at int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) != at {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var completions []cobra.Completion
		for _, vector := range sample.Vectors() {
			completions = append(completions, cobra.CompletionWithDesc(vector.Name, vector.Comment))
		}
		return completions, cobra.ShellCompDirectiveNoFileComp
	}
}

// vectorNamed returns the sample with that name.
func vectorNamed(name string) (sample.Vector, error) {
	for _, vector := range sample.Vectors() {
		if vector.Name == name {
			return vector, nil
		}
	}
	names := sampleNames()
	if meant := spelling.Nearest(name, names); meant != "" {
		return sample.Vector{}, fmt.Errorf("%w: %q; did you mean %s?", errNoSample, name, meant)
	}
	return sample.Vector{}, fmt.Errorf("%w: %q; there are %s", errNoSample, name, strings.Join(names, ", "))
}

// chosen returns the sample that the arguments name, or a sample with a body from standard input.
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
