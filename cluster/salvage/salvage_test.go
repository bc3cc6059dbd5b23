package salvage

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster"
	"github.com/quorumbeat/quorumbeat/fsm"
	"go.uber.org/goleak"

	"github.com/quorumbeat/quorumbeat/cluster/raftlog"

	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/cluster/identity"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/hashicorp/memberlist.(*Memberlist).probeNode"))
}

// lostNode is what is left of a node that was the only one.
type lostNode struct {
	dir     string
	acked   uint64            // pings that it acknowledged
	pingsAt map[uint64]uint64 // that it had at each entry
}

// killedNode is killed with entries in its journal, and has snapshots.
func killedNode(t *testing.T) lostNode { return loseNode(t, 40, 60, true) }

// stoppedNode has neither, only its log.
func stoppedNode(t *testing.T) lostNode { return loseNode(t, 0, 60, false) }

func loseNode(t *testing.T, snapshotEvery uint64, last int, kill bool) (n lostNode) {
	t.Helper()
	cfg := cluster.DefaultConfig()
	cfg.NodeName, cfg.DataDir = "only", t.TempDir()
	cfg.ClusterAddr, cfg.GossipAddr = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Faults.SnapshotEvery = snapshotEvery
	node := startNode(t, cfg)
	node.propose(t, fsm.Create{ID: fsm.HeartbeatID{1, 1}, Token: fsm.Token{1, 2}, Spec: fsm.Spec{
		Name: "job", Slug: "job", Interval: fsm.DefaultInterval, Grace: fsm.DefaultGrace, Threshold: fsm.DefaultThreshold, Arm: fsm.ArmCreated,
	}})
	ping := func(k int) {
		for range k {
			node.propose(t, fsm.Ping{Ordinal: 1})
			n.acked++
		}
	}
	ping(30)
	node.stop(t)
	node = startNode(t, cfg) // another term
	testkit.Eventually(t, "no two snapshots", func() bool {
		ping(20)
		names, err := raftlog.SnapshotNames(cfg.DataDir)
		testkit.Must(t, err)
		return len(names) == 2 || snapshotEvery == 0
	})
	ping(last)
	if !kill {
		node.stop(t)
	}
	n.dir = filepath.Join(t.TempDir(), "lost")
	testkit.Must(t, os.CopyFS(n.dir, os.DirFS(cfg.DataDir)))
	node.stop(t)
	n.pingsAt = countAt(t, n.dir)
	return n
}

// onlyNode is a node that is a cluster of its own.
type onlyNode struct{ *cluster.Node }

func startNode(t *testing.T, cfg cluster.Config) onlyNode {
	t.Helper()
	n, err := cluster.Open(cfg, store.New())
	testkit.Must(t, err)
	testkit.Must(t, n.Start("127.0.0.1:1"))
	testkit.Eventually(t, "the node is not ready", func() bool { return n.Ready() == nil })
	return onlyNode{n}
}

func (n onlyNode) propose(t *testing.T, cmd fsm.Command) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	_, err := n.Propose(ctx, cmd)
	testkit.Must(t, err)
}

func (n onlyNode) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	testkit.Must(t, n.Shutdown(ctx))
}

// countAt tells how many pings a sound folder has at each entry.
func countAt(t *testing.T, dir string) map[uint64]uint64 {
	t.Helper()
	at := map[uint64]uint64{}
	names, err := raftlog.SnapshotNames(dir)
	testkit.Must(t, err)
	found := new(Found).collect(dir)
	for _, n := range append(names, raftlog.SnapshotName{Term: 1, Index: 1}) {
		store, prev := store.New(), &raft.Log{Index: n.Index, Term: n.Term}
		if n.Index > 1 {
			testkit.Must(t, restoreFile(store, n))
		}
		for prev != nil {
			at[prev.Index] = store.Totals().Pings
			if prev, _ = found.next(prev); prev != nil {
				testkit.Must(t, applyAlone(store, prev))
			}
		}
	}
	return at
}

