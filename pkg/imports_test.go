package pkg_test

import (
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goList runs `go list` at the root, for the build without tests, and returns its lines. It also
// looks at every folder itself, because `go test` reuses a cached result unless something that the
// test has opened has changed.
func goList(t *testing.T, arguments ...string) []string {
	t.Helper()
	require.NoError(t, filepath.WalkDir("..", func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." {
			return fs.SkipDir
		}
		return err
	}))
	command := exec.Command("go", append([]string{"list"}, arguments...)...)
	command.Dir = ".."
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// code is a package with its direct imports and everything it links. Our own packages are named
// without the module's path.
type code struct {
	path           string
	imports, links []string
}

// packages returns the module's packages that have code besides tests.
func packages(t *testing.T) []code {
	t.Helper()
	module := goList(t, "-m")[0] + "/"
	var all []code
	for _, line := range goList(t, "-f", `{{if .GoFiles}}{{.ImportPath}}|{{join .Imports " "}}|{{join .Deps " "}}{{end}}`, "./...") {
		if line == "" {
			continue
		}
		fields := strings.Split(line, "|")
		path := strings.TrimPrefix(fields[0], module)
		all = append(all, code{path, named(module, fields[1]), named(module, fields[2])})
	}
	return all
}

// named splits a list of packages, and replaces the module's path by ./.
func named(module, list string) []string {
	paths := strings.Fields(list)
	for i, path := range paths {
		if ours, found := strings.CutPrefix(path, module); found {
			paths[i] = "./" + ours
		}
	}
	return paths
}

// mayLink says which of our packages a package may link (docs/architecture.md). Imports point in
// one direction only. Every package may link those in `shared`.
var mayLink = map[string]string{
	"internal/guard":     "",
	"internal/jsonquote": "",
	"internal/jsonwalk":  "",
	"internal/logsample": "",
	"internal/loopback":  "",
	"internal/outbound":  "",
	"internal/port":      "",
	"internal/version":   "",
	"internal/spelling":  "",
	"internal/location":  "pkg/secret",
	"internal/config":    "pkg/secret pkg/relay internal/spelling",
	"internal/sqlstate":  "pkg/msgext pkg/state pkg/secret",
	"internal/sample":    "pkg/secret pkg/webhook testdata",
	"internal/scfrpc":    "internal/port",
	"internal/backfill":  "pkg/msgext pkg/chatapi pkg/secret",
	"pkg/secret":         "",
	"pkg/msgext":         "",
	"internal/metric":    "",
	"pkg/gateway":        "",
	"pkg/gateway/awsgw":  "pkg/gateway",
	"pkg/gateway/scfgw":  "pkg/gateway",
	"pkg/webhook":        "pkg/secret",
	"pkg/cloudevent":     "pkg/msgext",
	"pkg/consumer":       "pkg/msgext pkg/cloudevent",
	"pkg/chatapi":        "pkg/msgext pkg/secret",
	"pkg/chatsim":        "pkg/msgext pkg/secret pkg/webhook",
	"pkg/receiver":       "pkg/msgext pkg/cloudevent pkg/sink pkg/state pkg/secret pkg/webhook internal/metric pkg/relay",
	"pkg/reader":         "pkg/msgext pkg/state pkg/secret pkg/webhook",
	"pkg/relay":          "pkg/secret",
	"pkg/repair":         "pkg/msgext pkg/cloudevent pkg/sink pkg/state pkg/secret pkg/chatapi internal/metric",

	"pkg/state":   "pkg/msgext pkg/secret",
	dynamo:        "pkg/msgext pkg/state pkg/state/internal/lanes pkg/secret internal/awssdk",
	redis:         "pkg/msgext pkg/state pkg/state/internal/lanes pkg/secret",
	"pkg/state/*": "pkg/msgext pkg/state internal/sqlstate pkg/secret", // every other store

	"pkg/state/internal/lanes": "",

	"pkg/sink":                  "pkg/msgext pkg/cloudevent",
	"pkg/sink/internal/awscall": "pkg/msgext pkg/cloudevent pkg/sink internal/awssdk",
	"pkg/sink/stdoutsink":       "pkg/msgext pkg/cloudevent pkg/sink",
	"pkg/sink/httpsink":         "pkg/msgext pkg/cloudevent pkg/sink pkg/secret",
	"pkg/sink/kafkasink":        "pkg/msgext pkg/cloudevent pkg/sink pkg/secret",
	"pkg/sink/sqssink":          "pkg/msgext pkg/cloudevent pkg/sink pkg/sink/internal/awscall internal/awssdk",
	"pkg/sink/eventbridgesink":  "pkg/msgext pkg/cloudevent pkg/sink pkg/sink/internal/awscall internal/awssdk",

	"functions/scf/internal/start":     "",
	"functions/internal/logqueue":      "",
	"functions/local/internal/console": "pkg/msgext pkg/cloudevent pkg/sink pkg/state pkg/secret pkg/webhook internal/metric pkg/receiver pkg/reader pkg/relay",
	"examples/consumer-go":             "pkg/msgext pkg/cloudevent pkg/consumer",
	"examples/consumer-sql":            "",
	"functions/server/internal/admin":  "internal/metric",
	"scripts/freeport":                 "",
	"scripts/zip":                      "",
}

