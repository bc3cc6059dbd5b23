package alerting

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/alerting/outgoing"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// toldAlert is a failure of which everything is known.
func toldAlert(t *testing.T) fsm.Alert {
	berlin, err := time.LoadLocation("Europe/Berlin")
	testkit.Must(t, err)
	at := time.Date(2026, 5, 1, 0, 10, 0, 0, time.UTC)
	return fsm.Alert{
		ID: fsm.AlertID{1}, Heartbeat: fsm.HeartbeatID{2}, Incident: 3, Kind: fsm.AlertFailure, CreatedAt: at, Recipient: "ops@example.com",
		MessageID: "1@quorumbeat", Answers: "0@quorumbeat",
		Evidence: fsm.Evidence{
			Name: "nightly-sync", LastPing: at, LastFrom: "192.0.2.7", Schedule: "0 2 * * * (Europe/Berlin)", Grace: 300, Threshold: 1, Misses: 1, Pings: 7,
			Due: at.Add(-10 * time.Minute), Failed: true, Exit: 23, Output: "copying\nno space left on device", Since: at.Add(-time.Minute), Failures: 1,
		},
		About: fsm.About{
			Description: "Copies the orders to the archive.", Runbook: "https://wiki.example/sync", Owner: "team storage", Tags: []string{"prod", "db-3"},
			TZ: "Europe/Berlin", Zone: berlin, LastGood: at.Add(-24 * time.Hour), Took: 200 * time.Second, Usual: 3 * time.Second,
			FailsWith: []string{"mirror", "reports"}, More: 4, Failing: 7,
		},
	}
}

// needed is what an alert has to say, whatever tells it; in this order, if it is text.
var needed = []string{
	"[FAILED] nightly-sync",
	"reported a failure at Fri 1 May 2026 02:10:00 CEST",
	"Down since: Fri 1 May 2026 02:09:00 CEST",
	"Last good run: Thu 30 Apr 2026 02:10:00 CEST",
	"Was due: Fri 1 May 2026 02:00:00 CEST",
	"Schedule: 0 2 * * * (Europe/Berlin)",
	"Exit status: 23",
	"Run took: 3 min 20 s; usually 3 s",
	"Fails with it: mirror, reports and 4 more",
	"Owner: team storage",
	"Runbook: https://wiki.example/sync",
	"Tags: prod, db-3",
	"ID: hb_020000000000000000000000",
}

// neededToo is what stands where the form of a channel has a place for it.
var neededToo = []string{
	"no space left on device", "Copies the orders to the archive.", "https://qb.example/ui/heartbeats/hb_020000000000000000000000",
	"quorumbeat pause hb_020000000000000000000000",
}

func checkNeeded(t *testing.T, text string) {
	t.Helper()
	text = strings.Join(strings.Fields(text), " ")
	rest := text
	for _, want := range needed {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("%q is missing, or not in its place, in\n%s", want, text)
			continue
		}
		rest = after
	}
	for _, want := range neededToo {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// textsOf are all strings of a JSON document, those of an object in the order of their names.
func textsOf(v any) (texts []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			texts = append(texts, textsOf(x)...)
		}
	case map[string]any:
		names := []string{}
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		slices.Reverse(names) // titles before texts, in most forms
		for _, name := range names {
			texts = append(texts, textsOf(v[name])...)
		}
	}
	return texts
}

