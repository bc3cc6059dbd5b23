package raftlog

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"
)

var errNoDisk = errors.New("no disk")

// paceClock is a clock that only work and rests move.
type paceClock struct {
	now   time.Time
	rests []time.Duration
}

func (c *paceClock) pacer() *pacer {
	return &pacer{now: func() time.Time { return c.now }, since: c.now, rest: func(d time.Duration) {
		c.rests, c.now = append(c.rests, d), c.now.Add(d)
	}}
}

func TestRestsAreInProportionAndBounded(t *testing.T) {
	var c paceClock
	p := c.pacer()
	for _, work := range []time.Duration{time.Millisecond, 2 * time.Millisecond, time.Minute} {
		c.now = c.now.Add(work)
		p.pause()
	}
	if c.rests[0] != restRatio*time.Millisecond || c.rests[1] != 2*c.rests[0] || c.rests[2] != restMost {
		t.Errorf("rests %v", c.rests)
	}
}

func TestNobodyRestsInAHurry(t *testing.T) {
	hurry := make(chan struct{})
	close(hurry)
	began := time.Now()
	(&PacedWriter{Hurry: hurry}).rest(time.Hour)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

func TestASnapshotIsSyncedInPortions(t *testing.T) {
	var c paceClock
	var out bytes.Buffer
	var synced []int
	w := &pacedWriter{pacer: c.pacer(), to: &out, sync: func() error { synced = append(synced, out.Len()); return nil }}
	part := bytes.Repeat([]byte("quorum"), portion/24)
	var want []byte
	for range 13 {
		want = append(want, part...)
		if n, err := w.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Error("something else was written")
	}
	if len(c.rests) != 13 {
		t.Errorf("%d rests in 13 writes", len(c.rests))
	}
	last := 0
	for _, at := range append(synced, out.Len()) {
		if at-last > portion+len(part) {
			t.Errorf("%d bytes went unsynced, up to %d", at-last, at)
		}
		last = at
	}
	if len(synced) < 2 {
		t.Errorf("synced at %v", synced)
	}
}

func TestAPortionThatCannotBeSyncedEndsTheSnapshot(t *testing.T) {
	var c paceClock
	w := &pacedWriter{pacer: c.pacer(), to: io.Discard, sync: func() error { return errNoDisk }}
	if _, err := w.Write(make([]byte, portion)); !errors.Is(err, errNoDisk) {
		t.Errorf("error %v", err)
	}
}
