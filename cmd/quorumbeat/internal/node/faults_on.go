//go:build faults

package node

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
)

// injectFaults lets a test break this node by files in the folder DATA_DIR.faults:
//
//	crash      the name of a point (see cluster and alerting): the process kills
//	           itself there, once, for the file goes with it
//	freeze     the same, but the process stops itself (SIGSTOP)
//	disk       "hang": writes of the log wait until the file is gone; "fail": they fail
//	clock      a duration that the wall clock is off by
//	descriptors anything: the process can open no more until the file is gone
//	held       commands that may wait, read at the start
//	snapshots  entries between snapshots, read at the start
//	zoneinfo   a folder: the machine's rules of time zones, in place of its own
func injectFaults(s *settings.Node) (zoneinfo []string) {
	f := faultFolder{dir: s.Cluster.DataDir + ".faults"}
	s.Cluster.Faults = cluster.Faults{
		Step: f.stepReached, Disk: f.disk, Wall: f.wall,
		Held: f.number("held"), SnapshotEvery: uint64(f.number("snapshots")),
	}
	s.Alerting.Step = f.stepReached
	go f.limitDescriptors()
	return []string{filepath.Join(f.dir, "zoneinfo")}
}

type faultFolder struct{ dir string }

func (f faultFolder) read(name string) string {
	text, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

var dying sync.Mutex // held for ever by the first to die

func (f faultFolder) stepReached(point string) {
	switch point {
	case f.read("crash"):
		dying.Lock()
		defer dying.Unlock()
		if f.take("crash") {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	case f.read("freeze"):
		if f.take("freeze") {
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}
	}
}

// take takes an order, and reports whether it was still there: whoever gave it may have taken it back.
func (f faultFolder) take(name string) bool { return os.Remove(filepath.Join(f.dir, name)) == nil }

func (f faultFolder) disk() error {
	for f.read("disk") == "hang" {
		time.Sleep(5 * time.Millisecond)
	}
	if f.read("disk") == "fail" {
		return errors.New("input/output error (by order)")
	}
	return nil
}

func (f faultFolder) wall() time.Duration {
	d, _ := time.ParseDuration(f.read("clock"))
	return d
}

func (f faultFolder) number(name string) int {
	n, _ := strconv.Atoi(f.read(name))
	return n
}
