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
	{"hit", "on time"}, {"late", "late"}, {"failed", "failed"}, {"missed", "missed"}, {"paused", "paused"}, {"gap", "the monitor was down"},
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
// pings, newest first; zone is that of its schedule. What the history no longer holds is
// left out. What a schedule was in the past is not known: it is taken to have been as it is
// now. Neither is a pause that is over and was followed by a ping.
func Strip(h fsm.Heartbeat, pings []fsm.PingRecord, gaps []fsm.Gap, now time.Time, zone *time.Location) []Beat {
	s := strip{plan: planOf(h.Spec, zone), grace: time.Duration(h.Spec.Grace) * time.Second, gaps: gaps}
	since, open := h.CreatedAt, h.Armed || len(pings) > 0 // of the time since the last run
	next := now                                           // the end of the time that is not told yet
	for i, p := range pings {
		if len(s.back) >= StripLength {
			break
		}
		if p.Kind == fsm.SignalStart || p.Kind == fsm.SignalLog {
			continue
		}
		if next == now {
			s.untilNow(h, p.At, now)
			open = false
		} else {
			s.missed(p.At, next, "missed")
		}
		b := Beat{Kind: "hit", At: p.At, Took: p.Took}
		switch before, ok := endBefore(pings[i+1:]); {
		case p.Kind == fsm.SignalFail:
			b.Kind = "failed"
		case ok && s.plan.late(p, before, s.grace):
			b.Kind = "late"
		}
		s.add(b)
		next = p.At
	}
	if open {
		s.untilNow(h, since, now)
	}
	return s.beats()
}

// strip is one that is made from its new end.
type strip struct {
	plan  plan
	grace time.Duration
	gaps  []fsm.Gap
	back  []Beat // newest first
}

func (s *strip) add(b Beat) {
	if len(s.back) < StripLength {
		s.back = append(s.back, b)
	}
}

// untilNow tells of the time since the last run, in which it may have been paused.
func (s *strip) untilNow(h fsm.Heartbeat, last, now time.Time) {
	switch {
	case h.Status == fsm.StatusPaused:
		s.missed(last, now, "paused")
	case h.Resumed.After(last):
		s.missed(h.Resumed, now, "missed")
		s.missed(last, h.Resumed, "paused")
	default:
		s.missed(last, now, "missed")
	}
}

// missed adds the expected times between two runs whose grace passed.
func (s *strip) missed(after, before time.Time, kind string) {
	times := s.plan.between(after, before.Add(-s.grace), StripLength-len(s.back)) // at the very end of its grace it is not missed
	for i := len(times) - 1; i >= 0; i-- {
		b := Beat{Kind: kind, At: times[i], Took: -1}
		if kind == "missed" && within(s.gaps, b.At, b.At.Add(s.grace)) {
			b.Kind = "gap"
		}
		s.add(b)
	}
}

// beats are the strip's, oldest first, and as many as there is room for.
func (s *strip) beats() []Beat {
	out := make([]Beat, 0, StripLength)
	for range StripLength - len(s.back) {
		out = append(out, Beat{Kind: "none", Took: -1})
	}
	for i := len(s.back) - 1; i >= 0; i-- {
		out = append(out, s.back[i])
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
