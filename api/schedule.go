package api

import (
	"fmt"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
)

// Zones finds the rules of time zones for schedules.
type Zones = schedules.Zones

// previewSchedule tells when a schedule fires next. It asks the cluster for nothing but whether
// the key still stands.
func (s *Server) previewSchedule(ctx *fasthttp.RequestCtx, _ []string) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	var q schedules.Question
	if err := decode(ctx, &q); err != nil {
		return err
	}
	if q.Schedule == nil {
		return badRequest("schedule is missing; give a cron expression or a calendar time, like 0 2 * * 1-5")
	}
	back, err := s.place(s.costly.Plays)
	if err != nil {
		return err
	}
	defer back()
	out, err := schedules.Show(q, s.cfg.Zones, s.cfg.Now())
	if err != nil {
		return badRequest(err.Error())
	}
	return reply(ctx, fasthttp.StatusOK, out)
}

// suggestSettings tells what a heartbeat's stored pings suggest, and what other settings would have alerted on.
func (s *Server) suggestSettings(ctx *fasthttp.RequestCtx, args []string) error {
	id, err := heartbeatID(args)
	if err != nil {
		return err
	}
	h, err := s.lookup(ctx, id)
	if err != nil {
		return err
	}
	current := schedules.SettingsOf(h.Spec, s.cfg.Zones)
	tried, err := s.triedSettings(ctx, current)
	if err != nil {
		return err
	}
	back, err := s.place(s.costly.Plays)
	if err != nil {
		return err
	}
	defer back()
	history, err := schedules.HistoryOf(s.store, id, schedules.MaxPings, s.cfg.Now())
	if err != nil {
		return err
	}
	zones, err := s.suggestedZones(ctx, current)
	if err != nil {
		return err
	}
	out := schedules.Suggest(history, zones, current, tried)
	out.TZData = s.cfg.Zones.Version()
	return reply(ctx, fasthttp.StatusOK, out)
}

// suggestedZones are those whose clock may order the job: the query's, the heartbeat's, UTC.
func (s *Server) suggestedZones(ctx *fasthttp.RequestCtx, current backtest.Settings) ([]*time.Location, error) {
	zones := schedules.ZonesOf(current)
	tz := ctx.QueryArgs().Peek("tz")
	if len(tz) == 0 {
		return zones, nil
	}
	asked, err := s.cfg.Zones.Location(string(tz))
	if err != nil {
		return nil, badRequest("tz: " + err.Error())
	}
	return append([]*time.Location{asked}, zones...), nil
}

// trial is a number in the query that changes settings for a trial.
type trial struct {
	name      string
	low, high int64
	apply     func(b *backtest.Settings, n int64)
}

var trials = []trial{
	{"interval_secs", fsm.MinInterval, fsm.MaxInterval, func(b *backtest.Settings, n int64) { b.Interval, b.Schedule = secs(n), nil }},
	{"grace_secs", 0, fsm.MaxGrace, func(b *backtest.Settings, n int64) { b.Grace = secs(n) }},
	{"miss_threshold", 1, fsm.MaxThreshold, func(b *backtest.Settings, n int64) { b.MissThreshold = int(n) }},
	{"failure_threshold", 1, fsm.MaxThreshold, func(b *backtest.Settings, n int64) { b.FailureThreshold = int(n) }},
	{"max_run_secs", 1, fsm.MaxGrace, func(b *backtest.Settings, n int64) { b.MaxRun = secs(n) }},
	{"min_run_secs", 0, fsm.MaxGrace, func(b *backtest.Settings, n int64) { b.MinRun = secs(n) }},
}

// triedSettings are the present ones with what the query changes; nil if it changes nothing.
func (s *Server) triedSettings(ctx *fasthttp.RequestCtx, tried backtest.Settings) (*backtest.Settings, error) {
	q := ctx.QueryArgs()
	changed := false
	for _, t := range trials {
		raw := q.Peek(t.name)
		if raw == nil {
			continue
		}
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || n < t.low || n > t.high {
			return nil, badRequest(fmt.Sprintf("%s is %.40q; it must be %d to %d", t.name, raw, t.low, t.high))
		}
		t.apply(&tried, n)
		changed = true
	}
	if !q.Has("schedule") {
		if changed {
			return &tried, nil
		}
		return nil, nil
	}
	if q.Has("interval_secs") {
		return nil, badRequest("schedule and interval_secs exclude each other: give one of them")
	}
	return &tried, s.trySchedule(q, &tried)
}

