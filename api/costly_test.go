package api

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// costly are requests that cost much, with the places that they take.
func costly(r *rig, id string) map[string]limits.Slots {
	c := r.server.costly
	return map[string]limits.Slots{
		"GET /v1/heartbeats/" + id + "/suggest":                           c.Plays,
		`POST /v1/schedule/preview {"schedule":"0 2 29 2 1","count":100}`: c.Plays,
		`POST /v1/templates/preview {"subject":"{{.Name}}"}`:              c.Plays,
		"GET /v1/heartbeats": c.Lists,
		"GET /v1/backup":     c.Backups,
	}
}

// ask makes a request out of its words.
func (r *rig) ask(words string) answer {
	parts := append(strings.SplitN(words, " ", 3), "")
	return r.call(parts[0], parts[1], parts[2])
}

// fillPlaces takes all places, and returns what gives them back.
func fillPlaces(t *testing.T, of limits.Slots) (back func()) {
	t.Helper()
	var all []func()
	for range cap(of) {
		one, ok := of.Take(testkit.Patience)
		if !ok {
			t.Fatal("a place does not come free")
		}
		all = append(all, one)
	}
	return func() {
		for _, one := range all {
			one()
		}
	}
}

func TestCostlyRequestsBeyondTheirPlacesAreToldToComeAgain(t *testing.T) {
	r := newRigWith(t, func(*Config) {}, func(s *Server) { s.costly.Patience = 10 * time.Millisecond })
	h := pingedHourly(r, `{"name":"nightly"}`)
	fill(t, r.cluster.store, maxList, func(int, *fsm.Spec) {})
	for words, places := range costly(r, h.ID) {
		back := fillPlaces(t, places)
		a := r.ask(words)
		if e := decodeAs[struct{ Code string }](t, a.body); a.status != 503 || e.Code != "too_many_costly" || string(a.header.Peek("Retry-After")) != "5" {
			t.Errorf("%s, one too many: %d %s", words, a.status, a.body)
		}
		for _, cheap := range []string{"POST /v1/heartbeats/" + h.Token + "/ping", "GET /v1/heartbeats/" + h.ID, "GET /v1/heartbeats?limit=10", "GET /metrics"} {
			if a := r.ask(cheap); a.status != 200 {
				t.Errorf("%s meanwhile: %d %s", cheap, a.status, a.body)
			}
		}
		back()
	}
	r.server.costly.Patience = testkit.Patience
	for words := range costly(r, h.ID) {
		for range 10 { // so each gives its place back
			if a := r.ask(words); a.status != 200 {
				t.Errorf("%s with a place: %d %s", words, a.status, a.body)
			}
		}
	}
	for range 20 {
		for _, path := range []string{"/v1/backup", "/v1/heartbeats"} {
			if a := r.call("HEAD", path, ""); a.status != 200 {
				t.Errorf("the head of %s: %d", path, a.status)
			}
		}
	}
}

// TestAPageWithoutAPlaceLacksAdvice: the rest of it is there.
func TestAPageWithoutAPlaceLacksAdvice(t *testing.T) {
	r := newMemoryRig(t)
	r.server.costly.Patience = 10 * time.Millisecond
	b := r.browse(testKey)
	h := pingedHourly(r, `{"name":"nightly"}`)
	back := fillPlaces(t, r.server.costly.Plays)
	if a := b.get("/ui/heartbeats/" + h.ID); a.status != 200 || strings.Contains(a.body, "As it is set now") || !strings.Contains(a.body, "nightly") {
		t.Errorf("without a place: %d %s", a.status, a.body)
	}
	back()
	r.server.costly.Patience = testkit.Patience
	if a := b.get("/ui/heartbeats/" + h.ID); !strings.Contains(a.body, "As it is set now") {
		t.Errorf("with one: %d %s", a.status, a.body)
	}
}

// TestAFloodOfSuggestionsHoldsNoPing has many clients ask for what costs much; they wait
// for a place, pings do not.
func TestAFloodOfSuggestionsHoldsNoPing(t *testing.T) {
	const clients = 100
	r := newRigWith(t, func(*Config) {}, func(s *Server) { s.costly.Patience = testkit.Patience })
	h := pingedHourly(r, `{"name":"nightly"}`)
	target := "/v1/heartbeats/" + h.ID + "/suggest"
	back := fillPlaces(t, r.server.costly.Plays)
	var flood sync.WaitGroup
	answers := make(chan answer, clients)
	for range clients {
		conn := r.connect()
		flood.Go(func() {
			defer conn.Close()
			answers <- r.over(conn, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", target, testKey))
		})
	}
	for range 200 {
		if a := r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", ""); a.status != 200 {
			t.Fatalf("a ping meanwhile: %d %s", a.status, a.body)
		}
	}
	if n := len(answers); n > 0 {
		t.Errorf("%d were answered without a place", n)
	}
	back()
	flood.Wait()
	close(answers)
	answered := 0
	for a := range answers {
		if answered++; a.status != 200 {
			t.Errorf("then: %d %s", a.status, a.body)
		}
	}
	if answered != clients {
		t.Errorf("then %d of %d were answered", answered, clients)
	}
}
