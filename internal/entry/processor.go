package entry

import (
	"os"
	"runtime"
)

// OneProcessor makes a cloud function run on one processor, unless GOMAXPROCS says otherwise. The
// platform gives a function one request at a time and a fraction of a processor, but shows it two.
// Waking the second one for every goroutine and every connection took a fourth of the CPU time that
// the function pays for.
func OneProcessor() {
	if _, set := os.LookupEnv("GOMAXPROCS"); !set {
		runtime.GOMAXPROCS(1)
	}
}

// Function begins a function that answers requests: Version, then OneProcessor.
func Function() {
	Version()
	OneProcessor()
}
