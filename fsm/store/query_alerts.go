package store

import (
	"math"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/routing"
)

// Alerts lists the ledger newest first. more tells that the limit cut the list:
// go on with Before set to the last one's ID. A Before that the ledger has dropped
// meanwhile ends the list: what would follow is older still. A list that takes long
// is not one moment's picture.
func (s *Store) Alerts(f fsm.AlertFilter) (list []fsm.Alert, more bool) {
	if f.Heartbeat != nil {
		return s.alertsOf(f)
	}
	before, ok := s.alertPosition(f.Before)
	for ok && !more {
		list, more, before, ok = s.someAlerts(f, list, before)
	}
	return list, more
}

// alertPosition is where a listing begins; false if that is unknown.
func (s *Store) alertPosition(id *fsm.AlertID) (*ledger.Key, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.ledger.Position(id)
}

// someAlerts appends what matches among the next lockFor rows; ok tells that there
// may be more after the row that it came to.
func (s *Store) someAlerts(f fsm.AlertFilter, list []fsm.Alert, before *ledger.Key) (_ []fsm.Alert, more bool, last *ledger.Key, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.ledgerNow().ListPage(f, list, before, maxPerLock)
}

func (s *Store) alertsOf(f fsm.AlertFilter) (list []fsm.Alert, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.ledgerNow().ListOf(f)
}

// Incidents lists incidents newest first, each with the alerts that are kept. It is paged like
// Alerts; its Before is the last one.
func (s *Store) Incidents(f fsm.IncidentFilter) (list []fsm.Incident, more bool) {
	s.mu.RLock()
	before, ok := s.st.incidents.Position(f.Before)
	s.mu.RUnlock()
	for ok {
		list, before, ok = s.someIncidents(f, list, before)
		if f.Limit > 0 && len(list) > f.Limit {
			return list[:f.Limit], true
		}
	}
	return list, false
}

// someIncidents appends what matches among the next maxPerLock incidents.
func (s *Store) someIncidents(f fsm.IncidentFilter, list []fsm.Incident, before *incident.Key) (_ []fsm.Incident, last *incident.Key, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	last, more = s.st.incidents.Page(before, maxPerLock, func(x *incident.Record) bool {
		if !f.Open || x.End == incident.GoesOn {
			list = append(list, s.st.viewIncident(x))
		}
		return f.Limit == 0 || len(list) <= f.Limit
	})
	return list, last, more
}

// IncidentsOf lists the incidents of one heartbeat, newest first.
func (s *Store) IncidentsOf(id fsm.HeartbeatID) (list []fsm.Incident) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, x := range s.st.incidents.Of(id) {
		list = append(list, s.st.viewIncident(x))
	}
	return list
}

// Incident returns one incident, or ErrNotFound.
func (s *Store) Incident(ref fsm.IncidentRef) (fsm.Incident, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	x := s.st.incidents.Get(ref)
	if x == nil {
		return fsm.Incident{}, fsm.ErrNotFound
	}
	return s.st.viewIncident(x), nil
}

func (st *state) viewIncident(x *incident.Record) fsm.Incident {
	in := fsm.Incident{
		Heartbeat: x.Heartbeat, OpenIncident: st.viewOpen(x), Open: x.End == incident.GoesOn, Name: x.Name,
		Until: fsm.WallTime(x.Until), EndedBy: x.End.String(), Misses: x.Misses, Failures: x.Failures, Told: x.Told,
		Alerts: st.ledgerNow().RowsOf(x.IncidentRef, x.Ordinal), System: x.Ordinal > fsm.SystemOrdinals,
	}
	in.Story, in.Left = x.Story.Events()
	if in.Open && !in.System {
		r := st.table.Record(x.Ordinal)
		in.Misses = r.Runs.Incident.Misses + r.MissesAt(st.horizon) - r.Misses
		in.Failures = r.Runs.Incident.Failures
	}
	return in
}

func (st *state) viewOpen(x *incident.Record) fsm.OpenIncident {
	in := fsm.OpenIncident{
		Number: x.Number, Since: fsm.WallTime(x.Since), Reason: x.Reason, AckedBy: x.AckedBy, AckedAt: fsm.WallTime(x.AckedAt),
		Snoozed: fsm.WallTime(x.Snoozed),
	}
	if x.Tell > 0 {
		in.RemindAt = fsm.WallTime(st.wall + x.Tell - st.serving)
	}
	return in
}

