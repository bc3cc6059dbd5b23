package term

import (
	"strconv"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/length"
)

const wallClock = "2006-01-02 15:04:05"

// Time shows a time in the local zone, with its offset; "-" for none.
func Time(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	local := t.Local()
	return local.Format(wallClock) + " " + zoneOf(local)
}

// TimeIn shows a time in a zone that is named, with its offset; if this machine does not know the
// zone, in the local one.
func TimeIn(t *time.Time, zone string) string {
	loc, err := time.LoadLocation(zone)
	if t == nil || t.IsZero() || err != nil {
		return Time(t)
	}
	there := t.In(loc)
	return there.Format(wallClock) + " " + zoneOf(there)
}

func zoneOf(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return "UTC"
	}
	return t.Format("-07:00")
}

// columnZone is the offset of all times of a column, which its head tells: that of the
// local zone now.
func columnZone() *time.Location {
	now := time.Now()
	_, offset := now.Zone()
	return time.FixedZone(zoneOf(now), offset)
}

// TimeHead is the head of a column of times.
func TimeHead(head string) string { return head + " (" + columnZone().String() + ")" }

// ColumnTime shows a time under a timeHead; "-" for none.
func ColumnTime(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.In(columnZone()).Format(wallClock)
}

// Seconds shows seconds as a length of time.
func Seconds(secs int) string { return length.Show(time.Duration(secs) * time.Second) }

// Took shows how long a run took, "-" if that is not known.
func Took(ms *int64) string {
	if ms == nil {
		return "-"
	}
	d := time.Duration(*ms) * time.Millisecond
	if d >= 10*time.Second {
		d = d.Round(time.Second)
	}
	return length.Show(d)
}

func Number(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}

func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
