package driver

import (
	"maps"
	"slices"
)

// ProgramsWith names the programs that have a driver.
var ProgramsWith = programsWith

// Schemes are all that the table knows.
func Schemes() []string { return slices.Sorted(maps.Keys(programs())) }
