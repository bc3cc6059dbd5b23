package alerting

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

const slackToken = "xoxb-1234567890-tokentoken"

// slackAPI takes chat.postMessage by the letter of Slack's documentation, and says what it is told to.
type slackAPI struct {
	*httptest.Server
	mu    sync.Mutex
	taken []slackPost
	says  string // instead of taking it
}

type slackPost struct {
	Channel, Text string
	Thread        string `json:"thread_ts"`
	Broadcast     bool   `json:"reply_broadcast"`
	Attachments   []any
}

func newSlackAPI(t *testing.T) *slackAPI {
	x := &slackAPI{}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		defer x.mu.Unlock()
		var p slackPost
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &p); err != nil || r.Method != "POST" || r.URL.Path != "/api/chat.postMessage" || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s %s: %s, %v", r.Method, r.URL, body, err)
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer "+slackToken:
			fmt.Fprint(w, `{"ok":false,"error":"invalid_auth"}`)
		case x.says != "":
			fmt.Fprint(w, x.says)
		case p.Channel == "" || p.Text == "" || p.Broadcast && p.Thread == "":
			fmt.Fprint(w, `{"ok":false,"error":"invalid_arguments"}`)
		default:
			x.taken = append(x.taken, p)
			fmt.Fprintf(w, `{"ok":true,"channel":"C0123456789","ts":"1777777777.%06d"}`, len(x.taken))
		}
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *slackAPI) all() []slackPost {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]slackPost{}, x.taken...)
}

func (x *slackAPI) spec() fsm.ChannelSpec {
	return fsm.ChannelSpec{Name: "slack", Kind: "slack", Default: true, On: fsm.SetOf(fsm.ChannelKinds...), Fields: []fsm.ChannelField{
		{Name: "token", Value: slackToken, Secret: true}, {Name: "channel", Value: "C0123456789"}, {Name: "api_url", Value: x.URL + "/api"},
	}}
}

// TestASlackBotAnswersInTheThread of the alert, also after another node took over, and restored the state.
func TestASlackBotAnswersInTheThread(t *testing.T) {
	d := newRig(t, allowLoopback)
	api := newSlackAPI(t)
	d.f.must(t, fsm.CreateChannel{ID: fsm.ChannelID{7}, Spec: api.spec()})
	d.f.fail(t, 1)
	d.lead(1)
	testkit.Eventually(t, "Slack has the alert", func() bool { return len(api.all()) == 1 })
	testkit.Eventually(t, "and mail", func() bool { return d.f.states()[fsm.AlertSent] == 2 })
	if first := api.all()[0]; first.Thread != "" || first.Broadcast || !strings.Contains(first.Text, "[DOWN]") {
		t.Errorf("%+v", first)
	}
	d.lead(2)
	d.f.must(t, fsm.Ping{Ordinal: 1})
	testkit.Eventually(t, "Slack has the recovery", func() bool { return len(api.all()) == 2 })
	if second := api.all()[1]; second.Thread != "1777777777.000001" || !second.Broadcast || !strings.Contains(second.Text, "[RECOVERED]") {
		t.Errorf("%+v", second)
	}
	testkit.Eventually(t, "all are sent", func() bool { return d.f.states()[fsm.AlertSent] == 4 })
}

// TestWhatSlacksAPIAnswers: it says 200 to what it does not take.
func TestWhatSlacksAPIAnswers(t *testing.T) {
	d := newRig(t, allowLoopback)
	api := newSlackAPI(t)
	send := func(c fsm.ChannelSpec, thread string) error {
		m := channel.New(fsm.Alert{ID: fsm.AlertID{1}, Kind: fsm.AlertRecovered, CreatedAt: time.Now(), Thread: thread}, nil, message.Options{})
		x, err := d.s.openers["slack"].Open(t.Context(), c, m)
		testkit.Must(t, err)
		defer x.Close()
		_, err = x.Complete(t.Context(), time.Now().Add(time.Minute))
		return err
	}
	for says, class := range map[string]channel.Class{
		`{"ok":false,"error":"ratelimited"}`: channel.Trouble, `{"ok":false,"error":"internal_error"}`: channel.InDoubt, `{"ok":false,"error":"fatal_error"}`: channel.InDoubt,
		`{"ok":false,"error":"not_in_channel"}`: channel.Refused, `{"ok":false}`: channel.Refused, `{"ok":false,"error":"` + slackToken + `"}`: channel.Refused,
	} {
		api.says = says
		if err := send(api.spec(), ""); err == nil || channel.Classify(err) != class || strings.Contains(err.Error(), slackToken) {
			t.Errorf("%s is %v, %v", says, channel.Classify(err), err)
		}
	}
	api.says = ""
	moved := api.spec()
	moved.Fields[1].Value = "C9"
	testkit.Must(t, send(moved, "C0123456789 1777777777.000001"))
	if got := api.all()[0]; got.Thread != "" || got.Channel != "C9" {
		t.Errorf("a thread of another channel is answered: %+v", got)
	}
}
