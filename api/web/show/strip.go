package show

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// StripLength is how many expected times a strip shows.
const StripLength = 30

// Beat is what became of one expected time.
type Beat struct {
	Kind string // hit, late, failed, missed, gap or none
	At   time.Time
	Took time.Duration // of the run that ended it; negative: not known
}

// Legend names the kinds of beats.
var Legend = []struct{ Kind, Words string }{
	{"hit", "on time"}, {"late", "late"}, {"failed", "failed"}, {"missed", "missed"}, {"gap", "the monitor was down"},
}

// Words tells a beat to those who do not see its shape.
func (b Beat) Words() string {
	for _, l := range Legend {
		if l.Kind == b.Kind {
			return l.Words
		}
	}
	return "not yet"
}

// Strip tells what became of the last expected times, oldest first, from a heartbeat's
// pings, newest first. What the history no longer holds is left out. What a schedule was
// in the past is not known: it is taken to have been as it is now.
func Strip(h fsm.Heartbeat, pings []fsm.PingRecord, gaps []fsm.Gap, now time.Time) []Beat {
	interval, grace := time.Duration(h.Spec.Interval)*time.Second, time.Duration(h.Spec.Grace)*time.Second
	var back []Beat // newest first
	missed := func(after, before time.Time) {
		if interval <= 0 {
			return // when a schedule expected something in the past is not known
		}
		n := int((before.Sub(after.Add(grace)) - 1) / interval) // at the very end of its grace it is not missed
		for k := n; k > 0 && len(back) < StripLength; k-- {
			at := after.Add(time.Duration(k) * interval)
			b := Beat{Kind: "missed", At: at, Took: -1}
			if within(gaps, at, at.Add(grace)) {
				b.Kind = "gap"
			}
			back = append(back, b)
		}
	}
	next := now // the end of the time that is not told yet
	for i, p := range pings {
		if len(back) >= StripLength {
			break
		}
		switch p.Kind {
		case fsm.SignalStart, fsm.SignalLog:
			continue
		}
		if h.Status != fsm.StatusPaused || next != now {
			missed(p.At, next)
		}
		b := Beat{Kind: "hit", At: p.At, Took: p.Took}
		switch before, ok := endBefore(pings[i+1:]); {
		case p.Kind == fsm.SignalFail:
			b.Kind = "failed"
		case ok && interval > 0 && p.At.Sub(before) > interval+grace/4: // no job is punctual to the second
			b.Kind = "late"
		}
		if len(back) < StripLength {
			back = append(back, b)
		}
		next = p.At
	}
	if len(pings) == 0 && h.Armed && h.Status != fsm.StatusPaused {
		missed(h.CreatedAt, now)
	}
	out := make([]Beat, 0, StripLength)
	for range StripLength - len(back) {
		out = append(out, Beat{Kind: "none", Took: -1})
	}
	for i := len(back) - 1; i >= 0; i-- {
		out = append(out, back[i])
	}
	return out
}

// endBefore returns when the newest run in an older part of a history ended.
func endBefore(older []fsm.PingRecord) (time.Time, bool) {
	for _, p := range older {
		if p.Kind == fsm.SignalSuccess || p.Kind == fsm.SignalFail {
			return p.At, true
		}
	}
	return time.Time{}, false
}

func within(gaps []fsm.Gap, from, to time.Time) bool {
	for _, g := range gaps {
		if g.From.Before(to) && from.Before(g.To) {
			return true
		}
	}
	return false
}
