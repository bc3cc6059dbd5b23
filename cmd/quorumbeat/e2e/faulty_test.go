package e2e

import (
	"os"
	"sync"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// faulty is the program built so that it can be told to fail, see
// cmd/quorumbeat/faults_on.go; built when the first test asks for it.
var faulty struct {
	once   sync.Once
	dir    string // removed by run
	binary string
	err    error
}

func faultyBinary(t *testing.T) string {
	t.Helper()
	faulty.once.Do(func() { faulty.binary, faulty.err = localcluster.Build(faulty.dir, racing, "faults") })
	testkit.Must(t, faulty.err)
	return faulty.binary
}

// plain is the program without the race detector, built when the first test asks for it.
var plain struct {
	once   sync.Once
	dir    string // removed by run
	binary string
	err    error
}

func plainBinary(t *testing.T) string {
	t.Helper()
	if !racing || os.Getenv(builtBinary) != "" {
		return binary
	}
	plain.once.Do(func() { plain.binary, plain.err = localcluster.Build(plain.dir, false) })
	testkit.Must(t, plain.err)
	return plain.binary
}

// startPlain runs a cluster of nodes without the race detector: for tests of files and pages, which
// are about what one request or one start does. What they run side by side, other tests do too.
func startPlain(t *testing.T, nodes int, flags ...string) *env {
	t.Helper()
	sink := newSink(t, smtpsink.Config{})
	return startWith(t, sink, localcluster.Options{
		Binary: plainBinary(t), Nodes: nodes, Flags: append(mailFlags(sink, "none"), flags...),
	})
}

// startFaulty runs a cluster whose nodes can be told to fail.
func startFaulty(t *testing.T, nodes int, flags ...string) *env {
	t.Helper()
	sink := newSink(t, smtpsink.Config{})
	return startWith(t, sink, localcluster.Options{
		Binary: faultyBinary(t), Nodes: nodes, Flags: append(mailFlags(sink, "none"), flags...),
	})
}
