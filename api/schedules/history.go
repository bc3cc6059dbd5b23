package schedules

import (
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/backtest"
)

// Store is where the pings of heartbeats are.
type Store interface {
	Pings(id fsm.HeartbeatID, limit int, before uint64) (list []fsm.PingRecord, more bool, err error)
	Gaps() []fsm.Gap
}

// HistoryOf returns the newest pings of a heartbeat, so many at most, and what else they are judged
// by.
func HistoryOf(from Store, id fsm.HeartbeatID, pings int, now time.Time) (backtest.History, error) {
	list, _, err := from.Pings(id, pings, 0)
	slices.Reverse(list)
	return backtest.History{Pings: list, Gaps: from.Gaps(), Until: now}, err
}

// SettingsOf are those of a heartbeat. In the place of a schedule whose zone this node does not
// know stands the default interval.
func SettingsOf(s fsm.Spec, zones Zones) backtest.Settings {
	b := backtest.Settings{
		Interval: secs(s.Interval), Grace: secs(s.Grace), MissThreshold: s.Threshold,
		FailureThreshold: s.FailureThreshold, MaxRun: secs(s.MaxRun), MinRun: secs(s.MinRun),
	}
	if len(s.Schedule) == 0 {
		return b
	}
	parsed, loc, err := Read(s.Schedule, s.TZ, zones)
	if err != nil {
		b.Interval = secs(fsm.DefaultInterval)
		return b
	}
	b.Schedule, b.Zone = &parsed, loc
	return b
}

// ZonesOf are the zones whose clock may order a job that has settings now: theirs, and UTC.
func ZonesOf(current backtest.Settings) []*time.Location {
	if current.Zone == nil || current.Zone == time.UTC {
		return []*time.Location{time.UTC}
	}
	return []*time.Location{current.Zone, time.UTC}
}

func secs(n int64) time.Duration { return time.Duration(n) * time.Second }
