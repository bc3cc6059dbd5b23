package backtest

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// life is one heartbeat as it lives through a history.
type life struct {
	Settings
	serving
	plan plan

	armed, failing   bool
	anchor           time.Time     // from which the next is expected
	base             time.Duration // the anchor in serving time: later than that of its moment if it came late
	since            time.Time     // what was sent up to then is older than the anchor
	newest           time.Time     // when the newest ping was sent that ended a run
	carried          int           // of the misses, those before the anchor
	misses, failures int
	lastMiss         time.Time
	unheard          bool // what was due fell into a gap: the next miss alerts, whatever the threshold
	runs             []openRun
	alerts           []Alert
}

// openRun is a run that began and has not ended. One that was told as overdue has no deadline.
type openRun struct {
	id       [16]byte
	named    bool
	told     time.Time // when its start was sent
	began    time.Time // when that came
	deadline time.Time
}

func newLife(s Settings, h History) *life {
	s.MissThreshold, s.FailureThreshold = max(1, s.MissThreshold), max(1, s.FailureThreshold)
	l := &life{Settings: s, serving: serving{h.Gaps}, plan: every(s.Interval)}
	if s.Schedule != nil {
		l.plan = newTimetable(s, h)
	}
	if l.MaxRun == 0 {
		if l.MaxRun = s.Grace; l.MaxRun == 0 {
			l.MaxRun = max(l.plan.way(), time.Second)
		}
	}
	return l
}

// after is the moment a while after another, in serving time.
func (l *life) after(t time.Time, d time.Duration) time.Time { return l.moment(l.at(t) + d) }

// advance counts what is due before a moment.
func (l *life) advance(now time.Time) {
	for l.armed && l.countNext(now) {
	}
}

// countNext counts the next miss or overdue run, if one is due before a moment.
func (l *life) countNext(now time.Time) bool {
	expected, deadline, ok := l.nextMiss()
	if i := l.firstOverdue(); i >= 0 && (!ok || !deadline.Before(l.runs[i].deadline)) && l.runs[i].deadline.Before(now) {
		l.overdue(&l.runs[i])
		return true
	}
	if !ok || !deadline.Before(now) {
		return false
	}
	l.misses++
	l.lastMiss = deadline
	switch {
	case !l.unheard && l.misses < l.MissThreshold:
	case l.unheard && l.Schedule != nil && l.unheardAgain(deadline):
	case l.unheard || l.couldBeHeard(deadline):
		l.fail(Alert{At: deadline, Reason: Missed, Expected: expected})
	default:
		l.unheard = true
	}
	return true
}

// overdue is for a run that did not end in time. It was the expected one, so the next is expected an interval after
// its start. If a gap may have swallowed its end, it does not alert.
func (l *life) overdue(r *openRun) {
	at := r.deadline
	r.deadline = time.Time{}
	if l.failing {
		return
	}
	if l.at(r.began) > l.base && (l.misses == 0 || !r.began.Before(l.lastMiss)) {
		l.anchor, l.base, l.since, l.carried = r.began, l.at(r.began), l.plan.countsFor(r.began), l.misses
	}
	if l.gapEndsBetween(r.began, at) {
		l.unheard = true
		return
	}
	l.fail(Alert{At: at, Reason: Overdue})
}

// sinceAnchor are the gaps since the anchor by both clocks, as they are known at a moment.
func (l *life) sinceAnchor(known time.Time) (since serving) {
	for _, g := range l.gaps {
		if g.From.Before(known) && g.To.After(l.anchor) && l.at(g.To) >= l.base {
			since.gaps = append(since.gaps, g)
		}
	}
	return since
}

// couldBeHeard reports whether an expected time since the anchor, with the grace after it, lay outside the gaps.
func (l *life) couldBeHeard(deadline time.Time) bool {
	since := l.sinceAnchor(deadline)
	if len(since.gaps) == 0 {
		return true
	}
	until := deadline
	if l.Schedule == nil {
		until = l.anchor.Add(l.at(deadline) - l.base + since.lostAfter(l.anchor))
	}
	for n := 1; ; n++ {
		expected, ok := l.plan.expected(l.anchor, n)
		end := expected.Add(l.Grace)
		if !ok || end.After(until) {
			return false
		}
		if !since.overlaps(expected, end) {
			return true
		}
	}
}

// unheardAgain reports whether the newest miss of a schedule fell into a gap: into that of the miss before it, or like all since
// the anchor.
func (l *life) unheardAgain(deadline time.Time) bool {
	n := l.misses - l.carried
	this, _ := l.plan.expected(l.anchor, n)
	since := l.sinceAnchor(deadline)
	for _, g := range since.gaps {
		one := serving{[]fsm.Gap{g}}
		if n == 1 || !one.overlaps(this, this.Add(l.Grace)) {
			continue
		}
		if last, _ := l.plan.expected(l.anchor, n-1); one.overlaps(last, last.Add(l.Grace)) {
			return true
		}
	}
	return since.overlaps(this, this.Add(l.Grace)) && !l.couldBeHeard(deadline)
}

