package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestIncidents groups alerts by their incidents, each once, whatever the size of a page.
func TestIncidents(t *testing.T) {
	r := newRig(t)
	const jobs = 12
	for n := 1; n <= jobs; n++ {
		spec := testSpec(60, 0, 1)
		spec.Emails = []string{"a@example.com", "b@example.com", "c@example.com"}[:1+n%3]
		r.create(n, spec)
	}
	r.run(61 * time.Second) // all fail at once
	for n := 1; n <= 4; n++ {
		r.ping(n)
	}
	r.run(61 * time.Second) // the first four again
	r.must(fsm.Pause{ID: testID(12)})
	r.drain()
	r.ping(2)

	all, more := r.s.Incidents(fsm.IncidentFilter{})
	if more || len(all) != jobs+4 {
		t.Fatalf("%d incidents, more %v", len(all), more)
	}
	alerts := 0
	for i, in := range all {
		alerts += len(in.Alerts)
		for _, a := range in.Alerts {
			if a.IncidentID() != in.ID() || a.Newer(in.Alerts[len(in.Alerts)-1]) {
				t.Errorf("%s has %+v", in.ID(), a)
			}
		}
		if i > 0 && in.Since.After(all[i-1].Since) {
			t.Errorf("%v comes after %v", in.Since, all[i-1].Since)
		}
	}
	if rows, _ := r.s.Alerts(fsm.AlertFilter{}); alerts != len(rows) {
		t.Errorf("%d alerts in incidents, %d in all", alerts, len(rows))
	}
	open, _ := r.s.Incidents(fsm.IncidentFilter{Open: true})
	if len(open) != jobs-2 { // one is paused, one pinged
		t.Errorf("%d are open", len(open))
	}
	ids := func(list []fsm.Incident) (ids []string) {
		for _, in := range list {
			ids = append(ids, in.ID())
		}
		return ids
	}
	for limit := 1; limit < len(all); limit++ {
		var paged []fsm.Incident
		for f := (fsm.IncidentFilter{Limit: limit}); ; {
			page, more := r.s.Incidents(f)
			if paged = append(paged, page...); !more {
				break
			}
			f.Before = &fsm.IncidentRef{Heartbeat: page[len(page)-1].Heartbeat, Number: page[len(page)-1].Number}
		}
		if !slices.Equal(ids(paged), ids(all)) {
			t.Errorf("by %d: %v", limit, ids(paged))
		}
	}
	of := r.s.IncidentsOf(testID(2))
	if len(of) != 2 || of[0].Open || of[0].EndedBy != fsm.EndedRecovered || of[0].Until.IsZero() || of[0].Number != 2 || of[1].Number != 1 {
		t.Errorf("of job 2: %+v", of)
	}
	if in := r.s.IncidentsOf(testID(12))[0]; in.Open || in.EndedBy != fsm.EndedPaused {
		t.Errorf("of the paused job: %+v", in)
	}
	if got := fmt.Sprint(r.s.IncidentsOf(testID(99))); got != "[]" {
		t.Errorf("of none: %s", got)
	}
}

// TestAnAlertSaysUntilWhenItWaits for its next attempt.
func TestAnAlertSaysUntilWhenItWaits(t *testing.T) {
	r := newRig(t)
	r.failing(1)
	id := r.oneReady()
	r.must(fsm.Settle{Alert: id, Term: 1, Attempt: r.attempt(id), Outcome: fsm.OutcomeRetry, RetryIn: 5000})
	if a, _ := r.s.Alert(id); a.Waits.Sub(r.s.LastWall()) != 5*time.Second {
		t.Errorf("waits until %v, now is %v", a.Waits, r.s.LastWall())
	}
	r.run(6 * time.Second)
	if a, _ := r.s.Alert(id); !a.Waits.IsZero() {
		t.Errorf("still waits until %v", a.Waits)
	}
}