// Packages that all others may use.
var shared = []string{"internal/guard", "internal/jsonquote", "internal/jsonwalk", "internal/location", "internal/logsample", "internal/loopback", "internal/outbound"}

// forTests are the packages that only tests import. No program may link one.
var forTests = []string{
	"internal/browsertest", "internal/consumertest", "internal/outbound/outboundtest", "internal/peertest", "internal/processtest", "internal/relaytest", "internal/sqlstate/sqlstatetest",
	"internal/vectortest", "pkg/msgext/msgexttest", "pkg/reader/readertest", "pkg/sink/sinktest", "pkg/state/dynamostate/dynamotest", "pkg/state/statetest",
}

const (
	dynamo, redis, postgres, sqlite = "pkg/state/dynamostate", "pkg/state/redisstate", "pkg/state/pgstate", "pkg/state/sqlitestate"
	aws                             = "github.com/aws/aws-sdk-go-v2"
	awsChain                        = "github.com/aws/aws-sdk-go-v2/config" // links the clients of SSO, STS and others
	chat, admin                     = "pkg/chatapi", "github.com/tencentyun/tls-sig-api-v2-golang"
	kafka                           = "pkg/sink/kafkasink"
	console, sim                    = "functions/local/internal/console", "pkg/chatsim"
)

// notForReading are the packages that a program that only reads must not link: it must not send,
// receive, or be able to hold a key.
var notForReading = []string{"pkg/sink", "pkg/cloudevent", "pkg/receiver", "pkg/repair", chat, admin, kafka, console, sim}

// byName find methods by their names when they run. A program that links one keeps every exported
// method of every type, used or not. Lambda's client links one, too, but not as it is built for
// deployment (scripts/goflags).
var byName = []string{"net/rpc", "text/template", "html/template"}

