package ledger

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
)

// plainPlan does what Work promises in the plainest way: it looks at every open row.
type plainPlan struct {
	Now
	term    uint64
	name    string
	queueOf map[string]*plainQueue
	work    fsm.Work
}

// plainQueue is a recipient's window and what of it is offered so far.
type plainQueue struct {
	left           int
	until, ended   int64
	group          []fsm.AlertID
	fresh          []*Row
	singles, quiet []*Row // quiet: unheard notices
}

func (now Now) plainWork(term uint64, name string) fsm.Work {
	p := plainPlan{Now: now, term: term, name: name, queueOf: map[string]*plainQueue{}}
	rows := slices.SortedFunc(maps.Values(now.Rows), func(a, b *Row) int { return a.orderKey().Compare(b.orderKey()) })
	for _, r := range rows {
		if !r.State.Settled() && r.Digest == (fsm.AlertID{}) && laneName(r.Recipient) == name {
			p.consider(r)
		}
	}
	for to, d := range p.queueOf {
		p.decide(to, d)
	}
	return p.work
}

func (p *plainPlan) consider(r *Row) {
	switch {
	case r.State == fsm.AlertFenced && r.Term < p.term:
		p.work.Doubt = append(p.work.Doubt, p.viewRow(r))
	case r.State == fsm.AlertPending && r.readyAt().due > p.Serving:
		switch {
		case p.isBlocked(r):
		case p.needsBurst(r) && r.Kind == fsm.AlertUnheard:
			d := p.queueFor(r.Recipient)
			d.quiet = append(d.quiet, r)
		case p.needsBurst(r): // held back
			d := p.queueFor(r.Recipient)
			d.singles = append(d.singles, r)
		default:
			p.later(r.readyAt().due)
		}
	case !p.isClaimable(r, p.term):
	case !p.needsBurst(r):
		p.work.Ready = append(p.work.Ready, r.ID)
	case r.Kind == fsm.AlertUnheard:
		d := p.queueFor(r.Recipient)
		d.quiet = append(d.quiet, r)
	default:
		d := p.queueFor(r.Recipient)
		d.singles = append(d.singles, r)
	}
}

func (p *plainPlan) queueFor(to string) *plainQueue {
	if d := p.queueOf[to]; d != nil {
		return d
	}
	d := &plainQueue{left: p.Settings.Burst}
	if w, ok := p.windows[to]; ok {
		end := w.start + p.Settings.GroupWait
		if p.Serving < end {
			d.until, d.left = end, max(0, d.left-w.count)
		} else if w.count >= p.Settings.Burst {
			d.ended = end
		}
	}
	p.queueOf[to] = d
	return d
}

func (p *plainPlan) decide(to string, d *plainQueue) {
	slices.SortFunc(d.singles, func(a, b *Row) int { return a.readyAt().Compare(b.readyAt()) })
	full := false
	grouped := p.grouped(to, burst{left: d.left, until: d.until, ended: d.ended})
	for _, r := range d.singles {
		switch {
		case grouped > 0 && r.readyAt().due <= grouped:
			d.group = append(d.group, r.ID)
		case full:
		case d.ended > 0:
			d.fresh = append(d.fresh, r)
		default:
			full = full || !p.single(d, r)
		}
	}
	p.gather(d)
	if group := d.group[:min(len(d.group), fsm.MaxDigestMembers)]; len(group) > 1 {
		p.work.Digests = append(p.work.Digests, fsm.FormDigest{ID: fsm.DigestID(to, group), Recipient: to, Members: group})
		return
	}
	for _, id := range d.group {
		p.single(d, p.Rows[id])
	}
	for _, r := range d.fresh {
		if !p.single(d, r) {
			return
		}
	}
}

func (p *plainPlan) gather(d *plainQueue) {
	n := len(d.quiet)
	if n == 0 {
		return
	}
	wait := p.Settings.GroupWait
	slices.SortFunc(d.quiet, func(a, b *Row) int { return a.readyAt().Compare(b.readyAt()) })
	if at := min(d.quiet[n-1].readyAt().due+wait, d.quiet[0].readyAt().due+unheardPatience*wait); p.Serving < at {
		p.later(at)
		return
	}
	for _, r := range d.quiet {
		if p.Serving >= r.readyAt().due+wait {
			d.group = append(d.group, r.ID)
		}
	}
}

