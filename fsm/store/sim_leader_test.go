package store

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

// What package cluster does, in ms.
const (
	settleMillis = 2000   // from the election to the first delta
	maxDeltaMs   = 2000   // a delta is cut to this
	graceMs      = 250    // what a batch may take to apply before it counts as stalled
	gapAfterMs   = 10_000 // nothing committed for longer: an ingest gap
)

// simLeader is one leadership.
type simLeader struct {
	n       *simNode
	term    uint64
	startAt int64       // when its serving clock may start
	base    int64       // from where the next delta counts
	ticking bool        // a batch with a delta is in flight
	open    []simItem   // not yet stamped
	flight  []*proposal // stamped, in the order of the log
	seen    map[fsm.AlertID]int64
}

// simItem is one command in a leader's hands.
type simItem struct {
	frame *simFrame        // nil: the leader's own, never repeated
	w     *waiting         // who waits for it
	cmd   fsm.Command      //
	done  func(c fsm.Code) // of the leader's own
}

// proposal is a stamped batch, and later an entry.
type proposal struct {
	batch     logentry.Batch
	entry     []byte
	entryTerm uint64 // the term that its log entry has
	items     []simItem
	at        int64 // when it was proposed
	capable   int64 // and what world.capable was then
}

func (p *proposal) describe(res []fsm.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "stamped in term %d, +%d ms", p.batch.Term, p.batch.Delta)
	for i, it := range p.items {
		who := "leader"
		if it.frame != nil {
			who = fmt.Sprintf("%v/%d/%d", it.frame.n, it.frame.origin.Boot, it.w.seq)
		}
		fmt.Fprintf(&b, "; %s %s = %d", who, describe(it.cmd), res[i].Code)
	}
	return b.String()
}

// run tells how much of the last ms the serving clock ran.
func (l *simLeader) run(now, ms int64) int64 {
	return max(0, min(ms, now-l.startAt))
}

func (l *simLeader) clockRuns(now int64) bool { return now >= l.startAt }

// takeDelta returns what the batch proposed now advances the serving clock by.
func (l *simLeader) takeDelta(now int64) uint32 {
	if !l.clockRuns(now) || l.ticking {
		return 0
	}
	d := min(now-l.base, maxDeltaMs)
	l.base = now
	l.ticking = d > 0
	return uint32(d)
}

// answered ends the flight of a batch with a delta.
func (l *simLeader) answered(p *proposal, now int64) {
	if p.batch.Delta == 0 || p.batch.Term != l.term {
		return
	}
	l.ticking = false
	l.base += max(0, now-p.at-graceMs)
}

// elect makes a node the leader of a new term. What survived of the last leader's
// entries commits first.
func (w *world) elect(n *simNode) {
	if w.leader != nil || !n.up || !w.majority() {
		return
	}
	w.term += 1 + uint64(w.now%2)
	w.say("%v is elected in term %d", n, w.term)
	last := n.lastApply
	w.reached[sawSurvivor] += len(w.limbo)
	for _, p := range w.limbo {
		w.commit(p)
	}
	w.limbo = nil
	lastWall := n.store.LastWall()
	if w.catchUp(n, len(w.log)); last < 0 {
		lastWall = n.store.LastWall()
	}
	n.led = w.term
	start := w.now + settleMillis
	w.leader = &simLeader{n: n, term: w.term, startAt: start, base: start, seen: map[fsm.AlertID]int64{}}
	switch silent := w.wall(n) - fsm.WallMillis(lastWall); {
	case last >= 0 && w.now-last > gapAfterMs:
		w.add(n, fsm.RecordGap{From: w.wall(n) - (w.now - last), To: w.wall(n)})
	case last < 0 && !lastWall.IsZero() && silent > gapAfterMs:
		w.add(n, fsm.RecordGap{From: w.wall(n) - silent, To: w.wall(n)})
	}
	w.flushTo(n)
}

// depose ends a leadership. The first entries in flight may survive in the log;
// the rest is lost, or waits in the node's queue. Nobody is told which.
func (w *world) depose(survive int, keep bool) {
	l := w.leader
	if l == nil {
		return
	}
	w.leader = nil
	n := survive % (len(l.flight) + 1)
	w.say("%v no longer leads in term %d; of %d entries in flight %d survive", l.n, l.term, len(l.flight), n)
	w.limbo = append(w.limbo, l.flight[:n]...)
	for _, p := range l.flight[n:] {
		if keep && len(l.n.queued) < 3 && p.batch.Term == l.term {
			l.n.queued = append(l.n.queued, p)
		}
	}
	for _, p := range l.flight {
		w.refuse(p.items, fsm.CodeUnknownOutcome)
	}
	w.refuse(l.open, fsm.CodeNotLeader)
}

// refuse tells proposers that a batch came to nothing, or that nobody knows.
func (w *world) refuse(items []simItem, c fsm.Code) {
	for _, it := range items {
		if it.done != nil {
			it.done(c)
		} else {
			it.w.sent = false
		}
	}
}

// propose stamps what is open.
func (w *world) propose() {
	l := w.leader
	if l == nil {
		return
	}
	l.readClock()
	p := &proposal{items: l.open, at: w.now, capable: w.capable, entryTerm: l.term}
	p.batch = logentry.Batch{Term: l.term, Wall: w.wall(l.n), Delta: l.takeDelta(w.now)}
	if len(p.items) == 0 && p.batch.Delta == 0 {
		return
	}
	l.open = nil
	var last *simFrame
	for _, it := range p.items {
		x := logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, it.cmd)}
		if it.frame != nil {
			if it.frame != last {
				p.batch.Origins = append(p.batch.Origins, it.frame.origin)
			}
			x.Origin, x.Seq = len(p.batch.Origins)-1, it.w.seq
		}
		last = it.frame
		p.batch.Items = append(p.batch.Items, x)
	}
	p.entry = logentry.Append(nil, &p.batch)
	l.flight = append(l.flight, p)
}

// appendQueued makes a leader append what it stamped in an earlier leadership.
func (w *world) appendQueued() {
	l := w.leader
	if l == nil || len(l.n.queued) == 0 {
		return
	}
	p := *l.n.queued[0]
	l.n.queued = l.n.queued[1:]
	p.entryTerm = l.term
	w.say("%v appends a batch that it stamped in term %d", l.n, p.batch.Term)
	l.flight = append(l.flight, &p)
}

// commitSome commits the first entries in flight, and hands out their answers
// unless those are lost.
func (w *world) commitSome(most int, lose bool) {
	l := w.leader
	for ; l != nil && w.majority() && most > 0 && len(l.flight) > 0; most-- {
		p := l.flight[0]
		l.flight = l.flight[1:]
		want := w.commit(p)
		got := w.catchUp(l.n, len(w.log))
		l.answered(p, w.now)
		for i, it := range p.items {
			if got[i].Code != want[i].Code || string(got[i].Data) != string(want[i].Data) {
				w.fail("entry %d, item %d: %v answers %v, a replica that saw every entry %v", len(w.log), i, l.n, got[i], want[i])
			}
			w.answer(it, got[i].Code, lose)
		}
	}
}