// TestEveryWayTellsWhatPeopleNeed: what failed, why, since when, what was expected, what it printed, what
// it is, whom to ask and what to do, by mail and by each kind of channels.
func TestEveryWayTellsWhatPeopleNeed(t *testing.T) {
	policy, err := outgoing.ParsePolicy([]string{"127.0.0.0/8"})
	testkit.Must(t, err)
	openers := openersFor(DefaultConfig(), policy, nil)
	a := toldAlert(t)
	for name, f := range families {
		t.Run(name, func(t *testing.T) {
			x := newService(t, f.strict, f.good, f.busy)
			k, _ := kinds.Find(name)
			fields, err := k.Merge(nil, f.fields(x.URL))
			testkit.Must(t, err)
			d, err := openers[name].Open(t.Context(), fsm.ChannelSpec{Kind: name, Fields: fields}, channel.New(a, nil, message.Options{Base: "https://qb.example"}))
			testkit.Must(t, err)
			_, err = d.Complete(t.Context(), time.Now().Add(time.Minute))
			testkit.Must(t, err)
			text := strings.Join(textsOf(x.taken[0]), "\n")
			if name == "discord" {
				text = strings.ReplaceAll(text, "\\", "")
			}
			if k.Alone || name == "alertmanager" || name == "telegram" || name == "ntfy" { // the title is not the first field
				text = a.Evidence.Name + "\n[FAILED] nightly-sync\n" + text
			}
			checkNeeded(t, text)
		})
	}
	raw, err := message.Render("monitor@example.com", a, nil, message.Options{Base: "https://qb.example", Act: "https://qb.example/incident/x"})
	testkit.Must(t, err)
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	testkit.Must(t, err)
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	testkit.Must(t, err)
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, form := range []string{"mail as text", "mail as HTML"} {
		t.Run(form, func(t *testing.T) {
			p, err := parts.NextRawPart()
			testkit.Must(t, err)
			b, err := io.ReadAll(quotedprintable.NewReader(p))
			testkit.Must(t, err)
			text := string(b)
			if form == "mail as HTML" {
				text = strings.ReplaceAll(text, "</td><td>", ": ")
				text = strings.NewReplacer(`<a href="https://wiki.example/sync">`, "", "</a>", "").Replace(text)
			}
			checkNeeded(t, text)
			if !strings.Contains(text, "https://qb.example/incident/x") {
				t.Error("no link to acknowledge it")
			}
		})
	}
}

// TestWebhooksTellNothingThatNobodyReported: an exit status or a failure that there was not is null or
// 0, and one that there was is not.
func TestWebhooksTellNothingThatNobodyReported(t *testing.T) {
	policy, err := outgoing.ParsePolicy([]string{"127.0.0.0/8"})
	testkit.Must(t, err)
	openers := openersFor(DefaultConfig(), policy, nil)
	silent, failed, hung, good := toldAlert(t), toldAlert(t), toldAlert(t), toldAlert(t)
	for _, a := range []*fsm.Alert{&silent, &failed, &hung} {
		a.Kind, a.Evidence.Since, a.Evidence.Failures = fsm.AlertDown, time.Time{}, 0
	}
	silent.Evidence.Failed, silent.Evidence.Exit, silent.About.Took = false, 0, 0
	failed.Evidence.Exit = 0
	hung.Evidence.Failed, hung.Evidence.Exit, hung.Evidence.Started = false, 0, hung.CreatedAt.Add(-time.Hour)
	good.Kind, good.Evidence.Failed, good.Evidence.Exit, good.Evidence.Clean = fsm.AlertRecovered, false, 0, true
	for name, c := range map[string]struct {
		alert    fsm.Alert
		exit     any
		failures float64
	}{
		"a silence": {silent, nil, 0}, "a failure without an exit status": {failed, nil, 1}, "a run that hangs": {hung, nil, 1},
		"a failure with one": {toldAlert(t), 23.0, 1}, "a good run": {good, 0.0, 1},
	} {
		x := newService(t, func(*http.Request, []byte) string { return "" }, say(200, ""), nil)
		spec := fsm.ChannelSpec{Kind: "webhook", Fields: []fsm.ChannelField{{Name: "url", Value: x.URL}}}
		d, err := openers["webhook"].Open(t.Context(), spec, channel.New(c.alert, nil, message.Options{}))
		testkit.Must(t, err)
		_, err = d.Complete(t.Context(), time.Now().Add(time.Minute))
		testkit.Must(t, err)
		if e := x.taken[0]["data"].(map[string]any)["evidence"].(map[string]any); e["exit_status"] != c.exit || e["failures"] != c.failures {
			t.Errorf("%s: exit status %v, %v failures; want %v, %v", name, e["exit_status"], e["failures"], c.exit, c.failures)
		}
	}
}