func (p *plainPlan) single(d *plainQueue, r *Row) bool {
	switch at := r.readyAt().due; {
	case at > p.Serving && d.left == 0:
		p.later(max(at, d.until))
	case at > p.Serving:
		p.later(at)
	case d.left > 0:
		d.left--
		p.work.Ready = append(p.work.Ready, r.ID)
		return true
	case d.until > 0:
		p.later(d.until)
	}
	return false
}

func (p *plainPlan) later(at int64) {
	if (p.work.Next == 0 || at < p.work.Next) && at != timetable.Never {
		p.work.Next = at
	}
}

// Check holds Work, and what it goes by, against the rows themselves, each of which it
// looks at. It is for tests: a ledger of which it finds nothing wrong serves its senders
// in the right order.
func (now Now) Check() error {
	if err := now.checkStages(); err != nil {
		return err
	}
	if err := now.checkDeferred(); err != nil {
		return err
	}
	for _, name := range append(now.Lanes(), "", "no lane") {
		if err := now.checkLane(name); err != nil {
			return err
		}
	}
	return nil
}

func (now Now) checkLane(name string) error {
	for _, term := range []uint64{now.Term, now.Term + 1} {
		got, want := now.Work(term, name, 1<<20), now.plainWork(term, name)
		if g, w := fmt.Sprint(sortedWork(got)), fmt.Sprint(sortedWork(want)); g != w {
			return fmt.Errorf("work of %q in term %d at %d is %s, want %s", name, term, now.Serving, g, w)
		}
	}
	if x := now.lanes[name]; x != nil {
		return now.checkAgenda(x)
	}
	return nil
}

// checkDeferred finds rows that are filed away for longer than anything keeps them back, or than they may be without
// another look.
func (now Now) checkDeferred() error {
	for id := range now.deferred {
		r := now.Rows[id]
		if d := now.deferralOf(r); r.wait > max(now.Serving+LookAgain, d.Until) && (r.stage == queued || r.stage == ready) {
			return fmt.Errorf("row %x is filed away until %d, and deferred until %d", id[:3], r.wait, d.Until)
		}
	}
	return nil
}

// checkAgenda finds queues whose time has come though they have no work. Unheard notices
// may wait without a digest and without a place in the burst: those queues are left out.
func (now Now) checkAgenda(x *lane) error {
	for to, d := range x.queues.byRecipient {
		p := planner{Now: now, limit: 1, lane: x}
		if p.considerQueue(d); d.agendaKey.due <= now.Serving && p.hasRoom() && d.unheard.Len() == 0 {
			return fmt.Errorf("at %d there is nothing to be done for %q, though its time came at %d", now.Serving, to, d.agendaKey.due)
		}
	}
	return nil
}

// sortedWork puts work into one order, for comparing.
func sortedWork(w fsm.Work) fsm.Work {
	slices.SortFunc(w.Ready, func(a, b fsm.AlertID) int { return bytes.Compare(a[:], b[:]) })
	slices.SortFunc(w.Digests, func(a, b fsm.FormDigest) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	slices.SortFunc(w.Doubt, func(a, b fsm.Alert) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return w
}

func (l *Ledger) checkStages() error {
	var n [onHold + 1]int
	open := 0
	for id, r := range l.Rows {
		if _, is := l.deferred[id]; is != (r.wait != 0) {
			return fmt.Errorf("row %x is filed away until %d, and among the deferred: %v", id[:3], r.wait, is)
		}
		if want := l.stageOf(r); r.stage != want {
			return fmt.Errorf("row %x, %v, stands at %d, want %d", id[:3], r.State, r.stage, want)
		}
		n[r.stage]++
		if r.stage.isOpen() {
			open++
		}
		if !l.order.Contains(r.orderKey()) {
			return fmt.Errorf("row %x is not in the order", id[:3])
		}
	}
	queued, waiting := 0, 0
	for name, x := range l.lanes {
		if x.isEmpty() {
			return fmt.Errorf("the lane %q is empty", name)
		}
		for _, d := range x.queues.byRecipient {
			queued += d.singles.Len() + d.unheard.Len()
		}
		waiting += x.ready.Len()
	}
	want := fmt.Sprint(n, open, len(l.Rows))
	got := fmt.Sprint([...]int{l.settled.Len(), l.carried, l.inFlight.Len(), l.blocked, queued, waiting, l.onHold}, l.open.Len(), l.order.Len())
	if got != want {
		return fmt.Errorf("the stages hold %s, the rows say %s", got, want)
	}
	return nil
}
