package awssdk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/awssdk"
	"msgext/internal/awssdk/awschain"
)

// Where the environment says everything, as in a Lambda function, clients get from Variables what
// they get from the SDK's own reading.
func TestVariables_AreWhatTheSDKReads(t *testing.T) {
	role := []string{"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t"}
	for name, environ := range map[string][]string{
		"a function":            {"AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=us-east-1"},
		"another region's name": {"AWS_DEFAULT_REGION=us-east-1"},
		"one endpoint":          {"AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL=http://127.0.0.1:1"},
		"a service's endpoint":  {"AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:2"},
		"both":                  {"AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ENDPOINT_URL_SQS=http://127.0.0.1:3", "AWS_ENDPOINT_URL_EVENTBRIDGE=http://127.0.0.1:4"},
		"FIPS":                  {"AWS_REGION=us-gov-west-1", "AWS_USE_FIPS_ENDPOINT=true"},
		"IPv6":                  {"AWS_REGION=eu-central-1", "AWS_USE_DUALSTACK_ENDPOINT=TRUE"},
	} {
		t.Run(name, func(t *testing.T) {
			unset(t)
			for _, pair := range append(environ, role...) {
				variable, value, _ := strings.Cut(pair, "=")
				t.Setenv(variable, value)
			}
			want, got := options(t, awschain.New()), options(t, awssdk.Variables(os.Getenv))
			assert.Equal(t, want, got)
			assert.NotEmpty(t, got.region)
			assert.Equal(t, [3]string{"AKIAEXAMPLE", "s", "t"}, got.credentials)
		})
	}
}

// Without credentials a call fails, and the start does not.
func TestVariables_WithoutCredentials(t *testing.T) {
	cfg, err := awssdk.Variables(func(string) string { return "" })(t.Context())
	require.NoError(t, err)
	_, err = cfg.Credentials.Retrieve(t.Context())
	assert.ErrorAs(t, err, new(*credentials.StaticCredentialsEmptyError))
}

// unset removes every variable of AWS's, and the files that the SDK would read.
func unset(t *testing.T) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // so that it is restored
			require.NoError(t, os.Unsetenv(name))
		}
	}
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, filepath.Join(t.TempDir(), "none"))
	}
}

// used is what the clients use of a configuration.
type used struct {
	region      string
	credentials [3]string
	dynamodb    dynamodb.EndpointResolverOptions
	sqs         sqs.EndpointResolverOptions
	eventbridge eventbridge.EndpointResolverOptions
	urls        [3]*string // of DynamoDB, SQS and EventBridge
}

func options(t *testing.T, load awssdk.Load) used {
	cfg, err := load(t.Context())
	require.NoError(t, err)
	found, err := cfg.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	d, s, e := dynamodb.NewFromConfig(cfg).Options(), sqs.NewFromConfig(cfg).Options(), eventbridge.NewFromConfig(cfg).Options()
	return used{
		d.Region, [3]string{found.AccessKeyID, found.SecretAccessKey, found.SessionToken},
		d.EndpointOptions, s.EndpointOptions, e.EndpointOptions, [3]*string{d.BaseEndpoint, s.BaseEndpoint, e.BaseEndpoint},
	}
}
