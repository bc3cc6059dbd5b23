package cron_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/cron"
)

// job is a crontab line as a daemon holds it: plain lists, read by a reader of its own that knows stars,
// numbers, ranges and steps.
type job struct {
	minute, hour, dom, month, dow                  [64]bool
	minuteStar, hourStar, domStar, dowStar, isWild bool
}

func readJob(expression string) job {
	f := strings.Fields(expression)
	star := func(i int) bool { return f[i][0] == '*' }
	j := job{
		minute: readList(f[0], 0, 59), hour: readList(f[1], 0, 23), dom: readList(f[2], 1, 31), month: readList(f[3], 1, 12), dow: readList(f[4], 0, 7),
		minuteStar: star(0), hourStar: star(1), domStar: star(2), dowStar: star(4),
	}
	j.isWild = j.minuteStar || j.hourStar
	if j.dow[7] || j.dow[0] {
		j.dow[0], j.dow[7] = true, true
	}
	return j
}

func readList(text string, low, high int) [64]bool {
	set := [64]bool{}
	for item := range strings.SplitSeq(text, ",") {
		from, to, step := low, high, 1
		span, by, stepped := strings.Cut(item, "/")
		if stepped {
			fmt.Sscan(by, &step)
		}
		if span != "*" {
			if n, _ := fmt.Sscanf(span, "%d-%d", &from, &to); n == 1 && !stepped {
				to = from
			}
		}
		for n := from; n <= to; n += step {
			set[n] = true
		}
	}
	return set
}

// due reports whether the job's fields match a minute of a wall clock.
func (j job) due(minute int64) bool {
	t := time.Unix(minute*60, 0).UTC()
	if !j.minute[t.Minute()] || !j.hour[t.Hour()] || !j.month[int(t.Month())] {
		return false
	}
	dom, dow := j.dom[t.Day()], j.dow[int(t.Weekday())]
	if j.domStar || j.dowStar {
		return dom && dow
	}
	return dom || dow
}

// daemon is a cron that wakes every minute from a moment on, and looks at the clock on the wall: the
// rules of Debian's, told once more as a loop.
type daemon struct {
	job     job
	virtual int64 // the wall minute up to which work is done
}

// wake runs what is due, and reports whether that is the job.
func (d *daemon) wake(wall int64) bool {
	run := func(minute int64, wild, fixed bool) bool {
		return d.job.due(minute) && (wild && d.job.isWild || fixed && !d.job.isWild)
	}
	ran := false
	switch diff := wall - d.virtual; {
	case diff == 1, diff > 180, diff <= -180: // as it should be, or another clock
		d.virtual = wall
		ran = run(wall, true, true)
	case diff > 0 && diff <= 5: // late
		for d.virtual < wall {
			d.virtual++
			ran = run(d.virtual, true, true) || ran
		}
	case diff > 0: // put forward
		ran = run(wall, true, false)
		for d.virtual < wall {
			d.virtual++
			ran = run(d.virtual, false, true) || ran
		}
	default: // put back
		ran = run(wall, true, false)
	}
	return ran
}

// watch is what the clock on the wall shows, minute by minute.
type watch struct {
	from  time.Time
	loc   *time.Location
	walls []int64 // in minutes; the first some hours before from
}

const (
	warmUp = 6 * 60  // minutes before from
	looked = 36 * 60 // minutes from it on
)

func newWatch(from time.Time, loc *time.Location) watch {
	w := watch{from: from, loc: loc}
	for i := range int64(warmUp + looked + 1) {
		unix := from.Unix() + (i-warmUp)*60
		_, offset := time.Unix(unix, 0).In(loc).Zone()
		w.walls = append(w.walls, (unix+int64(offset))/60)
	}
	return w
}

func (d *daemon) runs(w watch) []int64 {
	var ran []int64
	d.virtual = w.walls[0] - 1
	for i, wall := range w.walls {
		if d.wake(wall) && i > warmUp {
			ran = append(ran, w.from.Unix()+int64(i-warmUp)*60)
		}
	}
	return ran
}

