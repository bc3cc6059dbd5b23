package disk

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/quorumbeat/quorumbeat/cluster/lifecycle"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

// Level says how much room a node's disk has left.
type Level uint8

const (
	OK    Level = iota
	Low         // below the reserve: bodies are left out
	Full        // below half of it: the node takes no writes, and leads only if no other can
	Empty       // below a quarter: it stores no entry, for a write that fails would end it
)

var levelNames = [...]string{"ok", "low", "full", "full"}

// String is the word that people are shown.
func (l Level) String() string { return levelNames[l] }

// Guard watches the room on the disk of the data folder, so that a node does
// without something before its log cannot be written, which would end it.
type Guard struct {
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

// Options say what a guard watches.
type Options struct {
	Dir     string                  // the data folder
	Reserve func(total int64) int64 // bytes to be kept free of a disk of total bytes
	Log     *slog.Logger
}

// NewGuard looks at the disk for the first time.
func NewGuard(o Options) *Guard {
	g := &Guard{dir: o.Dir, reserve: o.Reserve, room: roomOn, log: o.Log, woken: lifecycle.NewWakeup()}
	g.Look()
	return g
}

// MeasureBy has the room measured by room from the next look on: a test's disk, say.
func (g *Guard) MeasureBy(room func(dir string) (free, total int64, err error)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.room = room
}

// Room returns the bytes that were free at the last look, and how many are to be kept.
func (g *Guard) Room() (free, reserve int64) { return g.free.Load(), g.most.Load() }

// Level is the disk's at the last look.
func (g *Guard) Level() Level { return Level(g.level.Load()) }

// Look measures the room, and returns the level. It keeps the last one if the disk
// cannot be asked.
func (g *Guard) Look() Level {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.written.Store(0)
	free, total, err := g.room(g.dir)
	if err != nil {
		g.log.Debug("the room on the disk cannot be measured", "error", err)
		return g.Level()
	}
	reserve := g.reserve(total)
	g.free.Store(free)
	g.most.Store(reserve)
	before := g.Level()
	now := levelOf(before, free, reserve)
	g.level.Store(uint32(now))
	if now != before {
		g.tell(now)
	}
	return now
}

// levelOf is the level of a disk with so much free. It becomes better only with an
// eighth of the limit to spare, so that it does not flap.
func levelOf(before Level, free, reserve int64) Level {
	level := OK
	for l, limit := range map[Level]int64{Low: reserve, Full: reserve / 2, Empty: reserve / 4} {
		if l <= before {
			limit += limit / 8
		}
		if free < limit {
			level = max(level, l)
		}
	}
	return level
}

func (g *Guard) tell(l Level) {
	log := g.log.With("free", g.free.Load(), "reserve", g.most.Load())
	switch l {
	case OK:
		log.Info("the disk of the data folder has room again: this node takes everything")
	case Low:
		log.Warn("the disk of the data folder has less free than its reserve: bodies of pings are not recorded; make room")
	default:
		log.Error("the disk of the data folder is nearly full: this node takes no pings and no changes until there is room; make some at once")
	}
}

// Wrote tells of bytes for the log. A flood does not wait for the next look.
func (g *Guard) Wrote(n int64) {
	if g.written.Add(n) > g.most.Load()/32 {
		g.woken.Wake()
	}
}

// Admits reports whether a snapshot of so many bytes leaves the log its room.
func (g *Guard) Admits(size int64) error {
	g.Look()
	if left := g.free.Load() - size; left < g.most.Load()/4 {
		return fmt.Errorf("the disk is nearly full: it has %d bytes free, and the snapshot may take %d; make room", g.free.Load(), size)
	}
	return nil
}

// Run looks again and again, and calls each after every look, until ctx ends.
func (g *Guard) Run(ctx context.Context, each func(Level)) {
	for {
		each(g.Look())
		select {
		case <-tick.Next(tick.Every):
		case <-g.woken:
		case <-ctx.Done():
			return
		}
	}
}