// programs are the main packages and the packages that assemble them. What they link decides which
// secrets they can hold and what they cost to start.
var programs = map[string]struct{ links, avoids []string }{
	"internal/driver":             {avoids: []string{dynamo, redis, postgres, sqlite, kafka, aws, chat, admin, console, sim}},
	"internal/driver/stores":      {avoids: append([]string{dynamo, redis, postgres, sqlite}, notForReading...)},
	"internal/entry":              {avoids: []string{"pkg"}},
	"functions/internal/readwire": {avoids: append([]string{dynamo, redis, postgres, sqlite, aws}, notForReading...)},
	"functions/aws/read":          {[]string{dynamo, redis, postgres}, append([]string{sqlite, awsChain}, notForReading...)},
	"functions/scf/read":          {[]string{redis, postgres}, slices.Concat([]string{sqlite, dynamo, aws}, notForReading, byName)},
	"internal/driver/basestores":  {[]string{redis}, []string{dynamo, postgres, sqlite, "pkg/sink"}},
	"internal/driver/localstores": {[]string{sqlite}, []string{dynamo, redis, postgres, "pkg/sink"}},
	"internal/driver/awsstores":   {[]string{dynamo, postgres}, []string{sqlite, "pkg/sink"}},
	"internal/driver/sqlstores":   {[]string{postgres}, []string{sqlite, dynamo, redis, aws, "pkg/sink"}},
	"internal/driver/scfstores":   {[]string{postgres}, []string{sqlite, dynamo, aws, "pkg/sink"}},
	"internal/driver/allstores":   {[]string{dynamo, redis, postgres, sqlite}, []string{"pkg/sink"}},
	"internal/driver/localsinks":  {avoids: []string{dynamo, redis, postgres, sqlite, aws, kafka, chat, admin, console, sim}},
	"internal/driver/basesinks":   {[]string{kafka}, []string{dynamo, redis, postgres, sqlite, aws, chat, admin, console, sim}},
	"internal/driver/awssinks":    {[]string{kafka, aws}, []string{dynamo, redis, postgres, sqlite, chat, admin, console, sim}},
	"functions/internal/wire":     {avoids: []string{dynamo, postgres, sqlite, aws, chat, admin, console, sim}},
	"internal/awssdk":             {avoids: []string{"pkg", awsChain}},
	"internal/awssdk/awschain":    {[]string{awsChain}, []string{"pkg"}},
	"internal/repairwire":         {avoids: []string{dynamo, postgres, sqlite, aws, console, sim}},
	"functions/aws/webhook":       {[]string{dynamo, redis, postgres}, []string{sqlite, awsChain, chat, admin, console, sim}},
	"functions/scf/webhook":       {[]string{redis, postgres}, append([]string{dynamo, sqlite, aws, chat, admin, console, sim}, byName...)},
	"functions/aws/repair":        {[]string{dynamo, redis, postgres, chat}, []string{sqlite, awsChain, console, sim}},
	"functions/scf/repair":        {[]string{redis, postgres, chat}, append([]string{dynamo, sqlite, aws, console, sim}, byName...)},
	"functions/local":             {[]string{sqlite, chat, console, sim}, []string{dynamo, redis, postgres, kafka, aws}},
	"functions/server":            {[]string{dynamo, redis, postgres, sqlite, kafka, aws, chat}, []string{console, sim}},
	"functions/internal/process":  {avoids: []string{dynamo, redis, postgres, sqlite, kafka, aws, console, sim}},
	"cmd/msgext":                  {[]string{dynamo, redis, postgres, sqlite, kafka, aws, chat}, []string{console, "pkg/receiver"}},
}

func TestImports_EveryPackageFollowsItsRule(t *testing.T) {
	unused := make(map[string]bool) // rules for which no package was found yet
	for path := range mayLink {
		unused[path] = true
	}
	for path := range programs {
		unused[path] = true
	}
	for _, path := range forTests {
		unused[path] = true
	}
	for _, code := range packages(t) {
		delete(unused, code.path)
		if slices.Contains(forTests, code.path) {
			continue
		}
		for _, path := range append([]string{"testing"}, forTests...) {
			assert.False(t, links(code, path), "%s must not link %s, which is for tests", code.path, path)
		}
		if program, found := programs[code.path]; found {
			for _, path := range program.links {
				assert.True(t, links(code, path), "%s must link %s", code.path, path)
			}
			for _, path := range program.avoids {
				assert.False(t, links(code, path), "%s must not link %s", code.path, path)
			}
			continue
		}
		allowed, found := mayLink[code.path]
		if !found && path.Dir(code.path) == "pkg/state" {
			allowed, found = mayLink["pkg/state/*"]
			delete(unused, "pkg/state/*")
		}
		if !assert.True(t, found, "%s has no rule: add it to mayLink, programs or forTests", code.path) {
			continue
		}
		for _, linked := range code.links {
			if ours, found := strings.CutPrefix(linked, "./"); found && !slices.Contains(shared, ours) {
				assert.Contains(t, strings.Fields(allowed), ours, "%s must not link %s", code.path, ours)
			}
		}
	}
	assert.Empty(t, unused, "rules without a package")
}