// Alert returns one row of the ledger, or ErrNotFound.
func (s *Store) Alert(id fsm.AlertID) (fsm.Alert, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, ok := s.st.ledgerNow().Alert(id)
	if !ok {
		return fsm.Alert{}, fsm.ErrNotFound
	}
	s.st.addDependents(&a)
	return a, nil
}

// namedDependents is how many heartbeats an alert names that depend on its own, and fail too.
const namedDependents = 10

// addDependents adds to an alarm whose incident goes on which heartbeats fail that depend on its own: nobody is told
// of them otherwise, meanwhile.
func (st *state) addDependents(a *fsm.Alert) {
	ord := st.byID(a.Heartbeat)
	if !a.Kind.Alarms() || st.openIncident(ord) != a.Incident {
		return
	}
	cold := st.table.Record(ord).Cold
	st.depends.Below(cold.ID, cold.Spec.Tags, func(ord uint64) bool {
		switch {
		case st.openIncident(ord) == 0:
		case len(a.Dependents) < namedDependents:
			a.Dependents = append(a.Dependents, st.table.Record(ord).Cold.Spec.Name)
		default:
			a.MoreDependents++
		}
		return true
	})
}

// Unaddressed returns the newest row that had no recipient, of those written since this
// process began; zero if there is none.
func (s *Store) Unaddressed() fsm.AlertID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.ledger.Unaddressed
}

// OverdueAlert returns for how long the oldest alert has waited that could have been sent, by the
// serving clock; 0 if none waits.
func (s *Store) OverdueAlert() time.Duration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return time.Duration(s.st.ledgerNow().Overdue()) * time.Millisecond
}

// Totals returns the counts of the whole state.
func (s *Store) Totals() fsm.Totals {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.st
	t := fsm.Totals{
		Paused: st.paused, Failing: len(st.failing),
		Active: st.table.Live - st.paused - len(st.failing),
		Misses: st.misses, Pings: st.pings, Serving: st.serving, GapTotal: st.gaps.total,
		Alerts: st.ledger.Counts(),
	}
	t.Misses += st.untakenMisses()
	unsettled, oldest := st.ledgerNow().Unsettled()
	t.Queue, t.OldestPending = unsettled, fsm.WallTime(oldest)
	return t
}

// untakenMisses returns the misses of failing heartbeats that nobody has counted yet. It
// looks each up if they are few, and else through all pages, which is several times
// faster: a ping waits meanwhile.
func (st *state) untakenMisses() (misses uint64) {
	if len(st.failing) < st.table.PageCount() {
		for ord := range st.failing {
			p, slot := st.table.At(ord)
			misses += p.Hot(slot).UncountedMisses(p.Times(slot), st.horizon)
		}
		return misses
	}
	return st.table.UncountedMisses(st.horizon)
}

// Work returns what the sender of mail may do in a term; see [Store.LaneWork].
func (s *Store) Work(term uint64, limit int) fsm.Work { return s.LaneWork(term, "", limit) }

// Lanes returns the IDs, as text, of the channels for which rows wait or are in flight.
func (s *Store) Lanes() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.ledger.Lanes()
}

// LaneRefuses returns for how long whoever takes the rows of a lane asked to be left alone, as far as the ledger knows; 0: at all.
func (s *Store) LaneRefuses(lane string) time.Duration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return time.Duration(max(0, s.st.ledger.RefusedUntil(lane)-s.st.serving)) * time.Millisecond
}

// Channels lists the channels, with their secrets, the newest first.
func (s *Store) Channels() []fsm.Channel {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.channels.List()
}

// Channel returns a channel, with its secrets, or ErrNotFound.
func (s *Store) Channel(id fsm.ChannelID) (fsm.Channel, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.st.channels.Get(id)
	if c == nil {
		return fsm.Channel{}, fsm.ErrNotFound
	}
	return *c, nil
}

// Targets names who is told of a heartbeat with a spec: addresses, and IDs of channels.
func (s *Store) Targets(spec fsm.Spec) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.ledgerNow().Targets(&spec)
}

// Explain says who is told of a heartbeat now, or would be if it failed, when, and why not; or
// ErrNotFound.
func (s *Store) Explain(id fsm.HeartbeatID) (routing.Explanation, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ord := s.st.byID(id)
	if ord == 0 {
		return routing.Explanation{}, fsm.ErrNotFound
	}
	return s.st.explain(s.st.table.Record(ord)), nil
}

