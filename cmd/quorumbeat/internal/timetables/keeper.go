package timetables

import (
	"context"
	"log/slog"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/internal/tick"
)

const (
	lookEvery    = time.Second
	refreshEvery = time.Hour // of the machine's rules
	clockOff     = 1500      // ms: more than the serving clock lags between two of its advances
	perCommand   = 256       // heartbeats of one command
)

// Keeper keeps timetables topped up.
type Keeper struct {
	Store   *store.Store
	Zones   Zones
	Refresh func() bool // looks whether the machine's rules are others by now
	Log     *slog.Logger

	// Propose commits a command of the leader of a term, or not at all.
	Propose func(ctx context.Context, term uint64, cmd fsm.Command) (fsm.Result, error)
	Now     func() time.Time // as batches are stamped; nil: time.Now
}

// Lead does the work while the node leads, until ctx ends.
func (k *Keeper) Lead(ctx context.Context, term uint64) {
	warned := map[string]bool{}
	refreshed := time.Time{} // they may have been replaced while another led
	for ctx.Err() == nil {
		if time.Since(refreshed) >= refreshEvery {
			refreshed = time.Now()
			if k.Refresh() {
				k.Log.Info("the rules of time zones are others now", "rules", k.Zones.Version())
			}
		}
		k.look(ctx, term, warned)
		k.lookAtWindows(ctx, term, warned)
		k.lookAtHours(ctx, term, warned)
		select {
		case <-tick.Next(lookEvery):
		case <-ctx.Done():
		}
	}
}

// look does what is to be done now. What could not be proposed is there at the next look.
func (k *Keeper) look(ctx context.Context, term uint64, warned map[string]bool) {
	if off := k.Store.ClockOff(); off > clockOff || off < -clockOff {
		if _, err := k.Propose(ctx, term, fsm.ReadClock{}); err != nil {
			return
		}
	}
	var next []fsm.NextTimes
	rules := fsm.RulesOf(k.Zones.Version())
	for page, more := 0, true; more && ctx.Err() == nil; {
		var list []store.WantedTimes
		now := k.now()
		list, page, more = k.Store.WantedTimes(page, now.UnixMilli(), rules)
		for _, w := range list {
			if x, ok := k.nextOf(w, now, warned); ok {
				next = append(next, x)
			}
		}
		if len(next) >= perCommand || !more && len(next) > 0 {
			if _, err := k.Propose(ctx, term, fsm.SetTimetables{List: next}); err != nil {
				return
			}
			next = next[:0:0]
		}
	}
}

// lookAtWindows gives maintenance windows their next times.
func (k *Keeper) lookAtWindows(ctx context.Context, term uint64, warned map[string]bool) {
	var next []fsm.WindowTimes
	for _, w := range k.Store.WantedWindows(k.now().UnixMilli(), fsm.RulesOf(k.Zones.Version())) {
		t, err := Next(k.Zones, w.Schedule, w.TZ, time.UnixMilli(w.Since))
		if err != nil {
			k.warn(w.TZ, err, warned)
			continue
		}
		if n := len(t.Times); t.Rules != w.Rules || n > 0 && t.Times[n-1] > w.Last {
			next = append(next, fsm.WindowTimes{ID: w.ID, Since: w.Since, Timetable: t})
		}
	}
	if len(next) > 0 {
		_, _ = k.Propose(ctx, term, fsm.SetWindowTimes{List: next}) // else it is there at the next look
	}
}

// lookAtHours tells when the hours of channels are, next.
func (k *Keeper) lookAtHours(ctx context.Context, term uint64, warned map[string]bool) {
	var next []fsm.HoursTimes
	rules := fsm.RulesOf(k.Zones.Version())
	for _, w := range k.Store.WantedHours(k.now().UnixMilli(), rules) {
		h, err := weekly.Parse(w.Hours)
		if err != nil {
			continue // the state takes none that cannot be read
		}
		spans, err := h.Spans(k.now(), k.Zones.Location, fsm.MaxSpans)
		if err != nil {
			k.warn(w.Hours, err, warned)
			continue
		}
		if n := len(spans); rules != w.Rules || n > 0 && spans[n-1].To > w.Last {
			next = append(next, fsm.HoursTimes{Channel: w.Channel, Hours: w.Hours, Rules: rules, Spans: spans})
		}
	}
	if len(next) > 0 {
		_, _ = k.Propose(ctx, term, fsm.SetHours{List: next}) // else it is there at the next look
	}
}

// warn says, once for each time zone, that this node cannot compute its times.
func (k *Keeper) warn(tz string, err error, warned map[string]bool) {
	if !warned[tz] {
		warned[tz] = true
		k.Log.Error("this node cannot tell when something is expected, or planned, and no other does while it leads: give it newer rules of time zones, or let another lead", "err", err)
	}
}

// nextOf computes the next times of a heartbeat. False: there are none that are new.
func (k *Keeper) nextOf(w store.WantedTimes, now time.Time, warned map[string]bool) (fsm.NextTimes, bool) {
	x := fsm.NextTimes{Ordinal: w.Ordinal, Version: w.Version, Since: w.Since}
	for {
		t, err := Next(k.Zones, w.Schedule, w.TZ, time.UnixMilli(x.Since))
		if err != nil {
			k.warn(w.TZ, err, warned)
			return x, false
		}
		if n := len(t.Times); n == fsm.MaxTimes && t.Times[n-1]+w.Grace <= now.UnixMilli() && x.Since < now.UnixMilli() {
			x.Since = now.UnixMilli() // it ran out long ago: nobody was there to expect anything (those in a long grace are expected still)
			continue
		}
		x.Timetable = t
		known := t.Rules == w.Rules && (len(t.Times) == 0 || t.Times[len(t.Times)-1] <= w.Last)
		return x, !known
	}
}

func (k *Keeper) now() time.Time {
	if k.Now != nil {
		return k.Now()
	}
	return time.Now()
}