// TestSalvage of what is left of an only node, after one flipped bit or without files.
func TestSalvage(t *testing.T) {
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		n := killedNode(t)
		n.salvageFlipped(t)
		n.salvageParts(t)
	})
	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		n := stoppedNode(t)
		n.salvageFlipped(t)
	})
}

// salvageFlipped flips one bit in each of the files, many times. It must get all pings
// up to where it says.
func (n lostNode) salvageFlipped(t *testing.T) {
	store, whole, err := Read(n.dir)
	testkit.Must(t, err)
	if got := store.Totals().Pings; got != n.acked || len(whole.Notes) > 0 || whole.Guessed > 0 {
		t.Fatalf("of a sound folder it saved %d pings of %d: %+v", got, n.acked, whole)
	}
	before := testkit.HashFolder(t, n.dir)
	files, err := filepath.Glob(filepath.Join(n.dir, "snapshots", "*", "*"))
	testkit.Must(t, err)
	for _, file := range append(files, filepath.Join(n.dir, raftlog.FileName), filepath.Join(n.dir, journal.FileName)) {
		if text, err := os.ReadFile(file); err == nil {
			n.flipBits(t, file, text, whole.Index)
		}
	}
	if testkit.HashFolder(t, n.dir) != before {
		t.Error("the folder was changed")
	}
}

// flipBits flips one bit after the other, and salvages each time.
func (n lostNode) flipBits(t *testing.T, file string, text []byte, last uint64) {
	lastWrite := last
	if b, err := os.ReadFile(filepath.Join(n.dir, journal.FileName)); err == nil {
		lastWrite = journal.Salvage(b, func(e *raft.Log) error { return raftlog.Verify(e.Index, e) }).Settled
	}
	complete, runs := 0, soakCount("QUORUMBEAT_SOAK_FLIPS", 8)
	for seed := range runs {
		bad, what := flipOne(text, uint64(seed))
		testkit.Must(t, os.WriteFile(file, bad, 0o600))
		store, out, err := Read(n.dir)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got, want := store.Totals().Pings, n.pingsAt[out.Index]; got != want {
			t.Errorf("%s: %d pings at entry %d, which has %d", what, got, out.Index, want)
		}
		if out.Index == last {
			complete++
		} else if len(out.Notes) == 0 && out.Index < lastWrite {
			t.Errorf("%s: it ends at entry %d of %d, and says nothing of that", what, out.Index, last)
		}
	}
	testkit.Must(t, os.WriteFile(file, text, 0o600))
	t.Logf("%s: with one flipped bit, %d of %d had everything", filepath.Base(file), complete, runs)
}

