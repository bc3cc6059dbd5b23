package store

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/internal/uptime"
)

// maxPerLock is how many heartbeats a long listing reads before it lets entries be
// applied again. Such a listing is not one moment's picture.
const maxPerLock = 1024

// Heartbeat returns one heartbeat, or ErrNotFound.
func (s *Store) Heartbeat(id fsm.HeartbeatID) (fsm.Heartbeat, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.heartbeatAt(s.st.byID(id))
}

// HeartbeatAt returns the heartbeat of an ordinal, or ErrNotFound.
func (s *Store) HeartbeatAt(ordinal uint64) (fsm.Heartbeat, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.heartbeatAt(ordinal)
}

// HeartbeatByToken returns the heartbeat with a ping token, or ErrNotFound.
func (s *Store) HeartbeatByToken(t fsm.Token) (fsm.Heartbeat, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.heartbeatAt(s.st.byToken(t))
}

func (st *state) heartbeatAt(ord uint64) (fsm.Heartbeat, error) {
	if st.table.Hot(ord) == nil {
		return fsm.Heartbeat{}, fsm.ErrNotFound
	}
	return st.viewHeartbeat(st.table.Record(ord)), nil
}

// statusMatches tells of some heartbeats, without decoding them, that they do not match.
func statusMatches(f *fsm.HeartbeatFilter, v *table.Hot) bool {
	return f.Status == "" || v.Status() == f.Status
}

func textMatches(f *fsm.HeartbeatFilter, r *table.Record) bool {
	spec := &r.Cold.Spec
	return (f.Tag == "" || slices.Contains(spec.Tags, f.Tag)) &&
		(f.Query == "" || containsFold(spec.Name, f.Query) || containsFold(spec.Slug, f.Query))
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// Heartbeats lists newest first. more tells that the limit cut the list: go on
// with Before set to the last one's Ordinal.
func (s *Store) Heartbeats(f fsm.HeartbeatFilter) (list []fsm.Heartbeat, more bool) {
	for before, done := f.Before, false; !done; {
		list, before, done = s.someHeartbeats(f, list, before)
		if f.Limit > 0 && len(list) > f.Limit {
			return list[:f.Limit], true
		}
	}
	return list, false
}

// HasTag reports whether some heartbeat has a tag.
func (s *Store) HasTag(tag string) bool {
	list, _ := s.Heartbeats(fsm.HeartbeatFilter{Tag: tag, Limit: 1})
	return len(list) > 0
}

// someHeartbeats appends what matches among the next lockFor heartbeats.
func (s *Store) someHeartbeats(f fsm.HeartbeatFilter, list []fsm.Heartbeat, before uint64) (_ []fsm.Heartbeat, last uint64, done bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	read := 0
	done = true
	s.st.table.EachNewest(before, func(ord uint64, p *table.Page, slot int) bool {
		if read++; read > maxPerLock {
			done = false
			return false
		}
		last = ord
		if !statusMatches(&f, p.Hot(slot)) {
			return true
		}
		if r := p.Record(slot, ord); textMatches(&f, r) {
			list = append(list, s.st.viewHeartbeat(r))
		}
		return f.Limit == 0 || len(list) <= f.Limit
	})
	return list, last, done
}

// Pings lists up to limit pings of a heartbeat's history, newest first, with
// numbers below before (0: from the newest). more tells that older ones remain.
func (s *Store) Pings(id fsm.HeartbeatID, limit int, before uint64) (list []fsm.PingRecord, more bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	page, slot := s.st.table.At(s.st.byID(id))
	if page == nil {
		return nil, false, fsm.ErrNotFound
	}
	v := page.Hot(slot)
	last, oldest := v.Pings, v.Pings-uint64(page.Head(slot).Kept)+1
	if before > 0 {
		last = min(last, before-1)
	}
	if last < oldest || limit <= 0 {
		return nil, false, nil
	}
	page.History.WalkBack(page.Head(slot), slot, int(v.Pings-last), func(at int64, extra []byte, from [16]byte) bool {
		number := last - uint64(len(list))
		p, refs := pingRecord(number, at, extra, from)
		if x := page.Runs(slot); x != nil {
			p.Body, p.Numbers = x.Body(number), x.Results.Named(refs)
		}
		list = append(list, p)
		return len(list) < limit
	})
	return list, last-uint64(len(list)) >= oldest, nil
}

// pingRecord makes the copy of an entry that queries show. from is the address of who sent
// it, unless the entry has another.
func pingRecord(number uint64, at int64, extra []byte, from [16]byte) (fsm.PingRecord, history.Numbers) {
	p := fsm.PingRecord{Number: number, At: fsm.WallTime(at), Received: fsm.WallTime(at), Exit: fsm.NotKnown, Took: fsm.NotKnown}
	d, _ := history.ReadDetail(extra)
	if d.Kind.EndsRun() && !d.From.IsValid() {
		d.From = history.AddrOf(from)
	}
	p.At = fsm.WallTime(at - d.Late)
	p.Kind, p.Exit, p.HasRun, p.Run = d.Kind, d.Exit, d.HasRun, d.Run
	p.Dropped, p.Broke = d.Dropped, d.Broke
	if d.Took != fsm.NotKnown {
		p.Took = time.Duration(d.Took) * time.Millisecond
	}
	if d.From.IsValid() {
		p.From = d.From.String()
	}
	return p, d.Numbers
}

// maxPagesPerLock is how many pages NextDue looks at before it lets entries be applied
// again.
const maxPagesPerLock = 100

// NextDue returns the serving time of the earliest deadline, false if none is
// running. One that is not after the Horizon is due and not yet judged, or old tokens are due to end. It takes
// the write lock, for a tenth of a millisecond at a time, to put right what pings
// have changed at the head of the order.
func (s *Store) NextDue() (int64, bool) {
	for {
		if e, found, finished := s.nextDueWithin(); finished {
			return e.Deadline, found
		}
	}
}

func (s *Store) nextDueWithin() (e table.Due, found, finished bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.st.oldTokens.IsDue(s.st.serving) {
		return table.Due{Deadline: s.st.horizon}, true, true
	}
	return s.st.table.NextDue(math.MaxInt64, maxPagesPerLock)
}

// FailureTold reports whether the heartbeat with an ordinal is failing, and a failure
// of its incident was told: another one will not be.
func (s *Store) FailureTold(ordinal uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v := s.st.table.Hot(ordinal)
	return v != nil && v.Is(table.Reported)
}

// Uptime tells of a heartbeat's newest 90 days, oldest first, the last one being that of
// now, or ErrNotFound.
func (s *Store) Uptime(id fsm.HeartbeatID, now time.Time) ([]fsm.UptimeDay, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.uptimeOf(s.st.byID(id), now.UnixMilli())
}

// UptimeAt is Uptime of the heartbeat with an ordinal.
func (s *Store) UptimeAt(ordinal uint64, now time.Time) ([]fsm.UptimeDay, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.uptimeOf(ordinal, now.UnixMilli())
}

// PausesAt returns when the heartbeat with an ordinal was paused, oldest first: the newest times that
// are known, and the one that goes on, up to now.
func (s *Store) PausesAt(ordinal uint64, now time.Time) (list []fsm.PausedTime) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.st.uptime.Pauses(ordinal, now.UnixMilli()) {
		list = append(list, fsm.PausedTime{From: fsm.WallTime(p.From), To: fsm.WallTime(p.To)})
	}
	return list
}