// links reports whether a package links the named one, or one below it.
func links(c code, path string) bool {
	return hasPrefix(c.links, path) || hasPrefix(c.links, "./"+path)
}

func hasPrefix(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return p == path || strings.HasPrefix(p, path+"/") })
}

// leaves says in which packages a vendor's code may be imported. A folder that ends in a slash
// includes everything below it.
var leaves = map[string]string{
	"github.com/aws/aws-sdk-go-v2":                "internal/awssdk internal/awssdk/awschain internal/driver/awssinks pkg/state/dynamostate pkg/state/dynamostate/dynamotest pkg/sink/sqssink pkg/sink/eventbridgesink pkg/sink/internal/awscall",
	"github.com/aws/smithy-go":                    "pkg/state/dynamostate/dynamotest pkg/sink/sqssink pkg/sink/eventbridgesink pkg/sink/internal/awscall",
	"github.com/aws/aws-lambda-go/lambda":         "functions/aws/",
	"github.com/aws/aws-lambda-go/lambdacontext":  "functions/aws/ pkg/gateway/awsgw",
	"github.com/redis/go-redis":                   "pkg/state/redisstate",
	"github.com/jackc/pgx":                        "pkg/state/pgstate examples/consumer-sql",
	"github.com/go-sql-driver/mysql":              "pkg/state/mysqlstate examples/consumer-sql",
	"modernc.org/sqlite":                          "pkg/state/sqlitestate",
	"github.com/twmb/franz-go":                    "pkg/sink/kafkasink",
	"github.com/standard-webhooks":                "examples/",
	"github.com/cloudevents/sdk-go":               strings.Join(forTests, " "),
	"github.com/tencentyun/tls-sig-api-v2-golang": "pkg/chatapi",
	"github.com/tencentyun/scf-go-lib":            "functions/scf/ pkg/gateway/scfgw internal/scfrpc",
	"golang.org/x/time":                           "pkg/chatapi",
	"github.com/spf13/cobra":                      "cmd/msgext",
	"github.com/prometheus/client_golang":         "functions/server/internal/admin",
	"golang.org/x/crypto/x509roots":               "functions/server",
	"github.com/go-json-experiment/json":          "internal/ pkg/",
	"github.com/stretchr/testify":                 strings.Join(forTests, " "),
	"github.com/Shopify/toxiproxy":                "pkg/sink/sinktest",
	"github.com/chromedp/chromedp":                "internal/browsertest",
	"github.com/rs/zerolog":                       "pkg/sink/sinktest",
}

// Cloud SDKs and database drivers may be imported only by the package that needs them.
func TestImports_VendorsStandInTheirLeaves(t *testing.T) {
	for _, code := range packages(t) {
		for _, path := range code.imports {
			host, _, _ := strings.Cut(path, "/")
			if strings.HasPrefix(path, "./") || !strings.Contains(host, ".") {
				continue // ours, or the standard library's
			}
			homes := ""
			for vendor, folders := range leaves {
				if hasPrefix([]string{path}, vendor) {
					homes = folders
				}
			}
			assert.True(t, slices.ContainsFunc(strings.Fields(homes), func(home string) bool {
				return code.path == home || strings.HasSuffix(home, "/") && strings.HasPrefix(code.path, home)
			}), "%s imports %s, which belongs into: %s", code.path, path, homes)
		}
	}
}