// soakCount is a number that a longer run sets.
func soakCount(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

// flipOne flips one bit where a file holds something.
func flipOne(text []byte, seed uint64) (bad []byte, what string) {
	r := rand.New(rand.NewPCG(seed, 5))
	bad = append([]byte(nil), text...)
	for {
		if i := r.IntN(len(bad)); bad[i] != 0 {
			bad[i] ^= 1 << r.IntN(8)
			return bad, fmt.Sprintf("byte %d", i)
		}
	}
}

// salvageParts: files are gone, or a good part of the log.
func (n lostNode) salvageParts(t *testing.T) {
	newest := func(dir string) string {
		names, err := raftlog.SnapshotNames(dir)
		testkit.Must(t, err)
		return slices.MaxFunc(names, func(a, b raftlog.SnapshotName) int { return cmp.Compare(a.Index, b.Index) }).Dir
	}
	remove := func(names ...string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, n := range names {
				testkit.Must(t, os.RemoveAll(filepath.Join(dir, n)))
			}
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		whole bool   // nothing is lost
		words string // in what is told
	}{
		{"without its identity", remove(identity.FileName, identity.LockName), true, ""},
		{"without its journal", remove(journal.FileName), false, "which is missing"},
		{"with an empty journal", func(t *testing.T, dir string) { testkit.Must(t, os.Truncate(filepath.Join(dir, journal.FileName), 0)) }, false, "which is missing"},
		{"with half a journal", func(t *testing.T, dir string) { testkit.CutFile(t, filepath.Join(dir, journal.FileName), 2) }, false, "The journal is damaged"},
		{"another log's journal", func(t *testing.T, dir string) {
			other := killedNode(t)
			testkit.Must(t, os.Rename(filepath.Join(other.dir, journal.FileName), filepath.Join(dir, journal.FileName)))
		}, false, "another log"},
		{"a bit of the journal's name in the log is flipped", func(t *testing.T, dir string) {
			file := filepath.Join(dir, raftlog.FileName)
			b, err := os.ReadFile(file)
			testkit.Must(t, err)
			for at := 0; ; at += len(journal.StoreKey) {
				i := bytes.Index(b[at:], journal.StoreKey)
				if i < 0 {
					break
				}
				at += i
				b[at+len(journal.StoreKey)] ^= 16
			}
			testkit.Must(t, os.WriteFile(file, b, 0o600))
		}, true, ""},
		{"without its log", remove(raftlog.FileName), false, "log.db cannot be read"},
		{"without log and journal", remove(raftlog.FileName, journal.FileName), false, "log.db cannot be read"},
		{"the newest snapshot is gone", func(t *testing.T, dir string) {
			testkit.Must(t, os.RemoveAll(newest(dir)))
		}, true, ""},
		{"the newest snapshot is damaged", func(t *testing.T, dir string) {
			testkit.Must(t, os.Truncate(filepath.Join(newest(dir), "state.bin"), 100))
		}, true, "is damaged"},
		{"the log's heads are zeros", func(t *testing.T, dir string) { zero(t, filepath.Join(dir, raftlog.FileName), 0, 8192) }, true, "it has no head"},
		{"the log is cut off", func(t *testing.T, dir string) { testkit.CutFile(t, filepath.Join(dir, raftlog.FileName), 2) }, false, ""},
		{"another node's log", func(t *testing.T, dir string) {
			testkit.Must(t, os.Rename(filepath.Join(stoppedNode(t).dir, raftlog.FileName), filepath.Join(dir, raftlog.FileName)))
		}, false, "was left out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := testkit.CopyFolder(t, n.dir)
			c.spoil(t, dir)
			before := testkit.HashFolder(t, dir)
			store, out, err := Read(dir)
			testkit.Must(t, err)
			if got := store.Totals().Pings; got != n.pingsAt[out.Index] || c.whole && got != n.acked {
				t.Errorf("%d pings at entry %d, which has %d; %d were acknowledged", got, out.Index, n.pingsAt[out.Index], n.acked)
			}
			if told := strings.Join(out.Notes, "\n"); !strings.Contains(told, c.words) {
				t.Errorf("it tells %q, not %q", told, c.words)
			}
			if testkit.HashFolder(t, dir) != before {
				t.Error("the folder was changed")
			}
		})
	}
	t.Run("nothing is missing", func(t *testing.T) {
		if _, out, err := Read(testkit.CopyFolder(t, n.dir)); err != nil || len(out.Notes) > 0 {
			t.Errorf("it tells %q, %v", out.Notes, err)
		}
	})
	t.Run("nothing is left", func(t *testing.T) {
		dir := testkit.CopyFolder(t, n.dir)
		remove("snapshots", raftlog.FileName)(t, dir)
		if _, out, err := Read(dir); err == nil || out == nil || !strings.Contains(err.Error(), "proves any state") {
			t.Errorf("got %v, %+v", err, out)
		}
	})
	t.Run("the node runs", func(t *testing.T) {
		dir := testkit.CopyFolder(t, n.dir)
		id, err := identity.Open(dir, identity.Options{Inspect: func(string, identity.Content) error { return nil }})
		testkit.Must(t, err)
		defer id.Close()
		if _, _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("got %v", err)
		}
	})
}

