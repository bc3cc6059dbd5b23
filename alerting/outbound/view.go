package outbound

import (
	"fmt"
	"time"
)

// View is what a leader sees of its cluster's health.
type View struct {
	Quorum   error         // why nothing could be committed; nil: it was
	Listener error         // why its own public listener does not answer; nil: it does
	Served   time.Duration // by the serving clock, within Watched
	Watched  time.Duration
	Mail     error         // why the mail server cannot be used; nil: it can
	Oldest   time.Duration // for so long the oldest alert could have been sent; 0: none waits
	Patience time.Duration // for so long it may
}

// Fault says what is wrong, the worst first; "" if all is well.
func (v View) Fault() string {
	switch {
	case v.Quorum != nil:
		return fmt.Sprintf("no majority of the nodes commits anything: %v", v.Quorum)
	case v.Listener != nil:
		return fmt.Sprintf("the leader does not hear pings: %v", v.Listener)
	case v.Served < v.Watched/4:
		return "the serving clock stands still, so no deadline passes: see the leader's log for why"
	case v.Mail != nil:
		return fmt.Sprintf("the mail server cannot be used: %v", v.Mail)
	case v.Oldest > v.Patience:
		return fmt.Sprintf("an alert has not been sent for %v: see 'quorumbeat alerts list --state pending'", v.Oldest.Round(time.Second))
	}
	return ""
}
