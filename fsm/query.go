package fsm

import "time"

// HeartbeatFilter chooses heartbeats; its zero value chooses all.
type HeartbeatFilter struct {
	Tag    string
	Status Status // "": any
	Query  string // part of the name or slug, in any case
	Limit  int    // 0: all
	Before uint64 // only Ordinals below; 0: from the newest
}

// AlertFilter chooses rows of the ledger; its zero value chooses all.
type AlertFilter struct {
	State     AlertState   // 0: any
	Heartbeat *HeartbeatID // nil: any
	Limit     int          // 0: all
	Before    *AlertID     // only rows listed after this one; nil: from the newest
}

// IncidentFilter chooses incidents; its zero value chooses all.
type IncidentFilter struct {
	Open   bool         // only those that go on
	Limit  int          // 0: all
	Before *IncidentRef // only those listed after it; nil: from the newest
}

// AlertCount is how many rows ever entered a state; for AlertPending, how many
// were written.
type AlertCount struct {
	Kind  AlertKind
	State AlertState
	N     uint64
}

// Totals feeds the metrics. Its cost grows with the heartbeats that are failing
// and the alerts that are under way, not with those that are well.
type Totals struct {
	Active, Paused, Failing int
	Misses                  uint64
	Pings                   uint64
	Serving                 int64 // ms
	GapTotal                int64 // ms
	Alerts                  []AlertCount
	Queue                   int       // rows that are not settled
	OldestPending           time.Time // zero: none
}

// Work is what a leader's sender may do now.
type Work struct {
	Ready   []AlertID    // may be claimed now, about the oldest first
	Digests []FormDigest // may be formed now
	Doubt   []Alert      // fenced in an earlier term, unsettled
	Next    int64        // serving time at which more becomes ready by itself; 0: none
}

// Position is a place in the cluster's log: right after an entry that was applied. Its zero
// value is before all entries.
type Position struct{ Index, Term uint64 }

// Change says that a heartbeat, or an incident of it, is not what it was. Plain pings are
// none, but the first one, and one that ends misses.
type Change struct {
	Ordinal  uint64
	ID       HeartbeatID // of a heartbeat that was deleted, or of an incident's; of what stands for one
	Deleted  bool
	Lost     []string // tags that it had before, and has no more
	Incident uint32   // of the incident that began or ended; 0: of none
	Since    int64    // when that began, Unix ms
	Until    int64    // when it ended, Unix ms; 0: it goes on
	Reason   string   // why it began: silence, failure or hung_run, or the kind of one of the monitor itself
}

// IncidentID names the incident in the API.
func (c Change) IncidentID() string { return incidentID(c.ID, c.Incident) }
