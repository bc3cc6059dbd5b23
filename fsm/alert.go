package fsm

import (
	"crypto/sha256"
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
	AlertCanary    AlertKind = 7 // nothing happened: its arrival is to be confirmed
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
	kindNames  = [...]string{AlertDown: "down", AlertRecovered: "recovered", AlertUnheard: "unheard", AlertDigest: "digest", AlertFailure: "failure", AlertReminder: "reminder", AlertCanary: "canary"}
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
	Flaps     int64         // incidents that followed another within its flap window, with this one; 0: this is no flapping
	Within    time.Duration // and the time from the first to this one
	Rule      Rule          // which miss was to alert
	Resumed   time.Time     // when it was resumed, if no ping came since; zero: it was not
	Since     time.Time     // recovered, failure: when the incident began; Misses then counts all of it
	Failures  int64         // recovered, failure: those in the incident, with runs that did not finish
	Down      time.Duration // recovered: from Since until this was known
	Clean     bool          // recovered: the run that ended it told the exit status 0
	Schedule  string        // instead of an interval: its expressions and time zone
	Reminder  int64         // reminder: counts those of the incident, from 1
	Acts      []story.Event // what people did to it, the newest few, oldest first
	System    SystemFacts   // of an alert about the monitor itself, which has but Name, Since and Down beside
	Broke     string        // failed: not by the job's word; this is how it broke a check, a sentence without its subject
}

// About is what an alert tells beside its evidence: of its heartbeat, and of what else fails, as it is
// when it is sent.
type About struct {
	Slug, Description, Runbook, Owner string
	Tags                              []string
	TZ                                string         // of its schedule; "": UTC
	Zone                              *time.Location // that times are told in; nil: UTC
	LastGood                          time.Time      // zero: none is kept
	Took, Usual                       time.Duration  // of the run that failed, and the median of the good ones; 0: not known
	FailsWith                         []string       // names of other heartbeats whose incidents began near to this one's
	More                              int            // of those, that are not named
	Failing                           int            // heartbeats in all
}

// FailuresSoFar counts the failures of an alert's incident, with the one that began it.
func (e Evidence) FailuresSoFar() int64 {
	if e.Since.IsZero() && e.Reason() != "silence" {
		return max(1, e.Failures)
	}
	return e.Failures
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

// OfSystem reports whether an alert tells of the monitor itself.
func (a Alert) OfSystem() bool { return a.Evidence.System.Kind != 0 }

// Alert is one row of the ledger, as a copy. A row that is a member of a digest
// shows the digest's state, attempts, message and times.
type Alert struct {
	ID        AlertID
	Heartbeat HeartbeatID // zero for a digest
	Incident  uint32      // counts a heartbeat's incidents, from 1
	Kind      AlertKind
	Recipient string // a mail address, the ID of a channel, or an address in a channel: see ChannelOf and MailOf
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
	About     About     // for whoever sends it; else empty
	Waits     time.Time // pending: not before about then, by the wall; zero: for nothing but its turn, or until WaitsFor changes
	WaitsFor  Wait      // pending: what keeps it back, though its time has come

	ChannelName string // of a channel that still exists, else ""
	ChannelKind string

	// Of an alert that is looked at alone: the first heartbeats that fail too and depend on its own, and how
	// many more do.
	Dependents     []string
	MoreDependents int

	Thread string // how its service names the message that this one answers, or that it was itself; "": it does not

	Digest  AlertID   // the digest that this row is a member of, or zero
	Members []AlertID // of a digest
}

// What alerts wait for, though their time has come.
const (
	WaitHours      = "hours"      // the hours of its channel
	WaitWindow     = "window"     // a maintenance window is on, or its heartbeat has a grace to come back after one
	WaitDependency = "dependency" // a heartbeat fails, or is late, that its own depends on, or its own has a grace to come back since that recovered
)

// Wait is what keeps an alert back. Zero: nothing does.
type Wait struct {
	For  string // one of those above; "": nothing
	ID   string // of what it waits for
	Name string
}

// Words says for people what an alert waits for; "": nothing.
func (w Wait) Words() string {
	switch w.For {
	case WaitWindow:
		return "waits for the end of the maintenance window " + w.Name
	case WaitHours:
		return "waits for the hours of the channel " + w.Name
	case WaitDependency:
		return "waits for " + w.Name + ", which it depends on"
	}
	return ""
}

// Address is where a mail goes; "" for an alert that is none.
func (a Alert) Address() string {
	address, _ := MailOf(a.Recipient)
	return address
}

// Channel is the channel that an alert goes out by; zero for a mail that is in none.
func (a Alert) Channel() ChannelID {
	if id, is := ChannelOf(a.Recipient); is {
		return id
	}
	_, id := MailOf(a.Recipient)
	return id
}

// Target says for people to whom an alert goes, and by which kind of channels.
func (a Alert) Target() string {
	switch _, is := ChannelOf(a.Recipient); {
	case !is:
		return a.Address()
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
	System   bool      // it is of the monitor itself; Reason is a SystemKind's word then
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

// SystemKind says what is wrong with the monitor itself. Never renumber.
type SystemKind uint8

const (
	SystemNodeLost    SystemKind = 1 // a node has been gone for a while
	SystemOutage      SystemKind = 2 // no ping could be taken: a majority was lost, say. It is over when it is told
	SystemDiskLow     SystemKind = 3 // a node's disk has less room than is to be kept
	SystemCertificate SystemKind = 4 // a node's certificate expires soon
	SystemCanary      SystemKind = 5 // no incident: messages to a recipient whose arrival is confirmed
)

var systemNames = [...]string{SystemNodeLost: "node_lost", SystemOutage: "outage", SystemDiskLow: "disk_low", SystemCertificate: "certificate_expires", SystemCanary: "canary"}

func (k SystemKind) String() string { return nameAt(systemNames[:], int(k)) }

// Limits of what a node says of the monitor itself.
const (
	MaxSystemPart   = 32   // bytes
	MaxSystemDetail = 300  // characters
	MaxSystems      = 1000 // subjects that are kept; those of incidents that go on count first
)

// SystemOrdinals are above those of heartbeats: each subject has one, as heartbeats have.
const SystemOrdinals = 1 << 48

// SystemSubject is what an incident of the monitor itself is about. Of each one goes on at a time.
type SystemSubject struct {
	Kind SystemKind
	Node NodeID // zero: the cluster as a whole
	Part string // which of several things of that kind, like a certificate's use; "": there is one
}

// ID stands in the place of a heartbeat's ID wherever incidents and alerts are kept.
func (s SystemSubject) ID() HeartbeatID {
	b := append([]byte("system\x00"), byte(s.Kind))
	sum := sha256.Sum256(append(append(b, s.Node[:]...), s.Part...))
	return HeartbeatID(sum[:12])
}

// SystemFacts is what an alert tells of the monitor itself.
type SystemFacts struct {
	Kind   SystemKind // 0: it tells of a heartbeat
	Node   string     // what people call the node; "": none
	Detail string     // a sentence or two
}

// SystemIncident is one that goes on, as a copy.
type SystemIncident struct {
	SystemSubject
	Incident IncidentRef
	Name     string // the node's
	Since    time.Time
}
