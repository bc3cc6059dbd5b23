package heartbeat

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// streamed answers with a stream that breaks off at its end.
func streamed(events ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, strings.Join(events, "\n\n"))
	}
}

func TestEventsGoOnAtAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		f.hosts["a"] = streamed("id: x.1.5\nevent: reset\ndata: {\"code\":\"begin\",\"message\":\"m\"}", ": nothing\nid: x.1.9",
			"event: heartbeat\ndata: {\"id\":\"hb_1\",\"name\":\"one\"}", "id: x.1.12\nevent: incident\ndata: {\"id\":\"in_1\",\"state\":\"open\",\"ended_at\":null}",
			"event: heartbeat\ndata: {\"id\":\"hb_2\"}", "id: cut off")
		f.hosts["b"] = streamed("id: x.1.20\nevent: heartbeat_deleted\ndata: {\"id\":\"hb_1\"}", "event: later_kind\ndata: {}", "event: node\ndata: {\"name\":\"n1\"}", "")
		var told []string
		for e, err := range f.client("a b").Events(t.Context(), EventsParams{Tag: "prod"}) {
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, e.Kind)
			switch {
			case e.Kind == EventReset && e.Reset.Code != "begin", e.Kind == EventIncident && e.Incident.State != "open", e.Kind == EventHeartbeatDeleted && e.Deleted != "hb_1":
				t.Errorf("told %+v", e)
			}
			if e.Heartbeat != nil && e.Heartbeat.ID == "hb_2" {
				delete(f.hosts, "a") // it dies
			}
			if e.Kind == EventNode {
				break
			}
		}
		if want := []string{"reset", "heartbeat", "incident", "heartbeat", "heartbeat_deleted", "later_kind", "node"}; !slices.Equal(told, want) {
			t.Errorf("told %v", told)
		}
		var targets []string
		for _, s := range f.asked {
			targets = append(targets, s.host+s.target)
		}
		const from = "/v1/events?last_event_id=x.1.12&tag=prod"
		if want := []string{"a/v1/events?tag=prod", "a" + from, "b" + from}; !slices.Equal(targets, want) {
			t.Errorf("asked %v", targets)
		}
	})
}

func TestEventsEndWithTheKey(t *testing.T) {
	f := newFakeNodes(t)
	f.hosts["a"] = streamed("event: end\ndata: {\"error\":\"the API key was revoked\",\"code\":\"unauthorized\"}", "")
	n := 0
	for e, err := range f.client("a").Events(t.Context(), EventsParams{}) {
		if n++; !IsUnauthorized(err) || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("told %+v, %v", e, err)
		}
	}
	if n != 1 || len(f.asked) != 1 {
		t.Errorf("told %d times, asked %d times", n, len(f.asked))
	}
}

// TestEventsGoOnTrying: while nobody answers the loop is told so, and goes on if it likes.
func TestEventsGoOnTrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeNodes(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		errs := 0
		for e, err := range f.client("a", WithRetries(0)).Events(ctx, EventsParams{After: "x.1.1"}) {
			if err == nil {
				if e.ID != "x.1.7" || errs != 3 {
					t.Errorf("told %+v after %d errors", e, errs)
				}
				return
			}
			if errs++; errs == 3 {
				f.hosts["a"] = streamed("id: x.1.7\nevent: heartbeat\ndata: {\"id\":\"hb_1\"}", "")
			}
		}
		t.Error("it gave up")
	})
}

// TestEventsEndWithTheirContext, also while a stream says nothing.
func TestEventsEndWithTheirContext(t *testing.T) {
	hangs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "id: x.1.1\nevent: reset\ndata: {}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer hangs.Close()
	c := New("", WithBaseURL(hangs.URL))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for range c.Events(ctx, EventsParams{}) {
		n++
		cancel() // ends the loop, which waits for the next event
	}
	if n != 1 {
		t.Errorf("told %d times", n)
	}
}