// trySchedule puts the schedule of a query into settings.
func (s *Server) trySchedule(q *fasthttp.Args, b *backtest.Settings) error {
	var expressions []string
	for _, e := range q.PeekMulti("schedule") {
		expressions = append(expressions, string(e))
	}
	parsed, loc, err := schedules.Read(expressions, string(q.Peek("tz")), s.cfg.Zones)
	if err != nil {
		return badRequest(err.Error())
	}
	b.Schedule, b.Zone = &parsed, loc
	return nil
}

func secs(n int64) time.Duration { return time.Duration(n) * time.Second }

// withTimetable adds the first timetable to a command that gives a heartbeat a schedule. If the
// command does not say all of it, the leader computes the timetable, within a second or so.
func (s *Server) withTimetable(cmd fsm.Command, list *[]string, tz *string, isNew bool) (fsm.Command, error) {
	now := s.cfg.Now()
	if list == nil || len(*list) == 0 {
		if tz != nil {
			if _, err := s.cfg.Zones.Location(*tz); err != nil {
				return cmd, badRequest("tz: " + err.Error())
			}
		}
		return cmd, nil
	}
	zone := ""
	if tz != nil {
		zone = *tz
	}
	when, loc, err := schedules.Read(*list, zone, s.cfg.Zones)
	if err == nil {
		if err = when.Check(now, loc); err != nil {
			err = fmt.Errorf("schedule: %w", err)
		}
	}
	if err != nil {
		return cmd, badRequest(err.Error())
	}
	if tz == nil && !isNew {
		return cmd, nil
	}
	t := fsm.Timetable{Rules: s.rulesAt(now)}
	for _, at := range when.Times(now, loc, fsm.MaxTimes) {
		t.Times = append(t.Times, at.UnixMilli())
	}
	return fsm.WithTimetable{Timetable: t, Command: cmd}, nil
}

// mayDiffer is by how much a node's wall clock may differ from what the newest batch says, before
// the leader is to compute anew what this node computes by it.
const mayDiffer = 5 * time.Second

// rulesAt returns what a timetable says of the rules by which it is computed at now; of none if
// this node's wall clock may be wrong, so that the leader computes the times anew at once. The
// leader's stamp is old if nothing happened for long: that costs a command.
func (s *Server) rulesAt(now time.Time) uint32 {
	if off := now.Sub(s.store.LastWall()); off > mayDiffer || off < -mayDiffer {
		return 0
	}
	return fsm.RulesOf(s.cfg.Zones.Version())
}

// requireSchedule refuses a time zone for a heartbeat that has no schedule. It asks behind a
// barrier: this node may not have the schedule yet that was acknowledged just before.
func (s *Server) requireSchedule(ctx *fasthttp.RequestCtx, id fsm.HeartbeatID, tz string) error {
	if err := s.barrier(ctx); err != nil {
		return err
	}
	if h, err := s.store.Heartbeat(id); err == nil && len(h.Spec.Schedule) == 0 {
		return zoneWithoutSchedule(tz)
	}
	return nil
}

// rezone makes a change of the one heartbeat with a slug of a command that gives it a time zone:
// a heartbeat must be there, for a new one would have no schedule.
func (s *Server) rezone(ctx *fasthttp.RequestCtx, slug string, c fsm.PutHeartbeat) (fsm.Command, error) {
	if err := s.barrier(ctx); err != nil {
		return nil, err
	}
	ordinal, n := s.store.Slug(slug)
	if n > 1 {
		return c, nil // which the state refuses
	}
	h, err := s.store.HeartbeatAt(ordinal)
	if err != nil || len(h.Spec.Schedule) == 0 {
		return nil, zoneWithoutSchedule(*c.Patch.TZ)
	}
	return fsm.Update{ID: h.ID, IfVersion: c.IfVersion, Patch: c.Patch}, nil
}

func zoneWithoutSchedule(tz string) error {
	return badRequest(fmt.Sprintf("tz is %.80q, and there is no schedule that it could be of: give it a schedule, too", tz))
}
