package raftlog

// The way of entries from Raft down to the journal, through each layer's StoreLogs, and back
// out of memory to the followers. What else a layer does is in other files.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"github.com/quorumbeat/quorumbeat/cluster/disk"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/boltfile"
	"github.com/quorumbeat/quorumbeat/cluster/raftlog/tail"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// BoundedLog bounds the log by bytes. Raft counts entries, which may be of eleven
// bytes or of 256 KiB. So the log knows the size of each: it asks for a snapshot when
// there is much behind the last one, and when Raft compacts it, it decides itself how
// much stays. Raft is told to keep one entry, or it would not even ask. A follower that
// needs an older entry is sent a snapshot.
//
// It also holds the newest entries, which followers are about to ask for.
type BoundedLog struct {
	raft.LogStore
	Limits Limits
	Large  func() // called, with the lock held, while there is much behind the snapshot; must not block

	mu      sync.Mutex
	entries []sizedEntry // all there are, oldest first
	snapped uint64       // the newest snapshot holds what is up to this index
	behind  int64        // bytes of the entries after it
	cached  int          // entries from here on are in memory
	recent  int64        // bytes of those
}

type sizedEntry struct {
	index uint64
	size  int64
	log   *raft.Log // nil: on disk only
}

// entryOverhead is about what an entry takes beside its data.
const entryOverhead = 64

func sizeOf(l *raft.Log) int64 { return int64(len(l.Data)+len(l.Extensions)) + entryOverhead }

func (b *BoundedLog) StoreLog(l *raft.Log) error { return b.StoreLogs([]*raft.Log{l}) }

func (b *BoundedLog) StoreLogs(ls []*raft.Log) error {
	if err := b.LogStore.StoreLogs(ls); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range ls {
		e := sizedEntry{l.Index, sizeOf(l), l}
		b.entries = append(b.entries, e)
		b.recent += e.size
		b.behind += e.size
	}
	for b.recent > b.Limits.Recent && b.cached < len(b.entries) {
		e := &b.entries[b.cached]
		e.log = nil
		b.recent -= e.size
		b.cached++
	}
	if b.behind > b.Limits.Snapshot {
		b.Large()
	}
	return nil
}

func (b *BoundedLog) GetLog(index uint64, l *raft.Log) error {
	if e := b.inMemory(index); e != nil {
		*l = *e
		return nil
	}
	return b.LogStore.GetLog(index, l)
}

func (b *BoundedLog) inMemory(index uint64) *raft.Log {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at := b.find(index); at < len(b.entries) && b.entries[at].index == index {
		return b.entries[at].log
	}
	return nil
}

// find returns the place of the first entry from an index on.
func (b *BoundedLog) find(index uint64) int {
	at, _ := slices.BinarySearchFunc(b.entries, index, func(e sizedEntry, want uint64) int {
		if e.index < want {
			return -1
		}
		return int(min(e.index-want, 1))
	})
	return at
}

var ErrDiskEmpty = errors.New("this node's disk is nearly full: it takes no entry until there is room")

// diskGuard is a [disk.Guard].
type diskGuard interface {
	Level() disk.Level
	Wrote(bytes int64)
}

// reservedLog refuses entries while the disk is nearly full, before a write would fail
// and end the node. Raft bears that: a follower answers that it has not got them and is
// sent them again, and a leader steps down.
type reservedLog struct {
	raft.LogStore
	guard      diskGuard
	awaitsTail atomic.Bool // Raft has cut the log's end off and must be let store what comes in its place
}

func (r *reservedLog) StoreLog(l *raft.Log) error { return r.StoreLogs([]*raft.Log{l}) }

func (r *reservedLog) StoreLogs(ls []*raft.Log) error {
	if r.guard.Level() == disk.Empty && !r.awaitsTail.Load() {
		return ErrDiskEmpty
	}
	r.awaitsTail.Store(false)
	size := int64(0)
	for _, l := range ls {
		size += sizeOf(l)
	}
	r.guard.Wrote(size)
	return r.LogStore.StoreLogs(ls)
}

// maxUnwritten is how many entries may wait for the disk before Raft has to.
const maxUnwritten = 16

// EagerLog lets a leader send commands to its followers while its own disk still writes
// them. Raft stores an entry first and sends it then; here storing a leader's commands only
// queues them, and a goroutine writes all that is queued.
//
// Raft then counts the leader to the majority that has an entry, though it may not have it
// yet. So nothing is let out of that before it is true: the leader applies an entry, and so
// answers for it, only once it is on its own disk (see WaitStored), and it tells the
// followers of no commit beyond that (see transport.RaftTransport), so that they do not
// apply it either. What is applied anywhere is thus on the disks of a majority, as ever. A
// leader that dies with entries in the queue has lost them as if it had died before it
// stored them.
//
// Followers promise by their answer that an entry is on disk, so they write at once, and so
// does a leader with anything that is not a command: Raft acts on changes of the
// configuration before they are applied.
type EagerLog struct {
	*tail.Tail                                       // the queue
	state      atomic.Pointer[func() raft.RaftState] // nil: this node does not lead yet
}