func (st *state) explain(r *table.Record) routing.Explanation {
	x := routing.Explanation{Heartbeat: st.viewHeartbeat(r)}
	in := x.Heartbeat.Incident
	x.Targets, x.Overruled = st.ledgerNow().Explain(r)
	x.RemindAt = in.RemindAt
	switch {
	case len(x.Targets) == 0:
		x.Silent = routing.NoRecipient
	case r.Is(table.Paused):
		x.Silent, x.Until = routing.Paused, x.Heartbeat.PausedUntil
	case !in.Snoozed.IsZero():
		x.Silent, x.Until, x.RemindAt = routing.Snoozed, in.Snoozed, time.Time{}
	case !in.AckedAt.IsZero():
		x.Silent, x.By = routing.Acknowledged, in.AckedBy
	}
	if x.Silent == routing.Paused {
		for i := range x.Targets {
			t := &x.Targets[i]
			t.Told, t.At, t.Waits, t.Not = false, time.Time{}, nil, routing.Paused
		}
	}
	if n := x.Heartbeat.AlertsAt(); n > 0 && r.Is(table.Armed) {
		if at := r.MissAt(n - r.Carried); at != math.MaxInt64 {
			x.AlertsAt = fsm.WallTime(st.wall + at - st.serving)
		}
	}
	return x
}

// LaneWork returns what the sender of a lane may do in a term. A lane is a channel, by its
// ID, or "" for mail: at most limit rows and digests
// together, and of rows in doubt. Its cost follows what it returns and what senders
// have in hand, not how much waits. It takes the write lock, to look at the
// recipients of whom something changed since it was last called.
func (s *Store) LaneWork(term uint64, lane string, limit int) fsm.Work {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.st.ledgerNow().Work(term, lane, limit)
}

const (
	aboutPings   = 100             // that the usual duration is made of
	aboutFailing = 500             // heartbeats that fail are looked through at most
	aboutNames   = 5               // that are told
	aboutNear    = 5 * time.Minute // between the beginnings of incidents that may have one cause
)

// About tells of a heartbeat what an alert says beside its evidence; nothing if it is gone. failed is the
// ping of the failure that the alert tells of, zero for none, since when its incident began.
func (s *Store) About(id fsm.HeartbeatID, failed, since time.Time) fsm.About {
	a := s.AboutMember(id)
	pings, _, _ := s.Pings(id, aboutPings, 0)
	var took []time.Duration
	for _, p := range pings {
		switch {
		case p.Kind == fsm.SignalSuccess && p.Broke == "" && p.At.Before(since):
			if a.LastGood.IsZero() {
				a.LastGood = p.At
			}
			if p.Took >= 0 {
				took = append(took, p.Took)
			}
		case p.At.Equal(failed):
			a.Took = max(0, p.Took)
		}
	}
	if len(took) >= 5 {
		slices.Sort(took)
		a.Usual = took[(len(took)-1)/2]
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	a.FailsWith, a.More = s.st.failsWith(id, a.Tags, since)
	a.Failing = len(s.st.failing)
	return a
}

// AboutMember tells of a heartbeat what a digest says of each of its members.
func (s *Store) AboutMember(id fsm.HeartbeatID) fsm.About {
	h, err := s.Heartbeat(id)
	if err != nil {
		return fsm.About{}
	}
	return fsm.About{
		Slug: h.Spec.Slug, Description: h.Spec.Description, Runbook: h.Spec.RunbookURL, Owner: h.Spec.Owner,
		Tags: h.Spec.Tags, TZ: h.Spec.TZ,
	}
}

// failsWith names other heartbeats that fail since about a time: those that share a tag first. It
// names none if very many fail.
func (st *state) failsWith(id fsm.HeartbeatID, tags []string, since time.Time) (names []string, more int) {
	if len(st.failing) > aboutFailing {
		return nil, 0
	}
	var near, other []string
	for ord := range st.failing {
		r := st.table.Record(ord)
		apart := fsm.WallTime(r.Runs.Incident.Since).Sub(since)
		switch {
		case r.Cold.ID == id || apart.Abs() > aboutNear:
		case slices.ContainsFunc(r.Cold.Spec.Tags, func(t string) bool { return slices.Contains(tags, t) }):
			near = append(near, r.Cold.Spec.Name)
		default:
			other = append(other, r.Cold.Spec.Name)
		}
	}
	slices.Sort(near)
	slices.Sort(other)
	names = append(near, other...)
	more = max(0, len(names)-aboutNames)
	return names[:len(names)-more], more
}

// Templates returns the words of one's own for alerts.
func (s *Store) Templates() fsm.Templates {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.templates
}
