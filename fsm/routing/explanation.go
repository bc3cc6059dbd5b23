package routing

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// By is the rule that makes somebody a target of a heartbeat.
type By string

const (
	ByEmail   By = "email"   // the heartbeat's own addresses
	ByNotify  By = "notify"  // the heartbeat names it
	ByTag     By = "tag"     // they share a tag
	ByDefault By = "default" // nothing else is chosen for the heartbeat, and it is a default channel
	ByMailTo  By = "mail_to" // likewise, and it is one of --mail-to
)

// Reason is why somebody is not told, or not yet.
type Reason string

const (
	// Nobody is told.
	Paused       Reason = "paused"
	Acknowledged Reason = "acknowledged"
	Snoozed      Reason = "snoozed"
	NoRecipient  Reason = "no_recipient"

	// This one is not told.
	NotWanted Reason = "not_wanted" // its channel takes no alerts of this kind
	Overruled Reason = "overruled"  // it is a default, and others are chosen for the heartbeat
	Twice     Reason = "twice"      // the same address is told by another way
	Began     Reason = "began"      // the incident began before it was told of the heartbeat
	Cancelled Reason = "cancelled"  // its alert was
	Failed    Reason = "failed"     // its alert could not be sent
	Held      Reason = "held"       // its alert is

	// This one is told later. What else may keep it back is in fsm.Wait.
	After      Reason = "after"       // once the incident has lasted for as long as its channel says
	FlapWindow Reason = "flap_window" // the heartbeat flaps: it is told when the window ends
	Burst      Reason = "burst"       // it had many alerts just now: a digest follows
	Before     Reason = "before"      // an earlier alert to it has to settle first
	Retry      Reason = "retry"       // an attempt failed, and is repeated
)

// Explanation is who would be told of a heartbeat at a moment, and who would not.
type Explanation struct {
	Heartbeat fsm.Heartbeat
	Silent    Reason    // why nobody is told at all; "": somebody may be
	Until     time.Time // of Silent; zero: until somebody ends it
	By        string    // whose doing Silent is
	AlertsAt  time.Time // when it alerts if no ping comes; zero: not by silence
	RemindAt  time.Time // when an open incident is told again; zero: never
	Targets   []Target
	Overruled []Target // defaults that are not used, for others are chosen
}

// Told reports whether anybody is told.
func (x Explanation) Told() bool {
	for _, t := range x.Targets {
		if t.Told {
			return true
		}
	}
	return false
}

// Target is one who could be told.
type Target struct {
	Recipient string // as in a row of the ledger
	Address   string // of mail; "" of a channel
	Channel   *fsm.Channel
	By        By
	Tag       string // the first that they share, of ByTag

	Told    bool       // it is told, or was told of the incident that is open
	At      time.Time  // when; zero: at once
	Not     Reason     // why it is not
	Waits   []Wait     // what it waits for, if it is told later
	Alert   *fsm.Alert // the newest alarm to it of the incident that is open; nil: there is none
	Trouble string     // what goes wrong in sending to it, of any heartbeat's alerts
}

// Wait is something that an alert waits for.
type Wait struct {
	For   Reason
	Until time.Time // zero: nobody knows
	Words string    // more about it; ""
}