// nextMiss is the next expected time that is not missed yet, and when it will be.
func (l *life) nextMiss() (expected, deadline time.Time, ok bool) {
	if l.failing {
		return expected, deadline, false
	}
	n := l.misses - l.carried + 1
	expected, ok = l.plan.expected(l.anchor, n)
	if !ok {
		return expected, deadline, false
	}
	if l.Schedule == nil { // intervals run in serving time
		return expected, l.moment(l.base + time.Duration(n)*l.Interval + l.Grace), true
	}
	return expected, l.after(expected, l.Grace), true
}

func (l *life) firstOverdue() int {
	first := -1
	for i, r := range l.runs {
		if !r.deadline.IsZero() && (first < 0 || r.deadline.Before(l.runs[first].deadline)) {
			first = i
		}
	}
	return first
}

// fail begins an incident, unless one is going on.
func (l *life) fail(a Alert) {
	if l.failing {
		return
	}
	l.failing, l.unheard = true, false
	l.alerts = append(l.alerts, a)
}

func (l *life) ping(p fsm.PingRecord) {
	l.advance(p.Received)
	late := p.At.Before(p.Received)
	stale := late && l.armed && (!p.At.After(l.newest) || !p.At.After(l.since)) // in the history, no more
	switch p.Kind {
	case fsm.SignalLog:
		return
	case fsm.SignalStart:
		l.begin(p, stale)
		return
	}
	l.end(p, late)
	if stale {
		return
	}
	l.newest = p.At
	overdue := l.heard(p, late)
	switch quick := l.MinRun > 0 && p.Took >= 0 && p.Took < l.MinRun; {
	case p.Kind == fsm.SignalFail:
		l.failed(p, Failed)
	case quick:
		l.failed(p, TooQuick)
	default:
		l.recover(p, overdue)
	}
}

func (l *life) begin(p fsm.PingRecord, stale bool) {
	if !l.armed {
		l.reanchor(p.Received, l.at(p.Received))
		l.since = l.plan.countsFor(p.Received)
	}
	l.runs = slices.DeleteFunc(l.runs, func(r openRun) bool { return r.named == p.HasRun && r.id == p.Run })
	r := openRun{id: p.Run, named: p.HasRun, told: p.At, began: p.Received}
	if !stale {
		r.deadline = l.after(p.Received, l.MaxRun)
	}
	l.runs = append(l.runs, r)
}

// end closes the run of a ping: the one that it names, or all. One that came late closes none that began after it.
func (l *life) end(p fsm.PingRecord, late bool) {
	var open []openRun
	for _, r := range l.runs {
		other := p.HasRun && p.Kind != fsm.SignalFail && (!r.named || r.id != p.Run) && !r.deadline.IsZero()
		if other || late && r.told.After(p.At) {
			open = append(open, r)
		}
	}
	l.runs = open
}

// heard begins anew at a ping, and reports whether the run after it is overdue already: then it came late. What was due since
// stays missed, and does not alert again.
func (l *life) heard(p fsm.PingRecord, late bool) (overdue bool) {
	base := l.at(p.Received)
	if !late {
		l.reanchor(p.At, base)
		return false
	}
	if l.armed { // what was lost since the old anchor is taken to lie after this one
		lost := max(0, p.Received.Sub(l.anchor)-(base-l.base))
		base = max(l.base, base-max(0, p.Received.Sub(p.At)-lost))
	} else {
		base = l.at(p.At)
	}
	failing, unheard := l.failing, l.unheard
	l.reanchor(p.At, base)
	l.failing = false // so that there is a next miss
	for {
		_, deadline, ok := l.nextMiss()
		if !ok || !deadline.Before(p.Received) {
			break
		}
		l.misses++
		l.lastMiss = deadline
	}
	l.failing = failing
	if failing && l.misses > 0 {
		l.unheard = unheard
	}
	return l.misses > 0
}

func (l *life) reanchor(at time.Time, base time.Duration) {
	l.armed, l.anchor, l.base, l.since, l.misses, l.carried, l.unheard = true, at, base, at, 0, 0, false
}

func (l *life) failed(p fsm.PingRecord, why Reason) {
	if l.failures++; l.failures >= l.FailureThreshold {
		l.fail(Alert{At: p.Received, Reason: why})
	}
}

// recover is for a good run. One that came so late that the next is overdue already ends no incident.
func (l *life) recover(p fsm.PingRecord, overdue bool) {
	l.failures = 0
	if l.failing && !overdue {
		l.failing = false
		l.alerts[len(l.alerts)-1].Until = p.Received
	}
}
