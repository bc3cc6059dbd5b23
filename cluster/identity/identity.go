package identity

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
	"sync"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/durable"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

const (
	FileName = "node.json"
	LockName = "lock"
)

// Identity is what a data folder knows of itself. See the package's comment.
type Identity struct {
	ID        fsm.NodeID
	Boot      uint64     // of this start; later ones have higher numbers
	ClusterID fsm.NodeID // zero until known

	dir  string
	opt  Options
	lock *os.File

	mu      sync.Mutex
	content Content
}

// Content is the content of the identity file.
type Content struct {
	ID          string   `json:"id"`
	Boot        uint64   `json:"boot"`
	Claimed     bool     `json:"claimed,omitempty"` // the log has this node's mark, and must never be without it
	ClusterID   string   `json:"cluster_id,omitempty"`
	PromisedTo  string   `json:"promised_to,omitempty"`  // who may bootstrap with this node
	PromisedFor string   `json:"promised_for,omitempty"` // the cluster that would begin with it
	ClusterPort int      `json:"cluster_port,omitempty"`
	GossipPort  int      `json:"gossip_port,omitempty"`
	Peers       []string `json:"peers,omitempty"` // gossip addresses
}

// fileContent is the file: the content with a checksum, so that damage is not taken for
// another identity.
type fileContent struct {
	Node   json.RawMessage `json:"node"`
	CRC32C uint32          `json:"crc32c"`
}

// Options are what an identity needs to know of a data folder.
type Options struct {
	Inspect   func(dir string, k Content) error // refuses a folder that lost what its node promised with; nil: refuses none
	DataFiles []string                          // what a folder without an identity file must not have
	Advice    string                            // what to do with a folder that is refused
}

// Open takes the data folder dir for this process, makes it if need be, and
// numbers the start, unless the folder is refused. Errors say what to do.
func Open(dir string, o Options) (*Identity, error) {
	if err := durable.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be made: %v; choose another with --data-dir, or mend its permissions", dir, err)
	}
	id := &Identity{dir: dir, opt: o}
	if err := id.lockFolder(); err != nil {
		return nil, err
	}
	if err := id.load(); err != nil {
		return nil, errors.Join(err, id.Close())
	}
	return id, nil
}

// lockFolder locks the folder, because two processes on one would be one node twice.
func (i *Identity) lockFolder() error {
	f, err := os.OpenFile(filepath.Join(i.dir, LockName), os.O_CREATE|os.O_RDWR, 0o600)
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

// Close gives the folder free.
func (i *Identity) Close() error { return i.lock.Close() }

func (i *Identity) load() error {
	name := filepath.Join(i.dir, FileName)
	raw, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := i.refuseOrphan(); err != nil {
			return err
		}
		i.ID = NewID()
		i.content.ID = i.ID.String()
	case err != nil:
		return fmt.Errorf("%s cannot be read: %v; mend its permissions", name, err)
	default:
		if err := i.decode(raw); err != nil {
			return fmt.Errorf("%s is damaged (%v), and nothing was changed: put back a copy of the file, or, %s", name, err, i.opt.Advice)
		}
		if i.opt.Inspect == nil {
			break
		}
		if err := i.opt.Inspect(i.dir, i.content); err != nil {
			return err
		}
	}
	return i.takeBoot(i.content.Boot)
}

// NewID returns a random ID, for a node or a cluster.
func NewID() fsm.NodeID {
	var random [16]byte
	rand.Read(random[:])
	return wire.RandomUUID(random)
}

// takeBoot takes the number of this start, which is higher than last.
func (i *Identity) takeBoot(last uint64) error {
	i.content.Boot = nextBoot(last, time.Now())
	i.Boot = i.content.Boot
	return i.save()
}

// bootRandomBits is how many of a boot number's bits are random; above them is the time in
// milliseconds.
const bootRandomBits = 21

// nextBoot returns the number of a start at now. It is higher than last, and no copy of
// the folder ever has the same one, however often folder or clock are set back.
func nextBoot(last uint64, now time.Time) uint64 {
	var b [8]byte
	rand.Read(b[:])
	noise := binary.BigEndian.Uint64(b[:]) >> (64 - bootRandomBits)
	return max(uint64(max(now.UnixMilli(), 0))<<bootRandomBits, last+1) + noise
}

// refuseOrphan keeps a folder with data but no identity from starting as a new node,
// because that node would vote under two names.
func (i *Identity) refuseOrphan() error {
	for _, name := range i.opt.DataFiles {
		if _, err := os.Lstat(filepath.Join(i.dir, name)); err == nil {
			return fmt.Errorf("%s has data but no %s, and nothing was changed: put back that file, or, %s", i.dir, FileName, i.opt.Advice)
		}
	}
	return nil
}

func (i *Identity) decode(raw []byte) (err error) {
	var s fileContent
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if sum := checksum(s.Node); sum != s.CRC32C {
		return fmt.Errorf("checksum %08x, want %08x", sum, s.CRC32C)
	}
	if err := json.Unmarshal(s.Node, &i.content); err != nil {
		return err
	}
	if i.ID, err = fsm.ParseNodeID(i.content.ID); err != nil {
		return err
	}
	if i.content.ClusterID != "" {
		i.ClusterID, err = fsm.ParseNodeID(i.content.ClusterID)
	}
	return err
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, wire.Castagnoli) }

// save replaces the file atomically and durably.
func (i *Identity) save() error {
	node, err := json.Marshal(i.content)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(fileContent{Node: node, CRC32C: checksum(node)})
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(i.dir, FileName), append(raw, '\n')); err != nil {
		return fmt.Errorf("the identity of this node cannot be saved: %w; free space or mend the permissions of %s", err, i.dir)
	}
	return nil
}

// Owner returns the ID that the identity file names, "" if it cannot be read.
func Owner(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	var s fileContent
	var k Content
	if err != nil || json.Unmarshal(raw, &s) != nil || checksum(s.Node) != s.CRC32C || json.Unmarshal(s.Node, &k) != nil {
		return ""
	}
	return k.ID
}
