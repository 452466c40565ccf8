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

// List returns their drivers. A driver that stands in several of the lists below comes more than
// once, which does no harm.
func List(load awssdk.Load) []state.Driver {
	return slices.Concat(localstores.List(), awsstores.List(load, 0), scfstores.List(0))
}
