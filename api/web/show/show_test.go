package show

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

func TestNaturalOrder(t *testing.T) {
	want := []string{"", "007x", "7x", "8", "a", "A1", "a1", "a01b", "a2", "job2", "Job10", "job10", "jób", "z", "ä", "日本"}
	got := slices.Clone(want)
	for range 20 {
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, CompareNatural)
		if !slices.Equal(got, want) {
			t.Fatalf("order %q\n want %q", got, want)
		}
	}
}

// FuzzNaturalOrder holds the order to what sorting needs.
func FuzzNaturalOrder(f *testing.F) {
	f.Add("job2", "job10", "job 2")
	f.Add("a01", "a1", "A1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, ba := CompareNatural(a, b), CompareNatural(b, a)
		if (ab < 0) != (ba > 0) || (ab == 0) != (a == b) {
			t.Errorf("%q and %q: %d and %d", a, b, ab, ba)
		}
		if ab <= 0 && CompareNatural(b, c) <= 0 && CompareNatural(a, c) > 0 {
			t.Errorf("%q, %q, %q", a, b, c)
		}
	})
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]int64{"90": 90, "90s": 90, "15m": 900, "1h30m": 5400, "7d": 604800, "1d 2h": 93600, "0s": 0} {
		if got, err := ReadDuration(text); err != nil || got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
		if back, err := ReadDuration(WriteDuration(want)); err != nil || back != want {
			t.Errorf("%d is written %q", want, WriteDuration(want))
		}
	}
	for _, text := range []string{"", "x", "d", "1.5s", "5 apples", "1d2d", "99999999999999999999"} {
		if n, err := ReadDuration(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
}

func TestStrip(t *testing.T) {
	base := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(min int) time.Time { return base.Add(time.Duration(min) * time.Minute) }
	ping := func(min int, kind fsm.SignalKind) fsm.PingRecord {
		return fsm.PingRecord{At: at(min), Kind: kind, Took: -1}
	}
	pause := func(mins ...int) (list []fsm.PausedTime) {
		for two := range slices.Chunk(mins, 2) {
			list = append(list, fsm.PausedTime{From: at(two[0]), To: at(two[1])})
		}
		return list
	}
	h := fsm.Heartbeat{Spec: fsm.Spec{Interval: 600, Grace: 60}, Status: fsm.StatusActive, Armed: true, CreatedAt: at(0)}
	tests := []struct {
		name   string
		pings  []fsm.PingRecord // oldest first
		gaps   []fsm.Gap
		pauses []fsm.PausedTime
		now    int
		want   string
	}{
		{"on time, late, failed", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(10, fsm.SignalSuccess), ping(21, fsm.SignalSuccess), ping(30, fsm.SignalFail)}, nil, nil, 35, "hhlf"},
		{"missed and late", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(25, fsm.SignalSuccess)}, nil, nil, 26, "hmml"},
		{"missed until now", []fsm.PingRecord{ping(0, fsm.SignalSuccess)}, nil, nil, 31, "hmm"},
		{"while the monitor was down", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(15, fsm.SignalSuccess)}, []fsm.Gap{{From: at(9), To: at(12)}}, nil, 16, "hgl"},
		{"never pinged", nil, nil, nil, 22, "mm"},
		{"starts and notes are no beats", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(5, fsm.SignalStart), ping(6, fsm.SignalLog), ping(10, fsm.SignalSuccess)}, nil, nil, 11, "hh"},
		{"a pause that is over, and a run since", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(55, fsm.SignalSuccess)}, nil, pause(5, 45), 56, "hpppph"},
		{"a pause that is over", []fsm.PingRecord{ping(0, fsm.SignalSuccess)}, nil, pause(25, 45), 70, "hmmppmm"},
		{"in the middle of a grace", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(20, fsm.SignalSuccess)}, nil, pause(10, 12), 21, "hph"},
		{"it goes on", []fsm.PingRecord{ping(0, fsm.SignalSuccess)}, nil, pause(15, 41), 41, "hmppp"},
		{"two pauses, and a run in one", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(25, fsm.SignalSuccess), ping(95, fsm.SignalSuccess)}, nil, pause(5, 40, 60, 90), 96, "hpphpmppph"},
		{"paused before its first run", nil, nil, pause(12, 35), 50, "mppm"},
		{"late for the time since it was resumed", []fsm.PingRecord{ping(0, fsm.SignalSuccess), ping(42, fsm.SignalSuccess)}, nil, pause(5, 21), 43, "hppml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			slices.Reverse(tt.pings)
			got := ""
			beats := Strip(h, tt.pings, tt.gaps, tt.pauses, at(tt.now), nil)
			for _, b := range beats {
				if b.Kind != "none" {
					got += b.Kind[:1]
				}
			}
			if got != tt.want || len(beats) != StripLength {
				t.Errorf("%s of %d, want %s", got, len(beats), tt.want)
			}
		})
	}
}

