package backtest

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

// Settings are those to try. Either Interval or Schedule says when runs are expected.
type Settings struct {
	Interval         time.Duration
	Schedule         *schedule.Schedule
	Zone             *time.Location // of Schedule; nil is UTC
	Grace            time.Duration
	MissThreshold    int           // 0 counts as 1
	FailureThreshold int           // 0 counts as 1
	MaxRun           time.Duration // 0: the grace, or the interval if there is none
	MinRun           time.Duration // 0: none
}

// History is what is stored of a heartbeat.
type History struct {
	Pings []fsm.PingRecord // oldest first
	Gaps  []fsm.Gap        // in which no ping could be taken; oldest first, none touches another
	Until time.Time        // the history ends here; usually now
}

// Reason is why an alert would have gone out.
type Reason string

const (
	Missed   Reason = "missed"    // expected, and nothing came
	Failed   Reason = "failed"    // it said so
	Overdue  Reason = "overdue"   // it began, and did not end in time
	TooQuick Reason = "too quick" // it ended before it can have done its work
)

// Alert is one that would have gone out.
type Alert struct {
	At       time.Time
	Reason   Reason
	Expected time.Time // the run that was missed; zero for other reasons
	Until    time.Time // the good run that ended it; zero if none did
}

// Result is what would have been.
type Result struct {
	From, Until time.Time // what the history covers
	Alerts      []Alert   // oldest first
}

// Days is how many days the history covers: none, if there is no ping in it.
func (r Result) Days() float64 {
	if r.From.IsZero() {
		return 0
	}
	return r.Until.Sub(r.From).Hours() / 24
}

// Run plays the history. It begins with the first ping that arms a heartbeat; without one there are
// no alerts.
func Run(s Settings, h History) Result {
	l := newLife(s, h)
	for _, p := range h.Pings {
		l.ping(p)
	}
	l.advance(h.Until)
	r := Result{Until: h.Until, Alerts: l.alerts}
	if len(h.Pings) > 0 {
		r.From = h.Pings[0].At
	}
	return r
}
