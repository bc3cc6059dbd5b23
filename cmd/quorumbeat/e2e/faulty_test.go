package e2e

import (
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

// startFaulty runs a cluster whose nodes can be told to fail.
func startFaulty(t *testing.T, nodes int, flags ...string) *env {
	t.Helper()
	sink := newSink(t, smtpsink.Config{})
	return startWith(t, sink, localcluster.Options{
		Binary: faultyBinary(t), Nodes: nodes, Flags: append(mailFlags(sink, "none"), flags...),
	})
}
