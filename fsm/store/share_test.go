package store

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestAnImageIsWrittenWhilePingsAreApplied compares an image that is written beside
// Apply with one of the same moment that was written at once.
func TestAnImageIsWrittenWhilePingsAreApplied(t *testing.T) {
	const n = 2000
	r := newRig(t)
	var pings []fsm.Command
	for i := 1; i <= n; i++ {
		spec := testSpec(60, 5, 1)
		spec.Name = fmt.Sprint(strings.Repeat("long name ", 15), i)
		r.create(i, spec)
		pings = append(pings, fsm.Ping{Ordinal: uint64(scattered(i, n))})
	}
	for round := range 5 {
		r.wall += 60_000
		r.batch(0, pings...)
		want := imageOf(t, r.s)
		img := r.s.Snapshot()
		var got bytes.Buffer
		written := make(chan error, 1)
		go func() {
			_, err := img.WriteTo(&got)
			written <- err
		}()
		for done := false; !done; {
			select {
			case err := <-written:
				if done = true; err != nil {
					t.Fatal(err)
				}
			default:
				r.wall += 1000
				r.batch(0, pings[round*100:][:200]...)
				r.must(fsm.Delete{ID: r.heartbeatAt(round).ID})
			}
		}
		if !bytes.Equal(want, got.Bytes()) {
			t.Fatal("the image is not that of its moment")
		}
		if _, err := img.WriteTo(&got); err == nil {
			t.Error("an image was written twice")
		}
	}
}

func (r *rig) heartbeatAt(i int) fsm.Heartbeat {
	list, _ := r.s.Heartbeats(fsm.HeartbeatFilter{Limit: i + 1})
	return list[i]
}
