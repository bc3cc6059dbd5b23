package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// scheduled makes heartbeats with schedules: every node tells the same next time, whether the node
// that was asked computed it or the leader did.
func scheduled(t *testing.T, e *env) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("this machine has no rules of time zones")
	}
	h := create(t, e.Nodes[0], fields{"name": "nightly books", "schedule": "0 2 * * 1-5", "tz": "Europe/Berlin", "email": []string{address()}})
	sameOnAll := func() time.Time {
		t.Helper()
		var first time.Time
		testkit.Eventually(t, "all nodes tell when it is expected", func() bool {
			for i, n := range e.Nodes {
				next := get(t, n, h.ID).NextExpectedAt
				if next == nil {
					return false
				}
				at, err := time.Parse(time.RFC3339, *next)
				if err != nil || i > 0 && !at.Equal(first) {
					return false
				}
				first = at
			}
			return true
		})
		return first.In(berlin)
	}
	if at := sameOnAll(); at.Hour() != 2 || at.Minute() != 0 || at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		t.Errorf("expected at %v", at)
	}
	ask(t, 200, "PATCH", e.Nodes[1].URL()+"/v1/heartbeats/"+h.ID, fields{"schedule": []string{"45 3 * * *"}}, nil) // the leader computes it
	if at := sameOnAll(); at.Hour() != 3 || at.Minute() != 45 {
		t.Errorf("expected at %v", at)
	}
	var ensured heartbeat
	e.json(t, &ensured, "ensure", "nightly-books", "--tz", "UTC")
	if at := sameOnAll().UTC(); ensured.ID != h.ID || at.Hour() != 3 || at.Minute() != 45 {
		t.Errorf("%s, expected at %v; the zone of %s was to change", ensured.ID, at, h.ID)
	}
}

// checked sends numbers: a good run that breaks a check is told of in its words.
func checked(t *testing.T, e *env) {
	to := address()
	h := create(t, e.Nodes[2], fields{"name": "database dump", "checks": []string{"bytes > 0", "bytes >= 0.5 * last"}, "email": []string{to}})
	tell := func(bytes string) {
		t.Helper()
		if a := call(t, "", "POST", pingURL(e.Nodes[1], h)+"?m.bytes="+bytes, nil); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	tell("1000")
	tell("0")
	down := e.waitMails(t, to, 1)[0]
	text := strings.ReplaceAll(string(down.Raw), "=\r\n", "") // quoted-printable
	if want := "database dump completed but wrote 0 bytes; expected bytes > 0 (and one more check is broken)."; !strings.Contains(strings.ReplaceAll(text, "=\n", ""), want) {
		t.Errorf("the mail says %s, want %q", text, want)
	}
	tell("800")
	e.waitMails(t, to, 2)
	for _, n := range e.Nodes {
		testkit.Eventually(t, "every node exports the newest number", func() bool {
			return strings.Contains(call(t, adminKey, "GET", n.URL()+"/metrics", nil).body, `name="database dump",metric="bytes"} 800`)
		})
	}
}