func loadZone(t testing.TB, name string) *time.Location {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../testdata/schedules/zones", name+".tzif"))
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// changes are days on which clocks were put forward, back, by half an hour, at midnight, and over a whole day.
var changes = []struct{ zone, from string }{
	{"Europe-Berlin", "2026-03-28T12:00:00Z"},
	{"Europe-Berlin", "2026-10-24T12:00:00Z"},
	{"America-New_York", "2026-03-07T12:00:00Z"},
	{"America-New_York", "2026-10-31T12:00:00Z"},
	{"America-Sao_Paulo", "2018-02-17T12:00:00Z"},
	{"America-Sao_Paulo", "2018-11-03T12:00:00Z"},
	{"Australia-Lord_Howe", "2026-04-04T00:00:00Z"},
	{"Australia-Lord_Howe", "2026-10-03T00:00:00Z"},
	{"Pacific-Apia", "2011-12-29T12:00:00Z"},
	{"Asia-Kathmandu", "1985-12-31T06:00:00Z"}, // put forward by a quarter of an hour
}

func randomField(r *rand.Rand, low, high int) string {
	n := func() int { return low + r.IntN(high-low+1) }
	switch r.IntN(7) {
	case 0, 1:
		return "*"
	case 2:
		return fmt.Sprintf("*/%d", 1+r.IntN(high))
	case 3:
		a, b := n(), n()
		return fmt.Sprintf("%d-%d", min(a, b), max(a, b))
	case 4:
		a, b := n(), n()
		return fmt.Sprintf("%d-%d/%d", min(a, b), max(a, b), 1+r.IntN(9))
	case 5:
		return fmt.Sprintf("%d,%d,%d", n(), n(), n())
	}
	return fmt.Sprint(n())
}

func randomExpression(r *rand.Rand) string {
	hours := randomField(r, 0, 23)
	if r.IntN(3) == 0 {
		hours = fmt.Sprint(r.IntN(4)) // where the clocks change
	}
	day, month, weekday := "*", "*", "*"
	if r.IntN(2) == 0 {
		day, weekday = randomField(r, 1, 31), randomField(r, 0, 7)
	}
	if r.IntN(6) == 0 {
		month = randomField(r, 1, 12)
	}
	return strings.Join([]string{randomField(r, 0, 59), hours, day, month, weekday}, " ")
}

// A daemon that watches the clock minute by minute, and Next, say the same.
func TestNextIsWhatADaemonDoes(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	expressions := strings.Split("30 2 * * *|0 * * * *|30 */2 * * *|10-50/20 */3 * * *|15 */3 * * *|*/7 */5 */3 */2 *|59 23 * * *|0 0 30 * *|* 2 * * *|*/20 1-3 * * *", "|")
	for range 60 {
		expressions = append(expressions, randomExpression(r))
	}
	for _, c := range changes {
		loc := loadZone(t, c.zone)
		from, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		w := newWatch(from, loc)
		for _, e := range expressions {
			compareWithDaemon(t, e, w)
		}
	}
}

func compareWithDaemon(t *testing.T, expression string, w watch) {
	t.Helper()
	e, err := cron.Parse(expression)
	if err != nil {
		if strings.Contains(err.Error(), "does not exist") {
			return
		}
		t.Fatal(err)
	}
	to := w.from.Add(looked * time.Minute)
	d := daemon{job: readJob(expression)}
	want := d.runs(w)
	var got []int64
	for at, ok := e.Next(w.from, w.loc); ok && !at.After(to); at, ok = e.Next(at, w.loc) {
		got = append(got, at.Unix())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q in %s from %v:\n%s", expression, w.loc, w.from, firstDifference(got, want, w.loc))
	}
}

func firstDifference(got, want []int64, loc *time.Location) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			show := func(list []int64) string {
				if i >= len(list) {
					return "nothing"
				}
				return time.Unix(list[i], 0).In(loc).String()
			}
			return fmt.Sprintf("after %d runs Next says %s, the daemon runs %s", i, show(got), show(want))
		}
	}
	return ""
}
