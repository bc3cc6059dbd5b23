package fsm

import (
	"slices"
	"time"
)

// TimeLayout is how programs are told a time, of UTC: RFC 3339 with exactly three decimals.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// Limits and defaults of a heartbeat (DESIGN section 4).
const (
	DefaultInterval  = 3600
	DefaultGrace     = 300
	DefaultThreshold = 2
	MinInterval      = 1
	MaxInterval      = 366 * 86400
	MaxGrace         = 366 * 86400
	MaxNameLen       = 200 // characters
	MaxThreshold     = 100
	MaxSlugLen       = 100
	MaxTags          = 32
	MaxTagLen        = 64 // characters
	MaxZoneLen       = 64 // bytes
	MaxEmails        = 20
	MaxEmailLen      = 254  // bytes
	MaxDescription   = 2000 // characters
	MaxURLLen        = 2000 // bytes
	MaxOwnerLen      = 200  // characters
	MaxKeyNameLen    = 200  // characters
	MaxHistory       = 1_000_000
	MaxDoubts        = 3         // attempts of a row that may have been delivered, before it is held
	MaxErrorLen      = 500       // bytes of an SMTP answer kept with a row
	MaxHeartbeats    = 4_000_000 // then creating answers CodeQuota
	MaxKeys          = 10_000

	DefaultMaxHeartbeats = 2_000_000 // of Settings
	DefaultKeyHeartbeats = 1_000     // of a new key

	MaxGaps          = 1_000   // newest kept
	MaxSettled       = 100_000 // settled rows kept in all
	MaxSettledPer    = 20      // and for each heartbeat
	MaxDigestMembers = 20_000
	MaxNumber        = 1 << 30   // of an incident, and of its reminders: images that have more are refused, or counting on would overflow
	MaxBody          = 10_000    // bytes of what comes with a ping
	MaxBodies        = 32 << 10  // bytes of bodies kept for each heartbeat, the newest; each counts 64 more
	MaxAllBodies     = 256 << 20 // bytes of bodies kept in all, counted likewise
	MaxExcerpt       = 2_000     // bytes of a body in a mail, its end
	MaxExit          = 255
	MaxOpenRuns      = 32             // for each heartbeat, the newest
	MinRemindEvery   = 10             // seconds
	MaxRemindEvery   = 30 * 86400     // seconds
	MaxSnooze        = 30 * 86400_000 // ms
	MaxIncidentNote  = 500            // characters
	MaxIncidentsPer  = 20             // of a heartbeat that are kept, the newest
	MaxIncidents     = 100_000        // that are over and kept, in all
	MaxIncidentBytes = 64 << 20       // and how large they are together
	MaxKeyed         = 10_000         // pings of a history that are looked through for an idempotency key
)

// Scopes of API keys. Each of the first three allows what the ones after it do; ScopePing
// is apart.
const (
	ScopeAdmin = "admin" // everything
	ScopeWrite = "write" // what people on call do: heartbeats and alerts; no keys, nodes, backups
	ScopeRead  = "read"  // looking, but at no secret: the tokens of heartbeats are secret
	ScopePing  = "ping"  // pings by slug, nothing else
)

// Scopes are all of them.
var Scopes = []string{ScopeAdmin, ScopeWrite, ScopeRead, ScopePing}

// ScopeAllows reports whether a key of a scope may do what needs another one.
func ScopeAllows(scope, needed string) bool {
	have, need := slices.Index(Scopes, scope), slices.Index(Scopes, needed)
	return have >= 0 && need >= 0 && (scope == needed || scope != ScopePing && needed != ScopePing && have < need)
}

// Arm says from when a heartbeat is judged.
type Arm string

const (
	ArmCreated   Arm = "created"    // from creation: "was never scheduled" is a failure too
	ArmFirstPing Arm = "first_ping" // from its first ping
)

// Status of a heartbeat.
type Status string

const (
	StatusActive  Status = "active"
	StatusPaused  Status = "paused"
	StatusFailing Status = "failing"
)

