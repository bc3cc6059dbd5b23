package fsm

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestTimetablesComeBackAsTheyWere(t *testing.T) {
	times := Timetable{Rules: 1 << 31, Times: []int64{1_777_777_777_000, 1_777_777_837_000}}
	for _, c := range []Command{
		WithTimetable{Timetable: times, Command: Create{ID: heartbeatID(1), Token: token(2), Spec: everyField.with(aSpec(0, 5, 2))}},
		Authorized{Key: KeyID{5}, Command: WithTimetable{Timetable: times, Command: Update{ID: heartbeatID(1), Patch: everyFieldPatched}}},
		WithTimetable{Command: PutHeartbeat{ID: heartbeatID(1), Token: token(2), Spec: aSpec(60, 5, 2)}},
		SetTimetables{List: []NextTimes{{Ordinal: 7, Version: 3, Since: 1_777_777_777_777, Timetable: times}, {Ordinal: 8, Version: 1}}},
		ReadClock{},
	} {
		b := AppendCommand(nil, c)
		if got, err := DecodeCommand(b); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%#v\ncame back as %#v, %v", c, got, err)
		}
		if _, err := DecodeCommand(append(bytes.Clone(b), 0)); err == nil {
			t.Errorf("%T with a byte too many", c)
		}
	}
	for name, c := range map[string]Command{
		"of a pause":   WithTimetable{Timetable: times, Command: Pause{ID: heartbeatID(1)}},
		"of another":   WithTimetable{Timetable: times, Command: WithTimetable{Timetable: times, Command: Create{Spec: aSpec(60, 5, 2)}}},
		"of too many":  WithTimetable{Timetable: Timetable{Times: make([]int64, 17)}, Command: Create{Spec: aSpec(60, 5, 2)}},
		"that repeats": WithTimetable{Timetable: Timetable{Times: []int64{5, 5}}, Command: Create{Spec: aSpec(60, 5, 2)}},
	} {
		if got, err := DecodeCommand(AppendCommand(nil, c)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("a timetable %s: %#v, %v", name, got, err)
		}
	}
}

func TestAScheduleTakesThePlaceOfTheInterval(t *testing.T) {
	cron := []string{"0 2 * * *"}
	scheduled := aSpec(0, 5, 2)
	scheduled.Schedule, scheduled.TZ = cron, "Europe/Berlin"
	for name, x := range map[string]struct {
		from     Spec
		patch    Patch
		interval int64
		tz       string
		words    string // of a refusal
	}{
		"a schedule for an interval": {aSpec(60, 5, 2), Patch{Schedule: &cron}, 0, "", ""},
		"an interval for a schedule": {scheduled, Patch{Interval: new(int64(7))}, 7, "", ""},
		"no schedule any more":       {scheduled, Patch{Schedule: new([]string)}, DefaultInterval, "", ""},
		"another zone":               {scheduled, Patch{TZ: new("UTC")}, 0, "UTC", ""},
		"another schedule":           {scheduled, Patch{Schedule: new([]string{"@daily"})}, 0, "Europe/Berlin", ""},
		"something else":             {scheduled, Patch{Grace: new(int64(7))}, 0, "Europe/Berlin", ""},
		"none for an interval":       {aSpec(60, 5, 2), Patch{Schedule: new([]string)}, 60, "", ""},
		"both":                       {aSpec(60, 5, 2), Patch{Schedule: &cron, Interval: new(int64(7))}, 7, "", "interval_secs is 7, and there is a schedule; give one of the two"},
		"a zone for an interval":     {aSpec(60, 5, 2), Patch{TZ: new("UTC")}, 60, "UTC", `tz is "UTC", and there is no schedule that it could be of`},
		"a bad expression":           {aSpec(60, 5, 2), Patch{Schedule: new([]string{"61 * * * *"})}, 0, "", "schedule: "},
		"a bad zone":                 {scheduled, Patch{TZ: new("Europe/ Berlin")}, 0, "Europe/ Berlin", "it must be the name of a time zone"},
	} {
		got := x.patch.Apply(x.from)
		if got.Interval != x.interval || got.TZ != x.tz {
			t.Errorf("%s: interval %d, tz %q", name, got.Interval, got.TZ)
		}
		err := got.Validate()
		if (err == nil) != (x.words == "") || err != nil && !strings.Contains(err.Error(), x.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
