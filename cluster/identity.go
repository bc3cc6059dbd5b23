package cluster

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/durable"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/journal"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

const (
	identityFile = "node.json"
	lockFile     = "lock"
)

// identity is what a data folder knows of itself: who it is, the number of its
// newest start, which cluster it belongs to, what it promised, and where it found the
// others. Every change is on disk before it counts.
type identity struct {
	ID        fsm.NodeID
	Boot      uint64     // of this start; later ones have higher numbers
	ClusterID fsm.NodeID // zero until known

	dir  string
	lock *os.File

	mu   sync.Mutex
	kept kept
}

// kept is the content of the identity file.
type kept struct {
	ID          string   `json:"id"`
	Boot        uint64   `json:"boot"`
	Claimed     bool     `json:"claimed,omitempty"` // the log has its owner's mark, and must never be without
	ClusterID   string   `json:"cluster_id,omitempty"`
	PromisedTo  string   `json:"promised_to,omitempty"`  // who may bootstrap with this node
	PromisedFor string   `json:"promised_for,omitempty"` // the cluster that would begin with it
	ClusterPort int      `json:"cluster_port,omitempty"`
	GossipPort  int      `json:"gossip_port,omitempty"`
	Peers       []string `json:"peers,omitempty"` // gossip addresses
}

// sealed is the file: the content with a checksum, so that damage is not taken
// for another identity.
type sealed struct {
	Node   json.RawMessage `json:"node"`
	CRC32C uint32          `json:"crc32c"`
}

// openIdentity takes a data folder for this process, making it if need be, and
// numbers the start, unless inspect refuses what is there. Errors say what to do.
func openIdentity(dir string, inspect func(dir string, k kept) error) (*identity, error) {
	if err := durable.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be made: %v; choose another with --data-dir, or mend its permissions", dir, err)
	}
	id := &identity{dir: dir}
	if err := id.acquire(); err != nil {
		return nil, err
	}
	if err := id.load(inspect); err != nil {
		return nil, errors.Join(err, id.close())
	}
	return id, nil
}

// acquire locks the folder: two processes on one would be one node twice.
func (i *identity) acquire() error {
	f, err := os.OpenFile(filepath.Join(i.dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be used: %v; mend its permissions or choose another with --data-dir", i.dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("the data folder %s is in use by another process: stop that one, or give each node its own --data-dir", i.dir)
	}
	i.lock = f
	return nil
}

func (i *identity) close() error { return i.lock.Close() }

func (i *identity) load(inspect func(dir string, k kept) error) error {
	name := filepath.Join(i.dir, identityFile)
	raw, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := i.refuseOrphan(); err != nil {
			return err
		}
		rand.Read(i.ID[:])
		i.ID = wire.RandomUUID(i.ID)
		i.kept.ID = i.ID.String()
	case err != nil:
		return fmt.Errorf("%s cannot be read: %v; mend its permissions", name, err)
	default:
		if err := i.decode(raw); err != nil {
			return fmt.Errorf("%s is damaged (%v), and nothing was changed: put back a copy of the file, or, %s", name, err, keepAdvice)
		}
		if err := inspect(i.dir, i.kept); err != nil {
			return err
		}
	}
	return i.begin(i.kept.Boot)
}

// begin takes the number of a start, which is higher than those up to last.
func (i *identity) begin(last uint64) error {
	i.kept.Boot = nextBoot(last, time.Now())
	i.Boot = i.kept.Boot
	return i.save()
}

// bootNoise is how many of a boot number's bits are random; above them is the time in
// milliseconds.
const bootNoise = 21

// nextBoot returns the number of a start at now: higher than last, and such that no copy
// of the folder has it as well, however often it is set back, also with a clock that is.
func nextBoot(last uint64, now time.Time) uint64 {
	var b [8]byte
	rand.Read(b[:])
	noise := binary.BigEndian.Uint64(b[:]) >> (64 - bootNoise)
	return max(uint64(max(now.UnixMilli(), 0))<<bootNoise, last+1) + noise
}

// refuseOrphan keeps a folder with data but no identity from starting as a new
// node: it would vote twice under two names.
func (i *identity) refuseOrphan() error {
	for _, name := range []string{logFile, journal.FileName, "snapshots"} {
		if _, err := os.Lstat(filepath.Join(i.dir, name)); err == nil {
			return fmt.Errorf("%s has data but no %s, and nothing was changed: put back that file, or, %s", i.dir, identityFile, keepAdvice)
		}
	}
	return nil
}

