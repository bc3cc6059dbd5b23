package timetables

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// zonesOf are rules of a version in which every zone has the same offset from UTC.
type zonesOf struct {
	version string
	offset  time.Duration
}

func (z zonesOf) Version() string { return z.version }

func (z zonesOf) Location(name string) (*time.Location, error) {
	if name == "Nowhere" {
		return nil, fmt.Errorf("no such zone")
	}
	return time.FixedZone(name, int(z.offset.Seconds())), nil
}

// rig is a store with a keeper, and a wall clock.
type rig struct {
	t      *testing.T
	keeper *Keeper
	now    time.Time
	done   int // commands
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
	r.keeper = &Keeper{
		Store: store.New(), Zones: zonesOf{"a", 0}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return r.now },
		Propose: func(_ context.Context, _ uint64, cmd fsm.Command) (fsm.Result, error) {
			r.done++
			return r.do(cmd), nil
		},
	}
	return r
}

func (r *rig) do(cmds ...fsm.Command) fsm.Result {
	r.t.Helper()
	b := fsm.Batch{Term: 1, Wall: r.now.UnixMilli()}
	for _, c := range cmds {
		b.Items = append(b.Items, fsm.Item{Origin: fsm.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
	}
	res, err := r.keeper.Store.Apply(fsm.AppendBatch(nil, &b), 1)
	if err != nil || len(res) > 0 && res[0].Code != fsm.CodeOK {
		r.t.Fatalf("%v, %v", res, err)
	}
	if len(res) == 0 {
		return fsm.Result{}
	}
	return res[0]
}

func (r *rig) create(n byte, tz string, schedule ...string) {
	spec := fsm.Spec{Name: "x", Slug: "x", Grace: 60, Threshold: 1, Arm: fsm.ArmCreated, Schedule: schedule, TZ: tz}
	r.do(fsm.Create{ID: fsm.HeartbeatID{n}, Token: fsm.Token{n}, Spec: spec})
}

func (r *rig) look() int {
	r.done = 0
	r.keeper.look(r.t.Context(), 1, map[string]bool{})
	return r.done
}

func (r *rig) due(n byte) string {
	h, err := r.keeper.Store.Heartbeat(fsm.HeartbeatID{n})
	if err != nil {
		r.t.Fatal(err)
	}
	if h.NextDue.IsZero() {
		return ""
	}
	return h.NextDue.Format("02 15:04")
}

func TestTimetablesAreToppedUp(t *testing.T) {
	r := newRig(t)
	r.create(1, "Europe/Berlin", "0 2 * * *")
	r.create(2, "", "*/10 * * * *", "@hourly")
	r.create(3, "Nowhere", "@daily")
	if r.due(1) != "" {
		t.Error("somebody else computes times")
	}
	if n := r.look(); n != 1 || r.due(1) != "01 02:00" || r.due(2) != "01 00:10" || r.due(3) != "" {
		t.Errorf("%d commands; due at %q, %q, %q", n, r.due(1), r.due(2), r.due(3))
	}
	if n := r.look(); n != 0 {
		t.Errorf("%d commands of what is known already", n)
	}
	for range 100 {
		r.now = r.now.Add(10 * time.Minute)
		r.do(fsm.Ping{Ordinal: 2})
		r.look()
	}
	if r.due(2) != "01 16:50" {
		t.Errorf("after 100 runs due at %q", r.due(2))
	}
	r.now = r.now.Add(100 * time.Hour) // nobody led
	r.do(fsm.Ping{Ordinal: 2})
	if r.look(); r.due(2) != "05 20:50" {
		t.Errorf("after it ran out due at %q", r.due(2))
	}
}

func TestALeaderWithOtherRulesComputesAllAnew(t *testing.T) {
	r := newRig(t)
	for n := byte(1); n <= 200; n++ {
		r.create(n, "Europe/Berlin", "0 2 * * *")
	}
	if r.look(); r.due(200) != "01 02:00" {
		t.Errorf("due at %q", r.due(200))
	}
	r.keeper.Zones = zonesOf{"b", 2 * time.Hour}
	if n := r.look(); n != 1 || r.due(1) != "02 00:00" || r.due(200) != "02 00:00" {
		t.Errorf("%d commands; due at %q", n, r.due(200))
	}
	if n := r.look(); n != 0 {
		t.Errorf("%d commands more", n)
	}
}

func TestAScheduleThatEndsIsLeftAlone(t *testing.T) {
	r := newRig(t)
	r.create(1, "", "2026-05-01 01:00")
	r.look()
	if n := r.look(); n != 0 || r.due(1) != "01 01:00" {
		t.Errorf("%d commands; due at %q", n, r.due(1))
	}
}

func TestAWallClockThatMovedIsRead(t *testing.T) {
	r := newRig(t)
	r.create(1, "", "@hourly")
	r.look()
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		r.now = r.now.Add(by)
		r.do(fsm.Ping{Ordinal: 1})
		if off := r.keeper.Store.ClockOff(); off != by.Milliseconds() {
			t.Errorf("off by %d", off)
		}
		if r.look(); r.keeper.Store.ClockOff() != 0 {
			t.Errorf("still off by %d", r.keeper.Store.ClockOff())
		}
	}
}
