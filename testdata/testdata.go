// Package testdata embeds the vectors and events that lie beside it, so that tests and tools have
// them wherever they run.
package testdata

import "embed"

// Files has addresses.json, vectors/*.json and events/{aws,scf}/*.json.
//
//go:embed addresses.json vectors/*.json events/aws/*.json events/scf/*.json
var Files embed.FS
