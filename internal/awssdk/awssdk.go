// Package awssdk says from where a program takes the configuration of AWS's SDK, and by which HTTP
// client it calls AWS.
package awssdk

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Load returns the configuration, for all drivers of a program that need it.
type Load = func(context.Context) (aws.Config, error)

// Variables returns a Load that reads variables alone, as Lambda sets them for every function:
// region and credentials (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, read
// 2026-11). Endpoints are read as well
// (docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html). A function needs no other
// source, and the clients that package awschain links would take an eighth of its cold start.
func Variables(getenv func(name string) string) Load {
	return func(context.Context) (aws.Config, error) {
		cfg := aws.Config{
			Region:        cmp.Or(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")),
			Credentials:   credentials.NewStaticCredentialsProvider(getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")),
			ConfigSources: []any{endpoints(getenv)},
		}
		if url := getenv("AWS_ENDPOINT_URL"); url != "" {
			cfg.BaseEndpoint = &url
		}
		return cfg, nil
	}
}

// endpoints has the methods by which the SDK's clients ask for what concerns their endpoints.
type endpoints func(name string) string

func (e endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (url string, found bool, err error) {
	url = e("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return url, url != "", nil
}

func (e endpoints) GetUseFIPSEndpoint(context.Context) (value aws.FIPSEndpointState, found bool, err error) {
	if strings.EqualFold(e("AWS_USE_FIPS_ENDPOINT"), "true") {
		return aws.FIPSEndpointStateEnabled, true, nil
	}
	return aws.FIPSEndpointStateUnset, false, nil
}

func (e endpoints) GetUseDualStackEndpoint(context.Context) (value aws.DualStackEndpointState, found bool, err error) {
	if strings.EqualFold(e("AWS_USE_DUALSTACK_ENDPOINT"), "true") {
		return aws.DualStackEndpointStateEnabled, true, nil
	}
	return aws.DualStackEndpointStateUnset, false, nil
}