func (i *identity) decode(raw []byte) (err error) {
	var s sealed
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if sum := checksum(s.Node); sum != s.CRC32C {
		return fmt.Errorf("checksum %08x, want %08x", sum, s.CRC32C)
	}
	if err := json.Unmarshal(s.Node, &i.kept); err != nil {
		return err
	}
	if i.ID, err = fsm.ParseNodeID(i.kept.ID); err != nil {
		return err
	}
	if i.kept.ClusterID != "" {
		i.ClusterID, err = fsm.ParseNodeID(i.kept.ClusterID)
	}
	return err
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, wire.Castagnoli) }

// save replaces the file atomically and durably.
func (i *identity) save() error {
	node, err := json.Marshal(i.kept)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(sealed{Node: node, CRC32C: checksum(node)})
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(i.dir, identityFile), append(raw, '\n')); err != nil {
		return fmt.Errorf("the identity of this node cannot be saved: %w; free space or mend the permissions of %s", err, i.dir)
	}
	return nil
}

// change applies f to the file's content, and saves it if f says so.
func (i *identity) change(f func(k *kept) bool) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	old := i.kept
	if !f(&i.kept) {
		return nil
	}
	if err := i.save(); err != nil {
		i.kept = old
		return err
	}
	return nil
}

// setClusterID remembers the cluster. A folder belongs to one for good.
func (i *identity) setClusterID(id fsm.NodeID) error {
	return i.change(func(k *kept) bool {
		if k.ClusterID != "" {
			return false
		}
		k.ClusterID = id.String()
		return true
	})
}

// setClaimed remembers that the log has its owner's mark.
func (i *identity) setClaimed() error {
	return i.change(func(k *kept) bool {
		if k.Claimed {
			return false
		}
		k.Claimed = true
		return true
	})
}

func (i *identity) claimed() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.kept.Claimed
}

// cluster returns the cluster of this folder, zero if it has none yet.
func (i *identity) cluster() fsm.NodeID {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, _ := fsm.ParseNodeID(i.kept.ClusterID)
	return id
}

// namedCluster is the cluster that this folder belongs to, or that it promised to
// begin.
func (i *identity) namedCluster() fsm.NodeID {
	if id := i.cluster(); !id.IsZero() {
		return id
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	id, _ := fsm.ParseNodeID(i.kept.PromisedFor)
	return id
}

// promise gives this fresh node's one promise: to take part in the cluster that
// asker begins. It returns the cluster it is promised to, and whether that is what
// was asked; the same asker may ask again.
func (i *identity) promise(asker, cluster fsm.NodeID) (held string, ok bool, err error) {
	err = i.change(func(k *kept) bool {
		if k.PromisedTo == "" {
			k.PromisedTo, k.PromisedFor = asker.String(), cluster.String()
			held, ok = k.PromisedTo, true
			return true
		}
		held, ok = k.PromisedTo, k.PromisedTo == asker.String() && k.PromisedFor == cluster.String()
		return false
	})
	return held, ok && err == nil, err
}

// promised tells to whom, and for which cluster, the promise was given.
func (i *identity) promised() (to, cluster fsm.NodeID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	to, _ = fsm.ParseNodeID(i.kept.PromisedTo)
	cluster, _ = fsm.ParseNodeID(i.kept.PromisedFor)
	return to, cluster
}

// skipBoots has the next start take a number above newest.
func (i *identity) skipBoots(newest uint64) error {
	return i.change(func(k *kept) bool {
		k.Boot = max(k.Boot, newest)
		return true
	})
}

// setPeers remembers gossip addresses, for a start without --join.
func (i *identity) setPeers(addrs []string) error {
	slices.Sort(addrs)
	return i.change(func(k *kept) bool {
		if len(addrs) == 0 || slices.Equal(addrs, k.Peers) {
			return false
		}
		k.Peers = addrs
		return true
	})
}

func (i *identity) peers() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.kept.Peers)
}

// setPorts remembers the ports, for a start with port 0.
func (i *identity) setPorts(cluster, gossip int) error {
	return i.change(func(k *kept) bool {
		if k.ClusterPort == cluster && k.GossipPort == gossip {
			return false
		}
		k.ClusterPort, k.GossipPort = cluster, gossip
		return true
	})
}