func zero(t *testing.T, file string, from, to int) {
	t.Helper()
	b, err := os.ReadFile(file)
	testkit.Must(t, err)
	clear(b[from:to])
	testkit.Must(t, os.WriteFile(file, b, 0o600))
}

// TestSalvageKeepsToOneHistory: a file holds entries that a later leader overwrote.
func TestSalvageKeepsToOneHistory(t *testing.T) {
	e := func(index, term uint64, typ raft.LogType) *raft.Log {
		return &raft.Log{Index: index, Term: term, Type: typ}
	}
	cmd, noop := raft.LogCommand, raft.LogNoop
	for _, c := range []struct {
		name        string
		sure, loose []*raft.Log
		damaged     uint64
		last        uint64 // index of the last that may be used
	}{
		{"in order", []*raft.Log{e(11, 4, cmd), e(12, 5, noop), e(13, 5, cmd)}, nil, 0, 13},
		{"a term that does not begin", []*raft.Log{e(11, 4, cmd), e(12, 5, cmd)}, nil, 0, 11},
		{"the beginning of a term is damaged", []*raft.Log{e(11, 4, cmd), e(13, 5, cmd)}, nil, 12, 13},
		{"more than the beginning of a term is damaged", []*raft.Log{e(11, 4, cmd), e(14, 5, cmd)}, nil, 12, 11},
		{"a term that goes back", []*raft.Log{e(11, 3, cmd)}, nil, 0, 10},
		{"an overwritten one is not used", []*raft.Log{e(11, 4, cmd), e(12, 6, noop)}, []*raft.Log{e(11, 5, noop)}, 0, 12},
		{"a stale one fills a hole in its term", []*raft.Log{e(11, 4, cmd), e(13, 4, cmd)}, []*raft.Log{e(12, 4, cmd)}, 12, 13},
		{"a stale one may not begin a term in a hole", []*raft.Log{e(11, 4, cmd), e(13, 6, noop)}, []*raft.Log{e(12, 5, noop)}, 12, 11},
		{"of two, none", nil, []*raft.Log{e(11, 4, cmd), e(11, 5, noop)}, 0, 10},
		{"of two, the one that is not too old", nil, []*raft.Log{e(11, 4, cmd), e(11, 3, noop)}, 0, 11},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &foundEntries{sure: map[uint64]*raft.Log{}, damaged: map[uint64]bool{c.damaged: true}, loose: map[uint64][]*raft.Log{}}
			for _, s := range c.sure {
				f.sure[s.Index] = s
			}
			for _, l := range c.loose {
				f.addLoose(l)
			}
			prev := e(10, 4, cmd)
			for next, _ := f.next(prev); next != nil; next, _ = f.next(prev) {
				prev = next
			}
			if prev.Index != c.last {
				t.Errorf("it goes to entry %d, want %d", prev.Index, c.last)
			}
		})
	}
}

// sickDisk has broken sectors.
type sickDisk struct{ b []byte }

func (d sickDisk) ReadAt(b []byte, at int64) (int, error) {
	if at <= 8192 && at+int64(len(b)) > 8192 {
		return 0, os.ErrInvalid
	}
	return copy(b, d.b[at:]), nil
}

func TestBrokenSectorsAreReadAsZeros(t *testing.T) {
	b, disk := make([]byte, 3<<20), sickDisk{make([]byte, 3<<20)}
	for i := range disk.b {
		disk.b[i] = 1
	}
	if bad := readSectors(disk, b); bad != 4096 || b[8191] != 1 || b[8192] != 0 || b[12287] != 0 || b[12288] != 1 || b[len(b)-1] != 1 {
		t.Errorf("%d bytes are bad", bad)
	}
}
