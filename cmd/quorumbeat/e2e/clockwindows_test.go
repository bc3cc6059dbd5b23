package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// TestQuietTimesThroughClockChanges has jobs fail in both nights in which Berlin's clocks change, in a maintenance window and out of channels'
// hours, and kills the leader meanwhile: nobody is told before the time, and each is told once then.
func TestQuietTimesThroughClockChanges(t *testing.T) {
	t.Parallel()
	n := &night{env: startPlainFaulty(t, 3, "--webhook-allow", "127.0.0.1"), t: t}
	n.waitServing(t)
	n.quiet("2026-10-25T01:00:00Z", "*-10-25 02:59:30", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z") // two o'clock comes again
	n.quiet("2026-03-29T01:00:00Z", "*-03-29 01:59:30", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z") // two o'clock is skipped: it is three then
}

// quietNight are jobs that fail when nobody is to be told, while Berlin's clocks change: one in a maintenance window by a schedule, and
// two that are told of by channels with hours, of which one begin with the change.
type quietNight struct {
	*night
	windowed, byNight, morning heartbeat // in the window; told from 2:00 to 2:59 on Sundays; from 3:00 to 4:00

	mu   sync.Mutex
	took []string // what the channels' other end was sent
}

// quiet runs through one change of the clocks. The window begins half a minute before, by Berlin's clock, and lasts 45 s. The clocks are
// never set ahead, for one that jumped is doubted for as long as it jumped.
func (n *night) quiet(change, begins, nightOpens, morningOpens string) {
	n.t.Helper()
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		testkit.Must(n.t, err)
		return when
	}
	n.set(at(change).Add(-40 * time.Second).Format(time.RFC3339))
	q := &quietNight{night: n}
	q.plan(begins)
	opens := []struct {
		h     heartbeat
		what  string
		after time.Time
	}{{q.windowed, forWindow, at(change).Add(16 * time.Second)}, {q.byNight, forHours, at(nightOpens)}, {q.morning, forHours, at(morningOpens)}} // the first a grace later
	waits := func() {
		n.t.Helper()
		for _, node := range n.Running() {
			for _, x := range opens {
				q.waitsUntil(node.URL(), x.h, x.what, x.after)
			}
		}
	}
	waits()
	lost := n.leader()
	testkit.Must(n.t, lost.Kill())
	n.leader()
	waits()
	testkit.Must(n.t, lost.Start())
	n.waitReady()
	waits()
	for _, x := range opens {
		if x.after.Sub(at(change)) < time.Minute {
			testkit.Eventually(n.t, x.h.Name+" is told", func() bool { return q.alert(n.Nodes[1].URL(), x.h).SentAt != nil })
		}
		q.isToldRight(x.h, x.after, x.after.Sub(at(change)) < time.Minute)
		ask(n.t, http.StatusNoContent, "DELETE", n.Nodes[0].URL()+"/v1/heartbeats/"+x.h.ID, nil, nil)
	}
}

const (
	forWindow = "window"
	forHours  = "hours"
)

// plan makes the window, the channels and the jobs, and has these fail once the window is on.
func (q *quietNight) plan(begins string) {
	q.t.Helper()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		q.mu.Lock()
		defer q.mu.Unlock()
		q.took = append(q.took, string(body))
	}))
	q.t.Cleanup(other.Close)
	var window struct {
		ID string
		On bool
	}
	ask(q.t, http.StatusCreated, "POST", q.Nodes[0].URL()+"/v1/windows", fields{
		"name": "over " + begins, "tags": []string{"moved"}, "schedule": begins, "tz": "Europe/Berlin", "for_secs": 45,
	}, &window)
	told := func(name, from, to string) heartbeat {
		var channel struct{ ID string }
		ask(q.t, http.StatusCreated, "POST", q.Nodes[1].URL()+"/v1/channels", fields{
			"name": name + begins, "kind": "webhook", "url": other.URL, "hours": fields{"days": []string{"sun"}, "from": from, "to": to, "tz": "Europe/Berlin"},
		}, &channel)
		return create(q.t, q.Nodes[2], fields{"name": name, "interval_secs": 31_622_400, "notify": []string{channel.ID}})
	}
	q.windowed = create(q.t, q.Nodes[0], fields{"name": "moved", "tags": []string{"moved"}, "interval_secs": 31_622_400, "grace_secs": 1, "email": []string{address()}})
	q.byNight, q.morning = told("told by night", "02:00", "02:59"), told("told in the morning", "03:00", "04:00")
	for _, n := range q.Nodes {
		testkit.Eventually(q.t, "the window is on", func() bool {
			var list struct {
				Windows []struct {
					ID string
					On bool
				}
			}
			ask(q.t, http.StatusOK, "GET", n.URL()+"/v1/windows", nil, &list)
			for _, w := range list.Windows {
				if w.ID == window.ID && w.On {
					return true
				}
			}
			return false
		})
	}
	for _, h := range []heartbeat{q.windowed, q.byNight, q.morning} {
		ask(q.t, http.StatusOK, "POST", pingURL(q.Nodes[1], h)+"/fail", nil, nil)
	}
}

// keptAlert is what a node says of the one alert of a job.
type keptAlert struct {
	State         string
	NextAttemptAt *time.Time            `json:"next_attempt_at"`
	SentAt        *time.Time            `json:"sent_at"`
	WaitsFor      *struct{ For string } `json:"waits_for"`
}

func (q *quietNight) alert(node string, h heartbeat) (a keptAlert) {
	q.t.Helper()
	var list struct{ Alerts []keptAlert }
	ask(q.t, http.StatusOK, "GET", node+"/v1/alerts?heartbeat_id="+h.ID, nil, &list)
	if len(list.Alerts) > 1 {
		q.t.Fatalf("%s has more than one alert: %+v", h.Name, list.Alerts)
	}
	if len(list.Alerts) == 1 {
		a = list.Alerts[0]
	}
	return a
}

// waitsUntil has a node say what an alert waits for and until when, unless it was sent since.
func (q *quietNight) waitsUntil(node string, h heartbeat, what string, until time.Time) {
	q.t.Helper()
	said := ""
	defer func() {
		if q.t.Failed() {
			q.t.Logf("%s, to go out at %v: %s", h.Name, until, said)
		}
	}()
	testkit.Eventually(q.t, fmt.Sprintf("%s waits for %s", h.Name, what), func() bool {
		a := q.alert(node, h)
		said = fmt.Sprintf("%+v", a)
		if a.NextAttemptAt != nil {
			said += " " + a.NextAttemptAt.String()
		}
		isSent := a.SentAt != nil && !a.SentAt.Before(until)
		return isSent || a.State == "pending" && a.WaitsFor != nil && a.WaitsFor.For == what && a.NextAttemptAt != nil && a.NextAttemptAt.Sub(until).Abs() < 3*time.Second
	})
}

// isToldRight asks that people were told once, not before the time, or are not told yet.
func (q *quietNight) isToldRight(h heartbeat, from time.Time, told bool) {
	q.t.Helper()
	want := 0
	if told {
		want = 1
		if after := q.alert(q.Nodes[1].URL(), h).SentAt.Sub(from); after < 0 || after > patience {
			q.t.Errorf("%s was told %v after its time, %v", h.Name, after, from)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	got := 0
	for _, body := range q.took {
		got += min(1, strings.Count(body, h.ID))
	}
	if len(h.Email) > 0 {
		got = len(q.sink.Mails(h.Email[0]))
	}
	if got != want {
		q.t.Errorf("%s was told %d times, want %d", h.Name, got, want)
	}
}
