package main

import (
	"strconv"
	"time"
)

const wallClock = "2006-01-02 15:04:05"

// when shows a time in the local zone, with its offset; "-" for none.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	local := t.Local()
	return local.Format(wallClock) + " " + zoneOf(local)
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

// timeHead is the head of a column of times.
func timeHead(head string) string { return head + " (" + columnZone().String() + ")" }

// inColumn shows a time under a timeHead; "-" for none.
func inColumn(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.In(columnZone()).Format(wallClock)
}

// length shows seconds as a length of time.
func length(secs int) string { return showLength(time.Duration(secs) * time.Second) }

// took shows how long a run took, "-" if that is not known.
func took(ms *int64) string {
	if ms == nil {
		return "-"
	}
	d := time.Duration(*ms) * time.Millisecond
	if d >= 10*time.Second {
		d = d.Round(time.Second)
	}
	return showLength(d)
}

func number(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}
