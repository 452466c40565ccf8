// Package allstores lists every state store.
package allstores

import (
	"slices"

	"msgext/internal/awssdk"
	"msgext/internal/driver/awsstores"
	"msgext/internal/driver/localstores"
	"msgext/internal/driver/scfstores"
	"msgext/pkg/state"
)

// List returns their drivers. What several of the lists below have comes more than once, which
// changes nothing.
func List(sdk *awssdk.SDK) []state.Driver {
	return slices.Concat(localstores.List(), awsstores.List(sdk, 0), scfstores.List(0))
}
