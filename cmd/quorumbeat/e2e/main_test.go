package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// builtBinary names the program under test if another process has built it.
const builtBinary = "QUORUMBEAT_TEST_BINARY"

// binary is the program under test, built once.
var binary string

// racing says that the program under test has the race detector, because this process has, or
// because QUORUMBEAT_TEST_RACE is set: make test does that, for clients and mail servers that have it
// too take half of the processor time and find nothing in the program.
var racing = underRace || os.Getenv("QUORUMBEAT_TEST_RACE") != ""

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "quorumbeat-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	faulty.dir, plain.dir = filepath.Join(dir, "faulty"), filepath.Join(dir, "plain")
	if binary = os.Getenv(builtBinary); binary != "" {
		return m.Run() // of a test that runs itself again in another namespace
	}
	if binary, err = localcluster.Build(dir, racing); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// These tests mostly wait: more of them at a time than there are cores.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("8")
	}
	return m.Run()
}
