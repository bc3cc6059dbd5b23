package schedule_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule"
)

const testdata = "../../testdata/schedules"

// zone loads one of the zones that the tables were made with, so that the machine's do not matter.
func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata, "zones", strings.ReplaceAll(name, "/", "-")+".tzif"))
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// row is when an expression fires in a year, as somebody else computed it.
type row struct {
	zone, expression string
	year, times      int
	digest           string
	near             []string // those near a clock change
}

func readTable(t testing.TB, name string) []row {
	t.Helper()
	f, err := os.Open(filepath.Join(testdata, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []row
	lines := bufio.NewScanner(f)
	lines.Scan() // the head
	for lines.Scan() {
		c := strings.Split(lines.Text(), "\t")
		year, err1 := strconv.Atoi(c[1])
		times, err2 := strconv.Atoi(c[3])
		if len(c) != 6 || err1 != nil || err2 != nil {
			t.Fatalf("%s: %q", name, lines.Text())
		}
		rows = append(rows, row{zone: c[0], year: year, expression: c[2], times: times, digest: c[4], near: strings.Fields(c[5])})
	}
	return rows
}

// CronSim's word on cron, and systemd's on calendar times: a year in six zones.
func TestOthersFireAtTheSameTimes(t *testing.T) {
	t.Parallel()
	for table, atLeast := range map[string]int{"cron.tsv": 300, "calendar.tsv": 200} {
		rows := readTable(t, table)
		if len(rows) < atLeast {
			t.Errorf("%s has %d rows", table, len(rows))
		}
		for _, r := range rows {
			compareYear(t, table, r)
		}
	}
}

func compareYear(t *testing.T, table string, r row) {
	t.Helper()
	s, err := schedule.Parse([]string{r.expression})
	if err != nil {
		t.Errorf("%s: %v", table, err)
		return
	}
	loc := zone(t, r.zone)
	for _, near := range r.near {
		at, err := time.Parse("2006-01-02T15:04:05", fmt.Sprintf("%d-%s", r.year, near))
		if err != nil {
			t.Fatal(err)
		}
		if next, _ := s.Next(at.Add(-time.Second), loc); !next.Equal(at) {
			t.Errorf("%s: %s %d %q fires at %v, want %v", table, r.zone, r.year, r.expression, next, at)
		}
	}
	times := timesOfYear(s, loc, r.year)
	digest := sha256.New()
	for _, at := range times {
		digest.Write(append(strconv.AppendInt(nil, at.Unix(), 10), '\n'))
	}
	if got := fmt.Sprintf("%x", digest.Sum(nil))[:16]; got != r.digest {
		t.Errorf("%s: %s %d %q: %d times, want %d; digest %s, want %s", table, r.zone, r.year, r.expression, len(times), r.times, got, r.digest)
	}
}

func timesOfYear(s schedule.Schedule, loc *time.Location, year int) []time.Time {
	end := time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
	var times []time.Time
	for at := time.Date(year, 1, 1, 0, 0, 0, -1, time.UTC); ; {
		next, ok := s.Next(at, loc)
		if !ok || !next.Before(end) {
			return times
		}
		times, at = append(times, next), next
	}
}
