package show

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// StripLength is how many expected times a strip shows.
const StripLength = 30

// Beat is what became of one expected time.
type Beat struct {
	Kind string // hit, late, failed, missed, paused, gap or none
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
// pings, newest first, and its pauses, oldest first; zone is that of its schedule. What the history no longer holds is
// left out. What a schedule was in the past is not known: it is taken to have been as it is now.
func Strip(h fsm.Heartbeat, pings []fsm.PingRecord, gaps []fsm.Gap, pauses []fsm.PausedTime, now time.Time, zone *time.Location) []Beat {
	s := strip{plan: planOf(h.Spec, zone), grace: time.Duration(h.Spec.Grace) * time.Second, gaps: gaps, pauses: pauses}
	open := h.Armed || len(pings) > 0 // whether anything was expected since it was made
	next := now                       // the end of the time that is not told yet
	for i, p := range pings {
		if len(s.back) >= StripLength {
			break
		}
		if p.Kind == fsm.SignalStart || p.Kind == fsm.SignalLog {
			continue
		}
		s.between(p.At, next)
		open = false
		b := Beat{Kind: "hit", At: p.At, Took: p.Took}
		switch before, ok := endBefore(pings[i+1:]); {
		case p.Kind == fsm.SignalFail:
			b.Kind = "failed"
		case ok && s.plan.late(p, s.anchor(before, p.At), s.grace):
			b.Kind = "late"
		}
		s.add(b)
		next = p.At
	}
	if open {
		s.between(h.CreatedAt, now)
	}
	return s.beats()
}

// strip is one that is made from its new end.
type strip struct {
	plan   plan
	grace  time.Duration
	gaps   []fsm.Gap
	pauses []fsm.PausedTime
	back   []Beat // newest first
}

func (s *strip) add(b Beat) {
	if len(s.back) < StripLength {
		s.back = append(s.back, b)
	}
}

// between adds the expected times between two runs. Whoever resumes a heartbeat has it counted anew.
func (s *strip) between(last, before time.Time) {
	end := fsm.PausedTime{From: before, To: before}
	for _, p := range slices.Backward(s.pauses) {
		if p.To.After(last) && p.From.Before(before) {
			s.upTo(p.To, end)
			end = fsm.PausedTime{From: p.From, To: earliest(p.To, before)}
		}
	}
	s.upTo(last, end)
}

// upTo adds the expected times from a run, or from the end of a pause, up to another pause and in it, or up
// to a moment.
func (s *strip) upTo(from time.Time, pause fsm.PausedTime) {
	judged := pause.From.Add(-s.grace) // at the very end of its grace it is not missed
	for _, at := range slices.Backward(s.plan.between(from, latest(judged, pause.To), StripLength-len(s.back))) {
		b := Beat{Kind: "missed", At: at, Took: -1}
		switch {
		case !at.Before(judged) && pause.To.Equal(pause.From):
			continue
		case !at.Before(judged):
			b.Kind = "paused"
		case within(s.gaps, at, at.Add(s.grace)):
			b.Kind = "gap"
		}
		s.add(b)
	}
}

// anchor is when it was last resumed between a run and a moment, or else the run. While it is paused, nothing is late.
func (s *strip) anchor(run, before time.Time) time.Time {
	for _, p := range slices.Backward(s.pauses) {
		if p.From.Before(before) {
			return latest(run, earliest(p.To, before))
		}
	}
	return run
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
