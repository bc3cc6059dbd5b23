package store

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// plainPlan is what Work promises, written plainly: it looks at every open row.
type plainPlan struct {
	st    *state
	term  uint64
	desks map[string]*plainDesk
	work  fsm.Work
}

// plainDesk is one recipient's window, as it would be after the rows so far.
type plainDesk struct {
	left           int
	until, ended   int64
	group          []fsm.AlertID
	fresh          []*row
	singles, quiet []*row // quiet: unheard notices
}

func plainWork(st *state, term uint64) fsm.Work {
	p := plainPlan{st: st, term: term, desks: map[string]*plainDesk{}}
	rows := slices.SortedFunc(maps.Values(st.ledger.rows), func(a, b *row) int { return a.key().Compare(b.key()) })
	for _, r := range rows {
		if !r.state.Settled() && r.digest == (fsm.AlertID{}) {
			p.consider(r)
		}
	}
	for to, d := range p.desks {
		p.decide(to, d)
	}
	return p.work
}

func (p *plainPlan) consider(r *row) {
	switch {
	case r.state == fsm.AlertFenced && r.term < p.term:
		p.work.Doubt = append(p.work.Doubt, p.st.alert(r))
	case r.state == fsm.AlertPending && r.notBefore > p.st.serving:
		switch {
		case p.st.ledger.waits(r):
		case p.st.singled(r): // held back
			d := p.desk(r.recipient)
			d.singles = append(d.singles, r)
		default:
			p.later(r.notBefore)
		}
	case !p.st.claimable(r, p.term):
	case !p.st.singled(r):
		p.work.Ready = append(p.work.Ready, r.id)
	case r.kind == fsm.AlertUnheard:
		d := p.desk(r.recipient)
		d.quiet = append(d.quiet, r)
	default:
		d := p.desk(r.recipient)
		d.singles = append(d.singles, r)
	}
}

func (p *plainPlan) desk(to string) *plainDesk {
	if d := p.desks[to]; d != nil {
		return d
	}
	d := &plainDesk{left: p.st.settings.Burst}
	if w, ok := p.st.ledger.windows[to]; ok {
		end := w.start + p.st.settings.GroupWait
		if p.st.serving < end {
			d.until, d.left = end, max(0, d.left-w.count)
		} else if w.count >= p.st.settings.Burst {
			d.ended = end
		}
	}
	p.desks[to] = d
	return d
}

func (p *plainPlan) decide(to string, d *plainDesk) {
	slices.SortFunc(d.singles, func(a, b *row) int { return a.readyAt().Compare(b.readyAt()) })
	full := false
	for _, r := range d.singles {
		switch {
		case d.ended > 0 && r.readyAt().due <= d.ended:
			d.group = append(d.group, r.id)
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
		p.single(d, p.st.ledger.rows[id])
	}
	for _, r := range d.fresh {
		if !p.single(d, r) {
			return
		}
	}
}

func (p *plainPlan) gather(d *plainDesk) {
	n := len(d.quiet)
	if n == 0 {
		return
	}
	wait := p.st.settings.GroupWait
	if at := min(d.quiet[n-1].due+wait, d.quiet[0].due+unheardPatience*wait); p.st.serving < at {
		p.later(at)
		return
	}
	for _, r := range d.quiet {
		if p.st.serving >= r.due+wait {
			d.group = append(d.group, r.id)
		}
	}
}

func (p *plainPlan) single(d *plainDesk, r *row) bool {
	switch at := r.readyAt().due; {
	case at > p.st.serving && d.left == 0:
		p.later(max(at, d.until))
	case at > p.st.serving:
		p.later(at)
	case d.left > 0:
		d.left--
		p.work.Ready = append(p.work.Ready, r.id)
		return true
	case d.until > 0:
		p.later(d.until)
	}
	return false
}

func (p *plainPlan) later(at int64) {
	if p.work.Next == 0 || at < p.work.Next {
		p.work.Next = at
	}
}

// checkWork holds Work and what it goes by against the rows themselves.
func checkWork(s *Store) error {
	if err := checkPlaces(s.st); err != nil {
		return err
	}
	for _, term := range []uint64{s.st.term, s.st.term + 1} {
		got, want := s.Work(term, 1<<20), plainWork(s.st, term)
		if g, w := fmt.Sprint(sorted(got)), fmt.Sprint(sorted(want)); g != w {
			return fmt.Errorf("work in term %d at %d is %s, want %s", term, s.st.serving, g, w)
		}
	}
	return checkAgenda(s.st)
}

// checkAgenda asks that no desk is looked at in vain, but for those at which unheard
// notices wait that make no digest and find no place.
func checkAgenda(st *state) error {
	for to, d := range st.ledger.desks.by {
		p := planner{st: st, limit: 1}
		if p.considerDesk(d); d.at.due <= st.serving && p.room() && d.unheard.Len() == 0 {
			return fmt.Errorf("at %d there is nothing to be done for %q, though its time came at %d", st.serving, to, d.at.due)
		}
	}
	return nil
}

// sorted puts work into an order that does not matter.
func sorted(w fsm.Work) fsm.Work {
	slices.SortFunc(w.Ready, func(a, b fsm.AlertID) int { return bytes.Compare(a[:], b[:]) })
	slices.SortFunc(w.Digests, func(a, b fsm.FormDigest) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	slices.SortFunc(w.Doubt, func(a, b fsm.Alert) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return w
}

func checkPlaces(st *state) error {
	l := &st.ledger
	var n [placeQueue + 1]int
	open := 0
	for id, r := range l.rows {
		if want := l.placeOf(r); r.place != want {
			return fmt.Errorf("row %x, %v, stands at %d, want %d", id[:3], r.state, r.place, want)
		}
		n[r.place]++
		if r.place.open() {
			open++
		}
		if !l.order.Contains(r.key()) {
			return fmt.Errorf("row %x is not in the order", id[:3])
		}
	}
	desks := 0
	for _, d := range l.desks.by {
		desks += d.singles.Len() + d.unheard.Len()
	}
	want := fmt.Sprint(n, open, len(l.rows))
	got := fmt.Sprint([...]int{l.settled.Len(), l.carried, l.hands.Len(), l.blocked, desks, l.queue.Len()}, l.open.Len(), l.order.Len())
	if got != want {
		return fmt.Errorf("the places hold %s, the rows say %s", got, want)
	}
	return nil
}
