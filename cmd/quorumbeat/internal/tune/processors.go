package tune

import (
	"os"
	"runtime"
)

// Processors gives Go one processor more than the machine has. While a batch is
// written to the log, Go counts the thread that waits for the disk as a busy
// processor, and on a small machine that is half of them. An operator's GOMAXPROCS
// counts for more.
func Processors() {
	if os.Getenv("GOMAXPROCS") == "" {
		if n := processors(runtime.GOMAXPROCS(0), runtime.NumCPU()); n > 0 {
			runtime.GOMAXPROCS(n)
		}
	}
}

// processors returns how many Go should have, 0 for as many as it has. Where a
// container is allowed less than the machine has, one more would only use up the
// allowance sooner, and the kernel would stop all of them for the rest of the period.
func processors(has, machine int) int {
	if has < machine {
		return 0
	}
	return machine + 1
}
