package fsm

import (
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// AlertKind says what an alert tells.
type AlertKind uint8

const (
	AlertDown      AlertKind = 1
	AlertRecovered AlertKind = 2
	AlertUnheard   AlertKind = 3 // due while no ping could be taken
	AlertDigest    AlertKind = 4 // one message for several of the others
	AlertFailure   AlertKind = 5 // in an incident that began with silence: the job reports a failure by now, or hangs
	AlertReminder  AlertKind = 6 // the incident goes on
)

// AlertState is where a row of the ledger stands.
type AlertState uint8

const (
	AlertPending   AlertState = 1
	AlertClaimed   AlertState = 2
	AlertFenced    AlertState = 3
	AlertSent      AlertState = 4
	AlertFailed    AlertState = 5
	AlertHeld      AlertState = 6
	AlertCancelled AlertState = 7
)

var (
	kindNames  = [...]string{AlertDown: "down", AlertRecovered: "recovered", AlertUnheard: "unheard", AlertDigest: "digest", AlertFailure: "failure", AlertReminder: "reminder"}
	stateNames = [...]string{
		AlertPending: "pending", AlertClaimed: "claimed", AlertFenced: "fenced", AlertSent: "sent",
		AlertFailed: "failed", AlertHeld: "held", AlertCancelled: "cancelled",
	}
)

func (k AlertKind) String() string  { return nameAt(kindNames[:], int(k)) }
func (s AlertState) String() string { return nameAt(stateNames[:], int(s)) }

// Alarms reports whether a kind tells that something fails.
func (k AlertKind) Alarms() bool { return k == AlertDown || k == AlertFailure || k == AlertReminder }

// Rank orders the kinds of one incident.
func (k AlertKind) Rank() int {
	switch k {
	case AlertRecovered:
		return 3
	case AlertReminder:
		return 2
	case AlertFailure:
		return 1
	}
	return 0
}

// Newer reports whether an alert tells of a later time of its heartbeat than another.
func (a Alert) Newer(than Alert) bool {
	if a.Incident != than.Incident {
		return a.Incident > than.Incident
	}
	return a.Kind.Rank() > than.Kind.Rank()
}

// Rule says which miss alerts next.
type Rule uint8

const (
	RuleThreshold Rule = 0 // the one that reaches the threshold
	RuleResumed   Rule = 1 // the next: no ping came since a resume
	RuleUnheard   Rule = 2 // the next: the last fell into times in which no ping could be taken
)

var ruleNames = [...]string{RuleThreshold: "threshold", RuleResumed: "resumed", RuleUnheard: "unheard"}

func (x Rule) String() string { return nameAt(ruleNames[:], int(x)) }

// Settled reports whether nothing more happens to a row by itself.
func (s AlertState) Settled() bool { return s >= AlertSent }

// ParseAlertState reads the form that String writes.
func ParseAlertState(s string) (AlertState, bool) {
	for i, n := range stateNames {
		if n != "" && n == s {
			return AlertState(i), true
		}
	}
	return 0, false
}

// Evidence is what a mail tells of a heartbeat, as it was when the alert was
// written. Times are wall clock.
type Evidence struct {
	Name      string
	LastPing  time.Time // zero: never
	LastFrom  string
	Interval  int64 // seconds
	Grace     int64 // seconds
	Threshold int
	Misses    int64
	Pings     uint64
	Due       time.Time     // when the ping that made the difference was expected; zero: Failed
	Silent    time.Duration // of an incident that began with silence, once it ended: from the last ping (or creation) on
	Gaps      []Gap         // the newest few since the anchor
	Failed    bool          // the job itself reported the failure that this tells of
	Exit      int           // with this exit status; 0: none told
	Started   time.Time     // when the run began that did not end in its time; zero: no such run
	Output    string        // the end of what the run printed last; dropped once the mail is out
	Flaps     int64         // incidents since the last one that was told, with this one; 0: this is no flapping
	Within    time.Duration // and the time from that one to this
	Rule      Rule          // which miss was to alert
	Resumed   time.Time     // when it was resumed, if no ping came since; zero: it was not
	Since     time.Time     // recovered, failure: when the incident began; Misses then counts all of it
	Failures  int64         // recovered, failure: those in the incident, with runs that did not finish
	Down      time.Duration // recovered: from Since until this was known
	Clean     bool          // recovered: the run that ended it told the exit status 0
	Schedule  string        // instead of an interval: its expressions and time zone
	Reminder  int64         // reminder: counts those of the incident, from 1
	Acts      []story.Event // what people did to it, the newest few, oldest first
	Broke     string        // failed: not by the job's word; this is how it broke a check, a sentence without its subject
}

// Reason is the word for why an incident began, of the alert that tells that.
func (e Evidence) Reason() string {
	switch {
	case e.Failed:
		return "failure"
	case !e.Started.IsZero():
		return "hung_run"
	}
	return "silence"
}

// Alert is one row of the ledger, as a copy. A row that is a member of a digest
// shows the digest's state, attempts, message and times.
type Alert struct {
	ID        AlertID
	Heartbeat HeartbeatID // zero for a digest
	Incident  uint32      // counts a heartbeat's incidents, from 1
	Kind      AlertKind
	Recipient string // a mail address, or the ID of a channel
	State     AlertState
	Term      uint64
	Attempt   uint32
	InDoubt   bool   // an earlier attempt may have been delivered
	MessageID string // without angle brackets; the same on every attempt
	Answers   string // recovered: the Message-ID of the mail that it answers, else ""
	Error     string
	CreatedAt time.Time
	SentAt    time.Time // zero until sent
	Evidence  Evidence
	Waits     time.Time // pending: not before about then, by the wall; zero: for nothing but its turn

	ChannelName string // of a channel that still exists, else ""
	ChannelKind string

	Digest  AlertID   // the digest that this row is a member of, or zero
	Members []AlertID // of a digest
}

// Target says for people to whom an alert goes, and by which kind of channels.
func (a Alert) Target() string {
	switch _, is := ChannelOf(a.Recipient); {
	case !is:
		return a.Recipient
	case a.ChannelKind == "":
		return "a deleted channel"
	}
	return a.ChannelName + " (" + a.ChannelKind + ")"
}

// IncidentID names an incident in the API.
func (a Alert) IncidentID() string { return incidentID(a.Heartbeat, a.Incident) }

// OpenIncident is what a heartbeat tells of the incident that goes on.
type OpenIncident struct {
	Number   uint32 // counts a heartbeat's incidents, from 1
	Since    time.Time
	Reason   string // silence, failure or hung_run
	AckedBy  string
	AckedAt  time.Time // zero: nobody has acknowledged it
	Snoozed  time.Time // until about then, by the wall; zero: it is not snoozed
	RemindAt time.Time // when it is told again, about, by the wall; zero: never
}

// ID names the incident of a heartbeat in the API.
func (in OpenIncident) ID(hb HeartbeatID) string { return incidentID(hb, in.Number) }

// How an incident ended.
const (
	EndedRecovered = "recovered" // by a good run
	EndedPaused    = "paused"    // by a pause: nobody knows whether the job runs well
	EndedDeleted   = "deleted"
)

// Incident is one incident of a heartbeat, or one time in which it was not heard, as a copy.
// It stays when its alerts, or its heartbeat, are gone.
type Incident struct {
	Heartbeat HeartbeatID
	OpenIncident
	Open     bool
	Name     string    // of the heartbeat, when it began
	Until    time.Time // when it ended; zero: it goes on
	EndedBy  string    // one of those above; "": it goes on
	Misses   int64     // in it, with those that led to it
	Failures int64     // and runs that did not end in time
	Told     int64     // reminders
	Story    []story.Event
	Left     uint64  // events of the story that are not kept
	Alerts   []Alert // those that are kept, the oldest first
}

// ID names the incident in the API.
func (in Incident) ID() string { return incidentID(in.Heartbeat, in.Number) }
