package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// asks notes the contexts and names that a server hands to its cluster.
type asks struct {
	*fakeCluster
	endless bool
	removed string
}

func (a *asks) ReadBarrier(ctx context.Context) error {
	a.endless = a.endless || ctx.Done() == nil
	return a.fakeCluster.ReadBarrier(ctx)
}

func (a *asks) Remove(ctx context.Context, name string) error {
	a.endless = a.endless || ctx.Done() == nil
	a.removed = name
	return nil
}

// TestWaitsEnd holds that what waits on Done is given one that closes: a removal
// without a leader would wait for ever.
func TestWaitsEnd(t *testing.T) {
	r := newRig(t)
	a := &asks{fakeCluster: r.cluster}
	r.server.useCluster(a)
	r.call("GET", "/v1/heartbeats", "")
	r.call("GET", "/v1/heartbeats", "", "Authorization", "Bearer nobody")
	r.call("POST", "/v1/keys", `{"name":"k"}`)
	for path, name := range map[string]string{"alpha": "alpha", "50%25": "50%", "a%2520b": "a%20b"} {
		if got := r.call("DELETE", "/v1/cluster/nodes/"+path, ""); got.status != 204 || a.removed != name {
			t.Errorf("removing %s: %d, asked for %q", path, got.status, a.removed)
		}
	}
	if a.endless {
		t.Error("the cluster was given a context whose Done never closes")
	}
}

func TestTheContentTypeIsNotChecked(t *testing.T) {
	r := newRig(t)
	h := r.create(`{"name":"x"}`)
	const form = "multipart/form-data; boundary=x"
	if a := r.call("POST", "/v1/heartbeats/"+h.Token+"/ping", "no form", "Content-Type", form); a.status != 200 {
		t.Errorf("a ping: %d %s", a.status, a.body)
	}
	if a := r.call("POST", "/v1/heartbeats", `{"name":"y"}`, "Content-Type", form); a.status != 201 {
		t.Errorf("a heartbeat: %d %s", a.status, a.body)
	}
}

func TestWordsOfErrors(t *testing.T) {
	r := newRig(t)
	path := "/v1/heartbeats/" + r.create(`{"name":"x"}`).ID
	for body, words := range map[string]string{
		"null":                  "a JSON null",
		`{"name":5}`:            `"name is a JSON number`,
		`{"interval_secs":"1"}`: `"interval_secs is a JSON string`,
	} {
		if a := r.call("PATCH", path, body); a.status != 400 || !strings.Contains(a.body, words) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	channel := `{"name":"chat","kind":"slack","url":5}`
	if a := r.call("POST", "/v1/channels", channel); a.status != 400 || !strings.Contains(a.body, `"url is a JSON number`) {
		t.Errorf("%s: %d %s", channel, a.status, a.body)
	}
}

// deaf commits, and then cannot read.
type deaf struct{ *fakeCluster }

func (deaf) ReadBarrier(context.Context) error      { return fsm.ErrNoLeader }
func (deaf) PacedReadBarrier(context.Context) error { return fsm.ErrNoLeader }

// TestARecordedRetryIsNotDenied loses the leader after the command.
func TestARecordedRetryIsNotDenied(t *testing.T) {
	r := newRig(t)
	r.cluster.Propose(t.Context(), fsm.SetSettings{Settings: fsm.Settings{History: 10, MailTo: []string{"a@example.com"}, Burst: 5}})
	r.create(`{"name":"x","interval_secs":1,"grace_secs":0}`)
	r.cluster.pass(6e9)
	alerts, _ := r.cluster.store.Alerts(fsm.AlertFilter{Limit: 1})
	if len(alerts) != 1 {
		t.Fatal("no alert")
	}
	id := alerts[0].ID
	for _, c := range []fsm.Command{
		fsm.Claim{Alert: id, Term: 1, Attempt: 1},
		fsm.Fence{Alert: id, Term: 1, Attempt: 1},
		fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeFailed, Error: "550 no"},
	} {
		if _, err := r.cluster.Propose(t.Context(), c); err != nil {
			t.Fatalf("%T: %v", c, err)
		}
	}
	r.server.useCluster(deaf{r.cluster})
	a := r.call("POST", "/v1/alerts/"+id.String()+"/retry", "")
	if got, _ := r.cluster.store.Alert(id); got.State != fsm.AlertPending || a.status != 503 {
		t.Fatalf("%d %s, state %v", a.status, a.body, got.State)
	}
	if strings.Contains(a.body, "nothing was recorded") {
		t.Errorf("%d %s, but the retry is in the ledger", a.status, a.body)
	}
}

func TestFaultsAreLogged(t *testing.T) {
	var log bytes.Buffer
	r := newRigWith(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }, func(*Server) {})
	r.cluster.fail(errors.New("odd"))
	a := r.call("GET", "/v1/heartbeats", "")
	if a.status != 500 || !strings.Contains(log.String(), "odd") || strings.Contains(log.String(), testKey) {
		t.Errorf("%d %s, logged: %s", a.status, a.body, log.String())
	}
}
