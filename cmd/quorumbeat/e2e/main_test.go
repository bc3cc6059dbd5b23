package e2e

import (
	"flag"
	"fmt"
	"os"
	"syscall"
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

// racingAll says that nodes of startPlain have it too: make soak sets QUORUMBEAT_TEST_RACE to all.
var racingAll = os.Getenv("QUORUMBEAT_TEST_RACE") == "all"

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
	builds = dir
	_ = os.Unsetenv("GOGC") // it is for this process: nodes see to their own
	if binary = os.Getenv(builtBinary); binary != "" {
		return m.Run() // of a test that runs itself again in another namespace
	}
	if binary, err = localcluster.Build(dir, racing); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := roomFor(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// These tests mostly wait: more of them at a time than there are cores.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("8")
	}
	return m.Run()
}

// needed is what the folders of the nodes that run at a time and the built programs take, and what nodes keep
// free of a disk; with less, many tests fail in many ways.
const needed = 2 << 30

// roomFor returns an error if a folder's disk has too little room for the tests.
func roomFor(dir string) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < needed {
		return fmt.Errorf("the end-to-end tests need %d MiB of disk in %s, and %d are free: make room, or set TMPDIR to a folder of another disk",
			int64(needed)>>20, os.TempDir(), free>>20)
	}
	return nil
}
