package wrap

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"os"
	"syscall"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
)

// numbers are what a run tells in figures: those of the command line, and those that the job
// itself writes into a file of ours.
type numbers struct {
	say   func(string, ...any)
	given flags.Numbers
	file  *os.File // nil: it could not be made
}

// maxNumbers is how much of the file is read, in bytes.
const maxNumbers = 16 << 10

// folders are where the file may be: where temporary ones are, or in memory, for containers whose
// file system cannot be written to.
func folders() []string { return []string{os.TempDir(), "/dev/shm"} }

// newNumbers makes the file. Where that fails the job cannot tell numbers; it comes first.
func newNumbers(given flags.Numbers, say func(string, ...any)) *numbers {
	n := &numbers{say: say, given: given}
	var why error
	for _, dir := range folders() {
		file, err := os.CreateTemp(dir, "quorumbeat-metrics-")
		if err == nil {
			n.file = file
			return n
		}
		why = cmp.Or(why, err)
	}
	say("the job can tell no numbers in $%s: %v", settings.MetricsVariable, why)
	return n
}

// environ is the environment of the job.
func (n *numbers) environ() []string {
	name := os.DevNull
	if n.file != nil {
		name = n.file.Name()
	}
	return append(settings.WithoutSecrets(os.Environ()), settings.MetricsVariable+"="+name)
}

// take returns the numbers, and removes the file.
func (n *numbers) take() map[string]float64 {
	if n.file == nil {
		return n.given
	}
	defer os.Remove(n.file.Name())
	defer n.file.Close()
	all := maps.Clone(n.given)
	// The job may have put another in its place, and a pipe must not make anybody wait.
	if f, err := os.OpenFile(n.file.Name(), os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		defer f.Close()
		text, _ := io.ReadAll(io.LimitReader(f, maxNumbers))
		if len(text) == maxNumbers { // without the line that is cut
			text = text[:bytes.LastIndexByte(text, '\n')+1]
		}
		if err := all.SetLines(string(text)); err != nil {
			n.say("numbers of the job are left out: %v", err)
		}
	}
	return all
}
