package raftlog

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hashicorp/raft"
)

const (
	portion   = 1 << 20               // bytes of a snapshot between two syncs
	restRatio = 4                     // times as long as the work before it
	restMost  = 20 * time.Millisecond // at once: a slow disk and a busy node get done as well
)

// PacedWriter writes snapshots beside pings. Raft syncs a snapshot once, when all of it
// is written; a disk that is given hundreds of megabytes at once lets the log wait
// for them. So what is written is synced in portions, and little is left for that
// last sync, which stays; the snapshot that this one replaces goes in portions, too
// (see hold); and most of the time processor and disk are left to others.
type PacedWriter struct {
	Store  *SnapshotStore
	Hurry  <-chan struct{} // closed when there must be no more rests
	Urgent func() bool     // whether the log grows so fast that there may be none
}

// Persist writes a snapshot and takes it for complete.
func (g *PacedWriter) Persist(sink raft.SnapshotSink, write func(io.Writer) error) error {
	file, err := os.OpenFile(g.Store.StateFile(sink.ID()+".tmp"), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("the snapshot that is being written cannot be opened: %w", err)
	}
	defer file.Close()
	if err := write(&pacedWriter{to: sink, sync: file.Sync, pacer: newPacer(g.rest)}); err != nil {
		return err
	}
	old := g.Store.hold()
	err = sink.Close()
	g.Store.letGo(old, newPacer(g.rest))
	return err
}

func (g *PacedWriter) rest(d time.Duration) {
	if g.Urgent != nil && g.Urgent() {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-g.Hurry:
	}
}

// pacer has work take a small share of the time: it pauses in proportion.
type pacer struct {
	rest  func(time.Duration)
	now   func() time.Time
	since time.Time // when the work went on
}

func newPacer(rest func(time.Duration)) *pacer {
	return &pacer{rest: rest, now: time.Now, since: time.Now()}
}

func (p *pacer) pause() {
	p.rest(min(restRatio*p.now().Sub(p.since), restMost))
	p.since = p.now()
}

// pacedWriter writes in portions. The time between its calls counts as work.
type pacedWriter struct {
	*pacer
	to       io.Writer
	sync     func() error // has what was written to disk
	unsynced int
}

func (w *pacedWriter) Write(b []byte) (int, error) {
	n, err := w.to.Write(b)
	if w.unsynced += n; err == nil && w.unsynced >= portion {
		w.unsynced, err = 0, w.sync()
	}
	w.pause()
	return n, err
}
