package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

const (
	snapshotsWanted = 6
	snapshotChunk   = 20 * time.Second       // of load at a time
	captureTime     = 200 * time.Millisecond // before a snapshot's file is there
	compactTime     = 2 * time.Second        // in which the old one goes, and the log is cut off behind it
)

// onOrder is how many entries lie between snapshots of nodes that take them on order:
// not the same number, for nodes seldom take theirs at once; and enough that there
// are seconds without one, though each takes ten. A stream of pings makes about 340 entries a second.
var onOrder = []string{"14000", "17500", "22000"}

// measureSnapshot pings at a moderate rate until the nodes have taken some snapshots,
// and compares the seconds in which one was under way with the others.
func measureSnapshot(ctx context.Context, b *bench) error {
	l, err := b.largeCluster(ctx)
	if err != nil {
		return err
	}
	if b.breakable {
		if err := l.snapshotOften(ctx); err != nil {
			return err
		}
	}
	w := watchSnapshots(l.Nodes)
	defer w.stop()
	var reports []*load.Report
	var line string
	calmSeconds, busySeconds := newTally(), newTally()
	for end := time.Now().Add(b.patience); time.Now().Before(end) && (len(w.finishedOnes()) < snapshotsWanted || calmSeconds.seconds < 10); {
		r, err := b.runGenerator(ctx, shot{urls: l.urls(), tokens: l.tokens, conns: b.conns, rate: b.rate, duration: snapshotChunk, bySecond: true})
		if err != nil {
			return err
		}
		reports = append(reports, r.Report)
		calmSeconds, busySeconds, line = newTally(), newTally(), ""
		for _, r := range reports { // anew: a window that has ended only now may have begun before
			seconds, err := sortSeconds(r, append(w.finishedOnes(), w.underWay()...), calmSeconds, busySeconds)
			if err != nil {
				return err
			}
			line += seconds
		}
		say("%d snapshots so far, in %d seconds of %d", len(w.finishedOnes()), busySeconds.seconds, busySeconds.seconds+calmSeconds.seconds)
	}
	if busySeconds.seconds == 0 || calmSeconds.seconds == 0 {
		return fmt.Errorf("in %s there were %d seconds with a snapshot and %d without: give it more -patience, or use -breakable", b.patience, busySeconds.seconds, calmSeconds.seconds)
	}
	with, without := busySeconds.percentile(99), calmSeconds.percentile(99)
	fmt.Printf("%.0f pings/s on a schedule, spread over the nodes; %d snapshots of about %.0f MiB, %s\n", b.rate, len(w.finishedOnes()), mib(l.image), w.lengths())
	fmt.Printf("without: %s\nwhile one is taken: %s\n", calmSeconds, busySeconds)
	fmt.Printf("p99 of each second, ms, in brackets while a snapshot is taken: %s\n", line)
	b.addFinding("  same: p99 of pings while a snapshot is taken ÷ without", "≤ 2",
		fmt.Sprintf("%.2f (%.1f ÷ %.1f ms)", with/without, with, without), with/without <= 2)
	return nil
}

// snapshotOften has nodes that can be told so take a snapshot every few seconds.
func (l *large) snapshotOften(ctx context.Context) error {
	for i, n := range l.Nodes {
		if err := n.Break("snapshots", onOrder[i]); err != nil {
			return err
		}
	}
	_, err := restartEach(ctx, l.Nodes)
	for _, n := range l.Nodes { // it was read; the next start is as usual
		err = errors.Join(err, n.Mend("snapshots"))
	}
	return errors.Join(err, l.waitReadyFor(ctx, joinLimit))
}

// window is a time in which a node wrote a snapshot.
type window struct{ from, to time.Time }

// snapshotWatch looks for snapshots being written, in the nodes' folders.
type snapshotWatch struct {
	mu   sync.Mutex
	list []window
	open map[*localcluster.Node]time.Time
	over chan struct{}
	wg   sync.WaitGroup
}

func watchSnapshots(nodes []*localcluster.Node) *snapshotWatch {
	w := &snapshotWatch{over: make(chan struct{}), open: map[*localcluster.Node]time.Time{}}
	for _, n := range nodes {
		w.wg.Go(func() { w.watch(n) })
	}
	return w
}

func (w *snapshotWatch) watch(n *localcluster.Node) {
	for {
		select {
		case <-w.over:
			return
		case <-time.After(10 * time.Millisecond):
		}
		unfinished, _ := filepath.Glob(filepath.Join(n.Dir, "snapshots", "*.tmp"))
		w.noteState(n, len(unfinished) > 0, time.Now())
	}
}

// noteState keeps the times in which a node has an unfinished snapshot.
func (w *snapshotWatch) noteState(n *localcluster.Node, writing bool, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, open := w.open[n]
	switch {
	case writing && !open:
		w.open[n] = now
	case !writing && open:
		w.list = append(w.list, window{from.Add(-captureTime), now.Add(compactTime)})
		delete(w.open, n)
	}
}

// finishedOnes returns the finished ones.
func (w *snapshotWatch) finishedOnes() []window {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.list)
}

// underWay returns the others, as if they ended now.
func (w *snapshotWatch) underWay() (list []window) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, from := range w.open {
		list = append(list, window{from.Add(-captureTime), time.Now()})
	}
	return list
}

func (w *snapshotWatch) stop() {
	close(w.over)
	w.wg.Wait()
}

func (w *snapshotWatch) lengths() string {
	var took spread
	for _, x := range w.finishedOnes() {
		took = append(took, (x.to.Sub(x.from) - captureTime - compactTime).Seconds())
	}
	return took.format("%.1f") + " s each"
}

// tally sums up seconds of a run.
type tally struct {
	h       *hdrhistogram.Histogram
	seconds int
	bad     int64
}

func newTally() *tally {
	return &tally{h: hdrhistogram.New(1, (2 * load.MaxTimeout).Microseconds(), 2)}
}

func (t *tally) percentile(percent float64) float64 {
	return float64(t.h.ValueAtPercentile(percent)) / 1000
}

func (t *tally) String() string {
	return fmt.Sprintf("%d s, p50 %.2f, p99 %.2f, p99.9 %.2f, max %.1f ms, %d not OK", t.seconds, t.percentile(50), t.percentile(99), t.percentile(99.9), t.percentile(100), t.bad)
}

// sortSeconds adds each second of a run to those with or without a snapshot, and
// returns them as a line.
func sortSeconds(r *load.Report, windows []window, calm, busy *tally) (line string, err error) {
	for i, s := range r.BySecond {
		from := r.Began.Add(time.Duration(i) * time.Second)
		h, err := hdrhistogram.Decode([]byte(s.Histogram))
		if err != nil {
			return "", fmt.Errorf("the load generator's histogram: %w", err)
		}
		t, shown := calm, "%.0f "
		for _, w := range windows {
			if w.from.Before(from.Add(time.Second)) && w.to.After(from) {
				t, shown = busy, "[%.0f] "
			}
		}
		t.h.Merge(h)
		t.seconds++
		t.bad += s.Refused + s.Failed + s.Unsent
		line += fmt.Sprintf(shown, s.Latency.P99)
	}
	return line, nil
}
