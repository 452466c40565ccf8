// Package version says which build a program is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// number is the version that a build sets:
//
//	go build -ldflags "-X $(go list -m)/internal/version.number=1.2.3"
var number string

// Text returns the version, the Go release and the platform, on one line. Without number the
// version is what the go command has recorded of the module or the checkout, and "unknown" where it
// has recorded nothing.
func Text() string {
	return fmt.Sprintf("msgext %s %s %s/%s", name(number, debug.ReadBuildInfo), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func name(number string, read func() (*debug.BuildInfo, bool)) string {
	if number != "" {
		return number
	}
	info, ok := read()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "unknown"
	}
	return info.Main.Version
}
