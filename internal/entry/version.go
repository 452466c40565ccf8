package entry

import (
	"fmt"
	"os"

	"msgext/internal/version"
)

// Version prints the version and ends the process, where the command line asks for nothing but
// that.
func Version() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(version.Text())
		os.Exit(0)
	}
}