// TestStripOfASchedule: what was expected and did not come is missed, by the wall of its zone.
func TestStripOfASchedule(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	good := func(texts ...string) (pings []fsm.PingRecord) {
		for _, text := range slices.Backward(texts) {
			pings = append(pings, fsm.PingRecord{At: at(text), Kind: fsm.SignalSuccess, Took: -1})
		}
		return pings
	}
	nightly := fsm.Heartbeat{Spec: fsm.Spec{Schedule: []string{"0 2 * * 1-5"}, TZ: "Europe/Berlin", Grace: 3600}, Status: fsm.StatusActive, Armed: true, CreatedAt: at("2026-10-01 12:00")}
	pause := func(from, to string) []fsm.PausedTime { return []fsm.PausedTime{{From: at(from), To: at(to)}} }
	often := nightly
	often.Spec.Schedule, often.Spec.Grace = []string{"* * * * *"}, 30
	january := nightly
	january.Spec.Schedule = []string{"* 0 * 1 *"} // each minute of an hour, on 31 days of the year
	gap := []fsm.Gap{{From: at("2026-10-22 01:30"), To: at("2026-10-22 02:10")}}
	for _, tt := range []struct {
		name   string
		h      fsm.Heartbeat
		pings  []fsm.PingRecord
		gaps   []fsm.Gap
		pauses []fsm.PausedTime
		now    string
		want   string
	}{
		{"on time, over a weekend and the change of clocks", nightly, good("2026-10-22 02:03", "2026-10-23 02:03", "2026-10-26 02:04"), nil, nil, "2026-10-26 09:00", "hhh"},
		{"one night is missed", nightly, good("2026-10-20 02:03", "2026-10-22 02:03"), nil, nil, "2026-10-22 09:00", "hmh"},
		{"nights that are missed until now", nightly, good("2026-10-20 02:03"), nil, nil, "2026-10-26 02:30", "hmmm"},
		{"its grace has just passed", nightly, good("2026-10-20 02:03"), nil, nil, "2026-10-21 03:01", "hm"},
		{"its grace has not passed", nightly, good("2026-10-20 02:03"), nil, nil, "2026-10-21 02:59", "h"},
		{"late within its grace, and after it", nightly, good("2026-10-20 02:00", "2026-10-21 02:40", "2026-10-22 05:00"), nil, nil, "2026-10-22 09:00", "hlml"},
		{"a little early", nightly, good("2026-10-19 02:00", "2026-10-20 01:59", "2026-10-21 02:00"), nil, nil, "2026-10-21 09:00", "hhh"},
		{"the monitor was down", nightly, good("2026-10-21 02:00"), gap, nil, "2026-10-22 09:00", "hg"},
		{"never pinged", nightly, nil, nil, nil, "2026-10-05 09:00", "mm"},
		{"paused", nightly, good("2026-10-20 02:00"), nil, pause("2026-10-20 12:00", "2026-10-23 09:00"), "2026-10-23 09:00", "hppp"},
		{"paused, and resumed", nightly, good("2026-10-20 02:00"), nil, pause("2026-10-20 12:00", "2026-10-22 12:00"), "2026-10-23 09:00", "hppm"},
		{"a pause that is over, and runs since", nightly, good("2026-10-20 02:00", "2026-10-23 02:00"), nil, pause("2026-10-20 12:00", "2026-10-22 12:00"), "2026-10-23 09:00", "hpph"},
		{"each minute, for months", often, good("2026-01-20 02:00"), nil, nil, "2026-10-23 09:00", strings.Repeat("m", StripLength)},
		{"each minute of some days, months ago", january, nil, nil, nil, "2027-08-01 00:00", strings.Repeat("m", StripLength)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, b := range Strip(tt.h, tt.pings, tt.gaps, tt.pauses, at(tt.now), berlin) {
				if b.Kind != "none" {
					got += b.Kind[:1]
				}
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	beats := Strip(january, nil, nil, nil, at("2027-08-01 00:00"), berlin)
	if last := beats[StripLength-1].At; !last.Equal(at("2027-01-31 00:59")) {
		t.Errorf("the newest is of %v", last)
	}
	long := fsm.PingRecord{At: at("2026-10-21 02:58"), Kind: fsm.SignalSuccess, Took: 57 * time.Minute}
	if planOf(nightly.Spec, berlin).late(long, at("2026-10-20 02:00"), time.Hour) {
		t.Error("a run that began on time and took long is late")
	}
}

// TestNewestTimesOfAnySchedule compares with following it from the beginning.
func TestNewestTimesOfAnySchedule(t *testing.T) {
	run := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, expression := range []string{"* * * * *", "*/7 3 * * *", "0 0 1 * *", "* * 1 4 *", "0 12 29 2 *", "*-*-* 00:00:07", "*-04-01 *:*:00"} {
		for _, until := range []time.Duration{time.Minute, time.Hour, 26 * time.Hour, 33 * 24 * time.Hour, 90 * 24 * time.Hour} {
			when, err := schedule.Parse([]string{expression})
			if err != nil {
				t.Fatal(err)
			}
			p, before := scheduled{when, time.UTC}, run.Add(until)
			var want []time.Time
			for at := p.answered(run); ; {
				next, ok := when.Next(at, time.UTC)
				if !ok || !next.Before(before) {
					break
				}
				want, at = append(want, next), next
			}
			want = want[max(0, len(want)-StripLength):]
			if got := p.between(run, before, StripLength); !slices.Equal(got, want) {
				t.Errorf("%s, %v on: %v, want %v", expression, until, got, want)
			}
		}
	}
}

func TestWordsOfTimes(t *testing.T) {
	now := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "just now", -3 * time.Second: "3 s ago", 90 * time.Second: "in 1 min 30 s", -25 * time.Hour: "1 d 1 h ago", 200 * 24 * time.Hour: "in 200 d",
	} {
		if got := Relative(now.Add(d), now); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// TestStepsOfAnAlert tells how far alerts in every state have come.
func TestStepsOfAnAlert(t *testing.T) {
	now := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		state   fsm.AlertState
		attempt uint32
		want    string
	}{
		{fsm.AlertPending, 0, "now written, next in hand, next being sent, next sent"},
		{fsm.AlertClaimed, 1, "done written, now in hand, next being sent, next sent"},
		{fsm.AlertFenced, 2, "done written, done in hand attempt 2, now being sent, next sent"},
		{fsm.AlertSent, 1, "done written, done in hand, done being sent, done sent"},
		{fsm.AlertFailed, 0, "done written, wrong failed"},
		{fsm.AlertFailed, 3, "done written, done in hand attempt 3, wrong failed"},
		{fsm.AlertHeld, 1, "done written, done in hand, wrong held"},
		{fsm.AlertCancelled, 0, "done written, done cancelled"},
	} {
		var got []string
		for _, s := range Steps(fsm.Alert{State: tt.state, Attempt: tt.attempt, CreatedAt: now, SentAt: now}, now) {
			got = append(got, strings.TrimSpace(s.Kind+" "+s.Name+" "+s.Note))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%v: %s, want %s", tt.state, strings.Join(got, ", "), tt.want)
		}
	}
}

// TestAScheduleIsToldInWords, and what came by it makes a strip, though no interval is known.
func TestAScheduleIsToldInWords(t *testing.T) {
	now := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	h := fsm.Heartbeat{Spec: fsm.Spec{Schedule: []string{"0 2 * * 1-5"}, TZ: "Europe/Berlin"}, Armed: true, CreatedAt: now.Add(-time.Hour * 99)}
	if got := Expected(h.Spec); got != "at 02:00, Monday to Friday: 0 2 * * 1-5, Europe/Berlin" {
		t.Error(got)
	}
	if got := Expected(fsm.Spec{Interval: 90}); got != "every 1 min 30 s" {
		t.Error(got)
	}
	beats := Strip(h, []fsm.PingRecord{{At: now.Add(-time.Hour), Kind: fsm.SignalSuccess}, {At: now.Add(-50 * time.Hour), Kind: fsm.SignalFail}}, nil, nil, now, nil)
	if len(beats) != StripLength || beats[StripLength-2].Kind != "failed" {
		t.Errorf("%+v", beats)
	}
	if got := string(Instant(now, now, time.FixedZone("CET", 3600))); !strings.Contains(got, "13:00:00 CET") {
		t.Error(got)
	}
}

func TestSnippetsPingTheHeartbeat(t *testing.T) {
	const u = "https://qb.example/base/v1/heartbeats/3f872a6e-b4e9-4372-afaf-cc7c0fc2aafa/ping"
	for methods, post := range map[string]bool{"": false, "POST": true} {
		spec := fsm.Spec{Slug: "job", Interval: 3600}
		if post {
			spec.Methods = fsm.MethodsPost
		}
		for _, x := range Snippets(u, spec) {
			if x.Name == "with output" {
				if x.Code != "quorumbeat run --url https://qb.example/base --token 3f872a6e-b4e9-4372-afaf-cc7c0fc2aafa -- /path/to/job" {
					t.Errorf("%s: %s", x.Name, x.Code)
				}
				continue
			}
			if strings.Count(x.Code, u) != 1 {
				t.Errorf("%s: %s", x.Name, x.Code)
			}
			if strings.Contains(x.Code, "curl") && strings.Contains(x.Code, "-X POST") != post {
				t.Errorf("%s, of methods %q: %s", x.Name, methods, x.Code)
			}
		}
	}
}