// Spec holds the writable fields of a heartbeat, with their names in an incident's story. These are in
// images, so they stay; package story tells what the API calls them. What is one field there may be two here.
type Spec struct {
	Name      string   `story:"name"`
	Slug      string   `story:"slug"`
	Interval  int64    `story:"interval"` // seconds
	Grace     int64    `story:"grace"`    // seconds
	Threshold int      `story:"threshold"`
	Arm       Arm      `story:"arm"`
	Tags      []string `story:"tags"`
	Emails    []string `story:"emails"` // empty: the settings' MailTo

	// Methods are empty, or POST alone: then a request of another method is no good run,
	// but a note, for chats that look at links make those.
	Methods []string `story:"methods"`

	// Tagged fields, which few heartbeats have: see fields in codec_fields.go.
	Description string `story:"description"`
	RunbookURL  string `story:"runbook_url"`
	Owner       string `story:"owner"` // a person or a team

	Schedule []string `story:"schedule"` // cron or calendar expressions; then Interval is 0
	TZ       string   `story:"tz"`       // of the schedule; "": UTC

	FailureThreshold int      `story:"failure_threshold"` // reported failures in a row that alert; 0: the first does
	MaxRun           int64    `story:"max_run"`           // seconds that a run may take; 0: the grace
	MinRun           int64    `story:"min_run"`           // seconds that a run takes at least; 0: any
	Checks           []string `story:"checks"`            // of good runs: see package check
	Notify           []string `story:"notify"`            // IDs of channels; empty: see package channels
	RemindEvery      int64    `story:"remind_every"`      // seconds between reminders of an incident; 0: those of the settings
	DependsOn        []string `story:"depends_on"`        // IDs of heartbeats, and tags: see Dependency
	NotifyMail       []string `story:"notify"`            // addresses that it names beside Notify
	NeverRemind      bool     `story:"remind_every"`      // no reminders, whatever the settings say; then RemindEvery is 0
}

// Reminders is after how many seconds an incident is told again, under some settings; 0: never.
func (s *Spec) Reminders(under *Settings) int64 {
	switch {
	case s.NeverRemind:
		return 0
	case s.RemindEvery > 0:
		return s.RemindEvery
	}
	return under.RemindEvery
}

// FailuresToAlert is how many reported failures in a row alert.
func (s *Spec) FailuresToAlert() int { return max(1, s.FailureThreshold) }

// Related is a heartbeat, or a tag, that another heartbeat depends on, or a heartbeat that depends on it.
type Related struct {
	ID     HeartbeatID
	Name   string
	Status Status
	Tag    string // "": it is a heartbeat
}

// Patch is a change of some fields of a Spec; nil leaves a field alone.
type Patch struct {
	Name      *string
	Slug      *string
	Interval  *int64
	Grace     *int64
	Threshold *int
	Arm       *Arm
	Tags      *[]string
	Emails    *[]string
	Methods   *[]string

	Description *string
	RunbookURL  *string
	Owner       *string

	Schedule *[]string // sets Interval to 0
	TZ       *string

	FailureThreshold *int
	MaxRun           *int64
	MinRun           *int64
	Checks           *[]string
	Notify           *[]string
	RemindEvery      *int64
	DependsOn        *[]string
	NotifyMail       *[]string
	NeverRemind      *bool
}

// Heartbeat is what queries and results tell of a heartbeat. It is a copy; the
// zero time means "none". Times are wall clock with millisecond resolution, UTC.
type Heartbeat struct {
	ID        HeartbeatID
	Token     Token
	Ordinal   uint64 // counts creations; newer is higher
	Spec      Spec
	Status    Status
	Armed     bool
	Misses    int64  // consecutive
	Missed    uint64 // misses ever
	Pings     uint64 // pings ever
	LastPing  time.Time
	LastFrom  string
	NextDue   time.Time // when the next ping is expected, without grace; zero while paused or unarmed
	CreatedAt time.Time
	UpdatedAt time.Time
	LastAlert time.Time
	Version   uint64        // counts edits, pauses and resumes, from 1
	LastExit  int           // the exit status that the newest ended run told; -1: none
	LastRun   time.Duration // how long that took; negative: not known
	Started   time.Time     // when the newest run began that has not ended; zero: none is open
	Rule      Rule          // which miss alerts next
	Resumed   time.Time     // when it was resumed, if no ping came since; zero: it was not
	Numbers   []Number      // the newest that a ping told
	Incident  OpenIncident  // the one that goes on; its Number is 0 if there is none

	PausedUntil time.Time // when the pause ends by itself; zero: it is not paused, or until somebody resumes it
}

// AlertsAt is how many consecutive misses alert next, 0 while a heartbeat is paused
// or failing.
func (h Heartbeat) AlertsAt() int64 {
	switch {
	case h.Status != StatusActive:
		return 0
	case h.Rule != RuleThreshold:
		return h.Misses + 1
	}
	return max(int64(h.Spec.Threshold), h.Misses+1)
}

