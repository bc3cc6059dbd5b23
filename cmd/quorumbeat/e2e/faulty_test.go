package e2e

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// builds is a folder for the program as it is built otherwise than binary, removed by run.
var builds string

// build is the program built in another way, when the first test asks for it. With the tag faults it
// can be told to fail, see cmd/quorumbeat/internal/node/faults_on.go.
type build struct {
	name   string
	race   bool
	tag    string
	once   sync.Once
	binary string
	err    error
}

var (
	raced       = &build{name: "raced", race: racing}
	faulty      = &build{name: "faulty", race: racing, tag: "faults"}
	plain       = &build{name: "plain", race: racingAll}
	plainFaulty = &build{name: "plain-faulty", race: racingAll, tag: "faults"}
)

func (b *build) path(t *testing.T) string {
	t.Helper()
	if b.tag == "" && (b.race == racing || os.Getenv(builtBinary) != "") {
		return binary
	}
	b.once.Do(func() { b.binary, b.err = localcluster.Build(filepath.Join(builds, b.name), b.race, b.tag) })
	testkit.Must(t, b.err)
	return b.binary
}

// startPlain runs a cluster of nodes without the race detector, which makes a node take three times
// as much of the processors: for all tests but those of nodes under load, which do side by side
// what nodes do in these, too. make soak has all nodes race.
func startPlain(t *testing.T, nodes int, flags ...string) *env {
	t.Helper()
	return startBuilt(t, plain, nodes, flags...)
}

// startFaulty runs a cluster whose nodes can be told to fail.
func startFaulty(t *testing.T, nodes int, flags ...string) *env {
	t.Helper()
	return startBuilt(t, faulty, nodes, flags...)
}

// startPlainFaulty is startFaulty without the race detector; see startPlain.
func startPlainFaulty(t *testing.T, nodes int, flags ...string) *env {
	t.Helper()
	return startBuilt(t, plainFaulty, nodes, flags...)
}

func startBuilt(t *testing.T, b *build, nodes int, flags ...string) *env {
	t.Helper()
	sink := newSink(t, smtpsink.Config{})
	return startWith(t, sink, localcluster.Options{
		Binary: b.path(t), Nodes: nodes, Flags: append(mailFlags(sink, "none"), flags...),
	})
}
