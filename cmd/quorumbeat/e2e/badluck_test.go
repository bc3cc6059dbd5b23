package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

func TestMailServerTrouble(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	n := e.Nodes[0]
	h := create(t, n, fields{"name": "job", "interval_secs": 3600})

	t.Run("down: the alert waits, pings do not, and it is sent in the end", func(t *testing.T) {
		e.sink.Down()
		to := address()
		lost := create(t, n, fields{"name": "lost", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
		testkit.Eventually(t, "an attempt has failed", func() bool {
			rows := alerts(t, n, lost)
			return len(rows) == 1 && rows[0].Attempts >= 1 && rows[0].State == "pending" && rows[0].Error != ""
		})
		ping(t, e.Nodes[1], h)
		testkit.Must(t, e.sink.Up())
		e.waitMails(t, to, 1)
		testkit.Eventually(t, "it is settled", func() bool { return alerts(t, n, lost)[0].State == "sent" })
	})

	t.Run("4xx: it is tried again under the same Message-ID", func(t *testing.T) {
		e.sink.Fail(smtpsink.AtData, 451)
		to := address()
		lost := create(t, n, fields{"name": "grey", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
		testkit.Eventually(t, "an attempt has failed", func() bool {
			rows := alerts(t, n, lost)
			return len(rows) == 1 && rows[0].Attempts >= 1 && strings.Contains(rows[0].Error, "451")
		})
		id := alerts(t, n, lost)[0].MessageID
		e.sink.Fail(smtpsink.AtData, 0)
		if m := e.waitMails(t, to, 1)[0]; !strings.Contains(m.MessageID, strings.Trim(id, "<>")) {
			t.Errorf("Message-ID %s, the ledger says %s", m.MessageID, id)
		}
	})

	t.Run("5xx: it has failed, is shown, and can be sent by hand", func(t *testing.T) {
		e.sink.Fail(smtpsink.AtRcpt, 550)
		to := address()
		lost := create(t, n, fields{"name": "nobody", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
		testkit.Eventually(t, "the row is failed", func() bool {
			rows := alerts(t, n, lost)
			return len(rows) == 1 && rows[0].State == "failed" && strings.Contains(rows[0].Error, "550")
		})
		e.sink.Fail(smtpsink.AtRcpt, 0)
		a := call(t, adminKey, "POST", n.URL()+"/v1/alerts/"+alerts(t, n, lost)[0].ID+"/retry", nil)
		if a.status/100 != 2 {
			t.Fatalf("retry: %d %s", a.status, a.body)
		}
		e.waitMails(t, to, 1)
	})

	t.Run("a server that hangs before the message delays the alert, and nothing else", func(t *testing.T) {
		e.sink.Hang(smtpsink.AtRcpt)
		to := address()
		lost := create(t, n, fields{"name": "slow", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
		testkit.Eventually(t, "the server hangs", func() bool { return e.sink.Hanging() > 0 })
		ping(t, e.Nodes[1], h)
		if rows := alerts(t, n, lost); len(rows) != 1 || rows[0].State != "claimed" {
			t.Errorf("before the message: %+v", rows)
		}
		e.sink.Resume()
		e.waitMails(t, to, 1)
	})

	t.Run("a connection lost after the 250 changes nothing", func(t *testing.T) {
		e.sink.DropAfterAnswer()
		to := address()
		var lost []heartbeat
		for range 3 {
			lost = append(lost, create(t, n, fields{"name": "dropped", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}}))
		}
		for _, h := range lost {
			testkit.Eventually(t, "it is settled", func() bool { rows := alerts(t, n, h); return len(rows) == 1 && rows[0].State == "sent" })
		}
		e.sink.Keep()
		for d, times := range e.sink.Counts() {
			if d.To == to && times != 1 {
				t.Errorf("%s came %d times", d.MessageID, times)
			}
		}
		e.expectMails(t, to, 3)
	})

	t.Run("a connection lost instead of the 250 repeats the mail and says so", func(t *testing.T) {
		e.sink.DropBeforeAnswer()
		to := address()
		lost := create(t, n, fields{"name": "unheard of", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
		e.waitMails(t, to, 1)
		e.sink.Keep()
		mails := e.waitMails(t, to, 2)
		if mails[0].MessageID != mails[1].MessageID || mails[1].Header.Get("X-Quorumbeat-Possible-Duplicate") == "" {
			t.Errorf("the repeat: %v after %v", mails[1].Header, mails[0].Header)
		}
		testkit.Eventually(t, "it is settled", func() bool { return alerts(t, n, lost)[0].State == "sent" })
	})

	t.Run("a leader killed between the final dot and the answer repeats the mail and says so", func(t *testing.T) {
		to := address()
		e.sink.Hang(smtpsink.AtData)
		lost := create(t, n, fields{"name": "doubt", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1, "email": []string{to}})
		testkit.Eventually(t, "the row is fenced", func() bool {
			rows := alerts(t, n, lost)
			return len(rows) == 1 && rows[0].State == "fenced"
		})
		leader := e.leader()
		testkit.Must(t, leader.Kill())
		e.sink.Resume() // the first mail was taken; nobody heard so
		mails := e.waitMails(t, to, 2)
		if mails[0].MessageID != mails[1].MessageID {
			t.Errorf("Message-IDs %s and %s differ", mails[0].MessageID, mails[1].MessageID)
		}
		if len(mails[1].Header) <= len(mails[0].Header) {
			t.Errorf("the repeat has no further header: %v", mails[1].Header)
		}
		testkit.Must(t, leader.Start())
		e.waitReady()
		e.canary(t)
		e.expectMails(t, to, 2)
	})
}

func TestNoMajority(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	to := address()
	n := e.Nodes[0]
	h := create(t, n, fields{"name": "job", "interval_secs": 2, "grace_secs": 1, "email": []string{to}})
	ping(t, n, h)
	testkit.Must(t, e.Nodes[1].Kill())
	testkit.Must(t, e.Nodes[2].Kill())

	began := time.Now()
	a := call(t, "", "POST", pingURL(n, h), nil)
	if a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("ping without a majority: %d, Retry-After %q, %s", a.status, a.header.Get("Retry-After"), a.body)
	}
	errorCode(t, a)
	if d := time.Since(began); d > patience {
		t.Errorf("answered after %s; a ping is held for at most 10 s", d)
	}
	if a := call(t, adminKey, "GET", n.URL()+"/v1/heartbeats", nil); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("list without a majority: %d %s", a.status, a.body)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/metrics": 200, "/v1/cluster": 200, "/v1/heartbeats?consistency=stale": 200} {
		if a := call(t, adminKey, "GET", n.URL()+path, nil); a.status != want {
			t.Errorf("%s without a majority: %d %s, want %d", path, a.status, a.body, want)
		}
	}

	testkit.Must(t, e.Nodes[1].Start())
	e.waitReady()
	ping(t, n, h)
	e.expectMails(t, to, 0)
	testkit.Eventually(t, "more than 10 s without a commit are shown as an ingest gap", func() bool {
		var c struct {
			Gaps []struct{ From, To string } `json:"ingest_gaps"`
		}
		ask(t, http.StatusOK, "GET", n.URL()+"/v1/cluster", nil, &c)
		return len(c.Gaps) == 1
	})
}
