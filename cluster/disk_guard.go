package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
)

// diskLevel says how much room a node's disk has left.
type diskLevel uint8

const (
	diskOK    diskLevel = iota
	diskLow             // below the reserve: bodies are left out
	diskFull            // below half of it: the node takes no writes, and leads only if no other can
	diskEmpty           // below a quarter: it stores no entry, for a write that fails would end it
)

var diskNames = [...]string{"ok", "low", "full", "full"}

func (l diskLevel) String() string { return diskNames[l] }

// diskGuard watches the room on the disk of the data folder, so that a node does
// without something before its log cannot be written, which would end it.
type diskGuard struct {
	dir     string
	reserve func(total int64) int64 // bytes to be kept free of a disk of total bytes
	room    func(string) (free, total int64, err error)
	log     *slog.Logger
	woken   lifecycle.Wakeup // by much that was written since the last look

	level   atomic.Uint32
	free    atomic.Int64 // bytes at the last look
	most    atomic.Int64 // the reserve at the last look
	written atomic.Int64 // bytes since then, about

	mu sync.Mutex // of a look
}

func newDiskGuard(cfg Config) *diskGuard {
	g := &diskGuard{dir: cfg.DataDir, reserve: cfg.reserve, room: roomOn, log: cfg.logger(), woken: lifecycle.NewWakeup()}
	g.look()
	return g
}

func (g *diskGuard) at() diskLevel { return diskLevel(g.level.Load()) }

// look measures the room, and returns the level. It keeps the last one if the disk
// cannot be asked.
func (g *diskGuard) look() diskLevel {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.written.Store(0)
	free, total, err := g.room(g.dir)
	if err != nil {
		g.log.Debug("the room on the disk cannot be measured", "error", err)
		return g.at()
	}
	reserve := g.reserve(total)
	g.free.Store(free)
	g.most.Store(reserve)
	before := g.at()
	now := levelOf(before, free, reserve)
	g.level.Store(uint32(now))
	if now != before {
		g.tell(now)
	}
	return now
}

// levelOf is the level of a disk with so much free. It becomes better only with an
// eighth of the limit to spare, so that it does not flap.
func levelOf(before diskLevel, free, reserve int64) diskLevel {
	level := diskOK
	for l, limit := range map[diskLevel]int64{diskLow: reserve, diskFull: reserve / 2, diskEmpty: reserve / 4} {
		if l <= before {
			limit += limit / 8
		}
		if free < limit {
			level = max(level, l)
		}
	}
	return level
}

func (g *diskGuard) tell(l diskLevel) {
	log := g.log.With("free", g.free.Load(), "reserve", g.most.Load())
	switch l {
	case diskOK:
		log.Info("the disk of the data folder has room again: this node takes everything")
	case diskLow:
		log.Warn("the disk of the data folder has less free than its reserve: bodies of pings are not recorded; make room")
	default:
		log.Error("the disk of the data folder is nearly full: this node takes no pings and no changes until there is room; make some at once")
	}
}

// wrote tells of bytes for the log. A flood does not wait for the next look.
func (g *diskGuard) wrote(n int64) {
	if g.written.Add(n) > g.most.Load()/32 {
		g.woken.Wake()
	}
}

// admits reports whether a snapshot of so many bytes leaves the log its room.
func (g *diskGuard) admits(size int64) error {
	g.look()
	if left := g.free.Load() - size; left < g.most.Load()/4 {
		return fmt.Errorf("the disk is nearly full: it has %d bytes free, and the snapshot may take %d; make room", g.free.Load(), size)
	}
	return nil
}

// run looks again and again, and calls each after every look, until ctx ends.
func (g *diskGuard) run(ctx context.Context, each func(diskLevel)) {
	for {
		each(g.look())
		select {
		case <-time.After(lifecycle.UntilTick(time.Now())):
		case <-g.woken:
		case <-ctx.Done():
			return
		}
	}
}
