package pkg_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dependencies returns every package that a package links.
func dependencies(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.Fields(string(out))
}

// Imports point one way (docs/design.md, section 3). Each package is followed by the packages of
// ours it may link, by name; what is not named it must not.
func TestImports_PointOneWay(t *testing.T) {
	mayLink := map[string][]string{
		"msgext/pkg/secret":            {},
		"msgext/pkg/msgext":            {},
		"msgext/pkg/metric":            {},
		"msgext/pkg/gateway":           {},
		"msgext/pkg/gateway/awsgw":     {"msgext/pkg/gateway"},
		"msgext/pkg/gateway/scfgw":     {"msgext/pkg/gateway"},
		"msgext/pkg/webhook":           {"msgext/pkg/secret"},
		"msgext/internal/config":       {"msgext/pkg/secret"},
		"msgext/pkg/cloudevent":        {"msgext/pkg/msgext"},
		"msgext/pkg/relay":             {"msgext/pkg/secret"},
		"msgext/pkg/state":             {"msgext/pkg/msgext"},
		"msgext/pkg/sink":              {"msgext/pkg/msgext", "msgext/pkg/cloudevent"},
		"msgext/pkg/chatapi":           {"msgext/pkg/msgext", "msgext/pkg/secret"},
		"msgext/pkg/chatsim":           {"msgext/pkg/msgext", "msgext/pkg/secret", "msgext/pkg/webhook"},
		"msgext/pkg/state/memstate":    {"msgext/pkg/msgext", "msgext/pkg/state"},
		"msgext/pkg/state/sqlitestate": {"msgext/pkg/msgext", "msgext/pkg/state", "msgext/internal/sqlstate"},
		"msgext/pkg/state/pgstate":     {"msgext/pkg/msgext", "msgext/pkg/state", "msgext/internal/sqlstate", "msgext/pkg/secret"},
		"msgext/pkg/state/dynamostate": {"msgext/pkg/msgext", "msgext/pkg/state"},
		"msgext/pkg/state/redisstate":  {"msgext/pkg/msgext", "msgext/pkg/state", "msgext/pkg/secret"},
		"msgext/pkg/sink/stdoutsink":   {"msgext/pkg/msgext", "msgext/pkg/cloudevent", "msgext/pkg/sink"},
		"msgext/pkg/sink/httpsink":     {"msgext/pkg/msgext", "msgext/pkg/cloudevent", "msgext/pkg/sink", "msgext/pkg/secret"},
		"msgext/pkg/reader":            {"msgext/pkg/msgext", "msgext/pkg/state", "msgext/pkg/secret", "msgext/pkg/webhook"},
		"msgext/functions/local/internal/console": {"msgext/pkg/msgext", "msgext/pkg/cloudevent", "msgext/pkg/sink", "msgext/pkg/state",
			"msgext/pkg/metric", "msgext/pkg/secret", "msgext/pkg/webhook", "msgext/pkg/receiver"},
		"msgext/pkg/receiver": {"msgext/pkg/msgext", "msgext/pkg/cloudevent", "msgext/pkg/sink", "msgext/pkg/state",
			"msgext/pkg/metric", "msgext/pkg/secret", "msgext/pkg/webhook"},
	}
	shared := []string{"msgext/internal/jsonwalk", "msgext/internal/loopback", "msgext/internal/outbound"} // rules that have no home above
	for path, allowed := range mayLink {
		for _, dependency := range dependencies(t, path) {
			if dependency == path || !strings.HasPrefix(dependency, "msgext/") || slices.Contains(shared, dependency) {
				continue
			}
			assert.True(t, slices.Contains(allowed, dependency), "%s must not link %s", path, dependency)
		}
	}
}