func NewEagerLog(store raft.LogStore) (*EagerLog, error) {
	t, err := tail.New(store)
	return &EagerLog{Tail: t}, err
}

// AskState has the log learn from Raft whether this node leads.
func (e *EagerLog) AskState(state func() raft.RaftState) { e.state.Store(&state) }

func (e *EagerLog) StoreLog(l *raft.Log) error { return e.StoreLogs([]*raft.Log{l}) }

// StoreLogs returns when the entries are on disk, or will be as described above.
func (e *EagerLog) StoreLogs(ls []*raft.Log) error {
	if e.mayWait(ls) {
		return e.AppendAndStore(ls, maxUnwritten)
	}
	return e.StoreThrough(ls)
}

func (e *EagerLog) mayWait(ls []*raft.Log) bool {
	if state := e.state.Load(); state == nil || (*state)() != raft.Leader {
		return false
	}
	for _, l := range ls {
		if l.Type != raft.LogCommand {
			return false
		}
	}
	return true
}

// hangLimit is how long one write of the log may take.
const hangLimit = 5 * time.Second

// Watchdog is a log store that times its own writes. Raft's heartbeats run beside
// the log, so a leader whose disk hangs would stay leader and commit nothing:
// such a node must end, so that the others elect. Only this node's own disk is
// judged; a lack of a majority is no disk fault.
type Watchdog struct {
	raft.LogStore
	fatal func(error)
	limit time.Duration

	once   sync.Once
	closed chan struct{}
}

func (w *Watchdog) StoreLog(l *raft.Log) error { return w.StoreLogs([]*raft.Log{l}) }

func (w *Watchdog) StoreLogs(ls []*raft.Log) error {
	return w.timed(func() error { return w.LogStore.StoreLogs(ls) })
}

// catchPanic turns a panic of a write into an error: bbolt panics over some damaged files.
func catchPanic(write func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = boltfile.ErrorOf(r)
		}
	}()
	return write()
}

func (w *Watchdog) timed(write func() error) error {
	watch := watchFor(w.limit, func() {
		w.fatal(fmt.Errorf("a write to this node's log hangs for %v: its disk is broken or far too slow; the node ends so that the others can go on", w.limit))
	})
	err := catchPanic(write)
	watch.stop()
	if err != nil {
		w.fatal(fmt.Errorf("this node's log cannot be written: %w; check that the disk is sound and not full, then start the node again", err))
	}
	return err
}

// watchSteps is how often a watch looks until its time is up.
const watchSteps = 20

// watch waits until this process has run for a while. A stopped process or a
// suspended machine does not run, and is no fault of a disk: of the time between two
// looks no more counts than twice what it should be.
type watch struct {
	step, limit time.Duration
	up          func()

	mu    sync.Mutex
	timer *time.Timer // nil once stopped
	last  time.Time
	ran   time.Duration
}

// watchFor calls up once the process has run for limit, unless stopped before.
func watchFor(limit time.Duration, up func()) *watch {
	w := &watch{step: limit / watchSteps, limit: limit, up: up, last: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.step, w.look)
	return w
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

// Checksummed keeps a checksum with each entry. Neither bbolt nor Raft has one, so
// a flipped bit in a command would make this node's state another than the
// others', unnoticed.
type Checksummed struct{ raft.LogStore }

// checksumSize is the length of the checksum, at the end of an entry's extensions.
const checksumSize = 4

func (s Checksummed) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs seals copies: Raft goes on using the entries.
func (s Checksummed) StoreLogs(ls []*raft.Log) error {
	copies := make([]raft.Log, len(ls))
	summed := make([]*raft.Log, len(ls))
	for i, l := range ls {
		copies[i] = *l
		ext := append(make([]byte, 0, len(l.Extensions)+checksumSize), l.Extensions...)
		copies[i].Extensions = binary.BigEndian.AppendUint32(ext, entrySum(l))
		summed[i] = &copies[i]
	}
	return s.LogStore.StoreLogs(summed)
}

// entrySum covers all of an entry that replication depends on.
func entrySum(l *raft.Log) uint32 {
	var head [17]byte
	binary.BigEndian.PutUint64(head[:], l.Index)
	binary.BigEndian.PutUint64(head[8:], l.Term)
	head[16] = byte(l.Type)
	sum := crc32.Update(0, wire.Castagnoli, head[:])
	return crc32.Update(crc32.Update(sum, wire.Castagnoli, l.Data), wire.Castagnoli, l.Extensions)
}