// PingRecord is one ping of the history.
type PingRecord struct {
	Number   uint64    // counts the heartbeat's pings, from 1
	At       time.Time // when it was sent
	Received time.Time // when it came; At, unless it came late
	Kind     SignalKind
	Exit     int // -1: none told
	HasRun   bool
	Run      [16]byte      // if HasRun
	Took     time.Duration // of the run that it ended; negative: not known
	From     string        // of a signal; "": not known
	Body     []byte        // what is kept of it
	Dropped  int           // bytes of a body that was left out; 0: none was
	Numbers  []Number      // that it told
	Broke    string        // how it broke a check, if the job took it for a good run; may be cut
}

// Key is an API key, without the key.
type Key struct {
	ID        KeyID
	Name      string
	Scope     string
	CreatedAt time.Time

	MaxHeartbeats int // made with it, at a time; 0: any number
	Heartbeats    int // made with it, that still exist
}

// Settings are replicated, so that nothing depends on one node's flags.
type Settings struct {
	History   int      // pings kept for each heartbeat
	MailTo    []string // recipients of heartbeats that name none
	Burst     int      // single mails a recipient and window
	GroupWait int64    // the window in milliseconds of serving time; 0 turns digests off

	// FlapWindow is the time from a heartbeat's incident, in milliseconds of serving
	// time, in which further ones are held back until its end; 0 holds none.
	FlapWindow int64

	MaxHeartbeats int // of the cluster; 0: only the limit of that name

	RemindEvery int64 // seconds between reminders of heartbeats that do not say; 0: none
}

// Differences lists where other settings differ, by the flags that set them.
func (s Settings) Differences(other Settings) (flags []string) {
	for _, d := range []struct {
		flag   string
		differ bool
	}{
		{"--history", s.History != other.History},
		{"--mail-to", !slices.Equal(Canonical(s.MailTo), Canonical(other.MailTo))},
		{"--alert-burst", s.Burst != other.Burst},
		{"--alert-group-wait", s.GroupWait != other.GroupWait},
		{"--alert-flap-window", s.FlapWindow != other.FlapWindow},
		{"--max-heartbeats", s.MaxHeartbeats != other.MaxHeartbeats},
		{"--remind-every", s.RemindEvery != other.RemindEvery},
	} {
		if d.differ {
			flags = append(flags, d.flag)
		}
	}
	return flags
}

// DefaultSettings are those of a cluster that was told nothing.
func DefaultSettings() Settings {
	return Settings{History: 100, Burst: 5, GroupWait: 10_000, FlapWindow: 300_000, MaxHeartbeats: DefaultMaxHeartbeats}
}

// Gap is a time in which no ping could commit.
type Gap struct {
	From time.Time
	To   time.Time
}

// NodeInfo is what the cluster remembers of a node.
type NodeInfo struct {
	ID      NodeID
	Name    string
	HTTP    string // HOST:PORT
	Cluster string // HOST:PORT
	Version string
}

func nameAt(names []string, i int) string {
	if i < len(names) && names[i] != "" {
		return names[i]
	}
	return "unknown"
}

// WallTime turns Unix milliseconds into a time; 0 is "none".
func WallTime(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// WallMillis is the inverse of WallTime.
func WallMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Apply returns the spec with the patch's fields, in the canonical form in which
// empty lists are nil.
func (p Patch) Apply(s Spec) Spec {
	setIfGiven(&s.Name, p.Name)
	setIfGiven(&s.Slug, p.Slug)
	setIfGiven(&s.Interval, p.Interval)
	setIfGiven(&s.Grace, p.Grace)
	setIfGiven(&s.Threshold, p.Threshold)
	setIfGiven(&s.Arm, p.Arm)
	if p.Tags != nil {
		s.Tags = Canonical(*p.Tags)
	}
	if p.Emails != nil {
		s.Emails = Canonical(*p.Emails)
	}
	if p.Methods != nil {
		s.Methods = Canonical(*p.Methods)
	}
	for i := range fields {
		fields[i].apply(&p, &s)
	}
	p.choose(&s)
	return s
}

// choose lets a schedule that is given take the place of the interval, and an interval that
// of the schedule.
func (p Patch) choose(s *Spec) {
	switch {
	case p.Schedule != nil && len(*p.Schedule) > 0:
		if p.Interval == nil {
			s.Interval = 0
		}
		return
	case p.Interval == nil && p.Schedule == nil || len(s.Schedule) > 0 && p.Interval == nil:
		return
	}
	if s.Schedule = nil; p.TZ == nil {
		s.TZ = ""
	}
	if s.Interval == 0 && p.Interval == nil {
		s.Interval = DefaultInterval
	}
}

func setIfGiven[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// Canonical copies a list; an empty one becomes nil.
func Canonical(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

// NotKnown stands for an exit status or a duration that was not told.
const NotKnown = -1