// What a binary links decides what it can hold and what it costs to start.
func TestImports_OfTheFunctions(t *testing.T) {
	const (
		dynamo, redis, postgres, sqlite = "msgext/pkg/state/dynamostate", "msgext/pkg/state/redisstate", "msgext/pkg/state/pgstate", "msgext/pkg/state/sqlitestate"
		aws                             = "github.com/aws/aws-sdk-go-v2"
		chat, admin                     = "msgext/pkg/chatapi", "github.com/tencentyun/tls-sig-api-v2-golang"
		console, sim                    = "msgext/functions/local/internal/console", "msgext/pkg/chatsim"
		testing                         = "testing"
	)
	tests := []struct {
		path          string
		links, avoids []string
	}{
		{"msgext/functions/aws/webhook", []string{dynamo, redis}, []string{postgres, sqlite, chat, admin, console, sim, testing}},
		{"msgext/functions/scf/webhook", []string{redis, postgres}, []string{dynamo, sqlite, aws, chat, admin, console, sim, testing}},
		{"msgext/functions/aws/repair", []string{dynamo, redis, chat}, []string{postgres, sqlite, console, sim, testing}},
		{"msgext/functions/scf/repair", []string{redis, postgres, chat}, []string{dynamo, sqlite, aws, console, sim, testing}},
		{"msgext/functions/local", []string{dynamo, redis, postgres, sqlite, chat, console, sim}, []string{testing}},
	}
	for _, test := range tests {
		linked := dependencies(t, test.path)
		for _, path := range test.links {
			assert.True(t, hasPrefix(linked, path), "%s must link %s", test.path, path)
		}
		for _, path := range test.avoids {
			assert.False(t, hasPrefix(linked, path), "%s must not link %s", test.path, path)
		}
	}
}

// hasPrefix reports whether path, or a package below it, is among paths.
func hasPrefix(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return p == path || strings.HasPrefix(p, path+"/") })
}

// Cloud SDKs and database drivers stand only in the leaf that needs them.
func TestImports_VendorsStandInTheirLeaves(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "msgext/...").CombinedOutput()
	require.NoError(t, err, "%s", out)
	leaves := map[string][]string{
		"github.com/aws/aws-sdk-go-v2":                {"msgext/functions/internal/awswire", "msgext/pkg/state/dynamostate", "msgext/pkg/sink/sqssink", "msgext/pkg/sink/eventbridgesink", "msgext/pkg/sink/internal/"},
		"github.com/redis/go-redis":                   {"msgext/pkg/state/redisstate"},
		"github.com/jackc/pgx":                        {"msgext/pkg/state/pgstate", "msgext/scripts/schema"},
		"modernc.org/sqlite":                          {"msgext/pkg/state/sqlitestate"},
		"github.com/twmb/franz-go":                    {"msgext/pkg/sink/kafkasink"},
		"github.com/cloudevents/sdk-go":               {"msgext/pkg/cloudevent"},
		"github.com/tencentyun/tls-sig-api-v2-golang": {"msgext/pkg/chatapi"},
		"github.com/tencentyun/scf-go-lib":            {"msgext/functions/scf/", "msgext/pkg/gateway/scfgw", "msgext/internal/scfrpc"},
		"github.com/aws/aws-lambda-go/lambda":         {"msgext/functions/aws/"},
		"github.com/stretchr/testify":                 {"msgext/internal/", "msgext/pkg/state/statetest", "msgext/pkg/sink/sinktest", "msgext/pkg/msgext/msgexttest"},
		"github.com/Shopify/toxiproxy":                {"msgext/pkg/sink/sinktest"},
		"github.com/santhosh-tekuri/jsonschema":       {},
		"github.com/getkin/kin-openapi":               {},
		"github.com/standard-webhooks":                {},
		"github.com/aws/aws-lambda-go/lambdacontext":  {"msgext/pkg/gateway/awsgw", "msgext/functions/aws/"},
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		path, imports, _ := strings.Cut(line, " ")
		for vendor, homes := range leaves {
			if !hasPrefix(strings.Fields(imports), vendor) {
				continue
			}
			assert.True(t, slices.ContainsFunc(homes, func(home string) bool { return strings.HasPrefix(path, home) }),
				"%s imports %s, which belongs into %v", path, vendor, homes)
		}
	}
}