func (st *state) uptimeOf(ord uint64, now int64) ([]fsm.UptimeDay, error) {
	if !st.table.Has(ord) {
		return nil, fsm.ErrNotFound
	}
	r := st.table.Record(ord)
	c := uptime.Circumstances{Now: now, Created: r.Cold.Created, Gaps: st.gaps.each}
	if r.Is(table.Failing) {
		c.DownSince = r.Runs.Incident.Since
	}
	known := st.uptime.Of(ord)
	return known.Tell(c), nil
}

// Slug returns how many heartbeats have a slug, and the ordinal if it is one.
func (s *Store) Slug(slug string) (ordinal uint64, n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.st.slugs.Find(slug)
}

// viewHeartbeat makes the copy that queries and results show.
func (st *state) viewHeartbeat(r *table.Record) fsm.Heartbeat {
	h := fsm.Heartbeat{
		ID: r.Cold.ID, Token: r.Cold.Token, Ordinal: r.Ordinal, Spec: r.Cold.Spec,
		Status: r.Status(), Armed: r.Is(table.Armed),
		Misses: r.MissesAt(st.horizon), Missed: r.MissedAt(st.horizon), Pings: r.Pings,
		LastPing: fsm.WallTime(r.LastPing), LastFrom: table.CallerOf(&r.Head), NextDue: fsm.WallTime(st.nextDue(r)),
		CreatedAt: fsm.WallTime(r.Cold.Created), UpdatedAt: fsm.WallTime(r.Cold.Updated),
		LastAlert: fsm.WallTime(r.LastAlert), Version: r.Cold.Version,
		LastExit: fsm.NotKnown, LastRun: fsm.NotKnown, Rule: r.Rule(),
	}
	if x := st.incidents.Get(refOf(r)); x != nil && x.End == incident.GoesOn {
		h.Incident = st.viewOpen(x)
	}
	if x := r.Runs; x != nil {
		h.LastExit, h.Resumed, h.PausedUntil = x.Exit, fsm.WallTime(x.Resumed), fsm.WallTime(x.PausedUntil())
		h.Numbers = slices.Clone(x.Results.Latest())
		if x.Took != fsm.NotKnown {
			h.LastRun = time.Duration(x.Took) * time.Millisecond
		}
		if o := x.NewestRun(); o != nil {
			h.Started = fsm.WallTime(o.Began())
		}
	}
	h.Spec.Tags = slices.Clone(h.Spec.Tags)
	h.Spec.Emails = slices.Clone(h.Spec.Emails)
	h.Spec.Methods = slices.Clone(h.Spec.Methods)
	h.Spec.Notify = slices.Clone(h.Spec.Notify)
	h.Spec.DependsOn = slices.Clone(h.Spec.DependsOn)
	return h
}

// nextDue returns the wall time at which the next ping is expected, without grace; 0
// while a heartbeat is paused or unarmed.
func (st *state) nextDue(r *table.Record) int64 {
	if !r.Is(table.Armed) || r.Is(table.Paused) {
		return 0
	}
	return st.expectedAt(r, r.MissesAt(st.horizon)-r.Carried+1)
}

// expectedAt returns the wall time of the n-th expected ping since the anchor. Gaps put off
// those of intervals, not those of schedules.
func (st *state) expectedAt(r *table.Record, n int64) int64 {
	if r.Is(table.Scheduled) {
		return r.ExpectedAt(n)
	}
	return r.ExpectedAt(n) + st.gaps.lengthSinceAnchor(r)
}
