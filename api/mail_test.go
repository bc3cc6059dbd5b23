package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/api/limits"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// fakeMail is a mail server that takes everything but what is for nobody@.
type fakeMail struct {
	status MailStatus
	mailTo []string
}

func (f *fakeMail) Status() MailStatus { return f.status }

func (f *fakeMail) Test(_ context.Context, to string) (out []MailTest) {
	list := f.mailTo
	if to != "" {
		list = []string{to}
	}
	for _, r := range list {
		out = append(out, MailTest{r, !strings.HasPrefix(r, "nobody@"), "250 2.0.0 Ok"})
	}
	return out
}

func TestATestMail(t *testing.T) {
	mail := &fakeMail{}
	r := newRigWith(t, func(c *Config) { c.Mail = mail }, func(*Server) {})
	const path = "/v1/alerts/test"
	for _, c := range []struct {
		body   string
		status int
		words  string
	}{
		{`{"to":"a..b@x.com"}`, 400, "a..b@x.com"},
		{`{"for":"a@x.com"}`, 400, "for"},
		{"", 400, "--mail-to"},
		{`{"to":"ops@example.com"}`, 200, `{"recipient":"ops@example.com","accepted":true,"answer":"250 2.0.0 Ok"}`},
		{`{"to":"nobody@example.com"}`, 200, `"accepted":false`},
	} {
		if a := r.call("POST", path, c.body); a.status != c.status || !strings.Contains(a.body, c.words) {
			t.Errorf("%s: %d %s", c.body, a.status, a.body)
		}
	}
	mail.mailTo = []string{"a@example.com", "b@example.com"}
	a := r.call("POST", path, "")
	if n := strings.Count(a.body, `"accepted":true`); a.status != 200 || n != 2 {
		t.Errorf("to all: %d %s", a.status, a.body)
	}
	for range limits.TestMailBurst {
		a = r.call("POST", path, "")
	}
	if a.status != 429 || len(a.header.Peek("Retry-After")) == 0 {
		t.Errorf("many: %d %s", a.status, a.body)
	}
	key := decodeAs[keyJSON](t, r.call("POST", "/v1/keys", `{"name":"k","scope":"ping"}`).body)
	if a := r.call("POST", path, "", "Authorization", "Bearer "+key.Key); a.status != 403 {
		t.Errorf("with a key for pings: %d %s", a.status, a.body)
	}
}

func TestTheClusterTellsOfTheMailServer(t *testing.T) {
	mail := &fakeMail{}
	r := newRigWith(t, func(c *Config) { c.Mail = mail }, func(*Server) {})
	at := time.Date(2026, 5, 1, 2, 3, 4, 0, time.UTC)
	for want, st := range map[string]MailStatus{
		`"mail_server":{"state":"unknown","checked_at":null,"error":""}`:                             {},
		`"mail_server":{"state":"ok","checked_at":"2026-05-01T02:03:04.000Z","error":""}`:            {Checked: at},
		`"mail_server":{"state":"failing","checked_at":"2026-05-01T02:03:04.000Z","error":"no TLS"}`: {Checked: at, Error: "no TLS"},
	} {
		mail.status = st
		if a := r.call("GET", "/v1/cluster", ""); !strings.Contains(a.body, want) {
			t.Errorf("no %s in %s", want, a.body)
		}
	}
}

func TestAHeartbeatThatNobodyIsToldOfWarns(t *testing.T) {
	r := newRig(t)
	warned := func(body string) bool {
		return strings.Contains(r.call("POST", "/v1/heartbeats", body).body, `"warnings":["nobody is told`)
	}
	if !warned(`{"name":"x"}`) || warned(`{"name":"x","email":["ops@example.com"]}`) {
		t.Error("only the one without an address should warn")
	}
	s := fsm.DefaultSettings()
	s.MailTo = []string{"team@example.com"}
	if _, err := r.cluster.Propose(t.Context(), fsm.SetSettings{Settings: s}); err != nil {
		t.Fatal(err)
	}
	if warned(`{"name":"x"}`) {
		t.Error("it warns though there is a --mail-to")
	}
}
