package alerting

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

func TestATestMailSaysWhatTheServerAnswered(t *testing.T) {
	d := newRig(t, func(c *Config) { c.NodeName = "alpha" })
	got := d.s.TestMail(t.Context(), "ops@example.com")
	if len(got) != 1 || !got[0].Accepted || !strings.HasPrefix(got[0].Answer, "250 ") {
		t.Errorf("%+v", got)
	}
	m := d.sink.Mails("")[0]
	if !strings.HasPrefix(m.Subject, "[TEST] ") || !strings.Contains(string(m.Raw), "alpha") || m.Header.Get("X-Quorumbeat-Kind") != "test" {
		t.Errorf("%s", m.Raw)
	}
	if got := d.s.TestMail(t.Context(), ""); got != nil {
		t.Errorf("to nobody: %+v", got)
	}
	d.f.must(t, fsm.SetSettings{Settings: fsm.Settings{MailTo: []string{"a@example.com", "b@example.com"}, History: 1, Burst: 1}})
	d.sink.Fail(smtpsink.AtRcpt, 550)
	got = d.s.TestMail(t.Context(), "")
	if len(got) != 2 || got[0].Accepted || !strings.Contains(got[1].Answer, "told to fail") {
		t.Errorf("refused: %+v", got)
	}
	d.sink.Fail(smtpsink.AtRcpt, 0)
	d.sink.Hang(smtpsink.AtData)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got = d.s.TestMail(ctx, "ops@example.com"); got[0].Accepted || !strings.Contains(got[0].Answer, "did not answer within") {
		t.Errorf("hanging: %+v", got)
	}
	d.sink.Resume()
}

func TestANodeSaysWhetherTheMailServerAnswers(t *testing.T) {
	var log testkit.Buffer
	logged := func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }
	d := newRig(t, logged)
	testkit.Eventually(t, "it says that the server answers", func() bool { return strings.Contains(log.String(), "the mail server answers and takes this sender") })
	if st := d.s.MailStatus(); st.Checked.IsZero() || st.Error != "" {
		t.Errorf("%+v", st)
	}
	newRig(t, func(c *Config) { logged(c); c.SMTPURL = "smtp://u:p@" + d.sink.Addr() + "?tls=starttls" })
	testkit.Eventually(t, "it says what is wrong", func() bool {
		return strings.Contains(log.String(), "the mail server cannot be used") && strings.Contains(log.String(), "no STARTTLS")
	})
}

func TestAFailureThatNobodyIsToldOfIsLogged(t *testing.T) {
	var log testkit.Buffer
	d := newRig(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	d.f.wall = time.Now().UnixMilli() - 61_000
	d.f.must(t, fsm.Create{ID: fsm.HeartbeatID{1}, Token: testToken(1), Spec: fsm.Spec{Name: "lonely", Slug: "x", Interval: 60, Threshold: 1, Arm: fsm.ArmCreated}})
	d.f.jump(61 * time.Second)
	d.lead(1)
	testkit.Eventually(t, "it is told", func() bool {
		return strings.Contains(log.String(), "nobody is told") && strings.Contains(log.String(), "heartbeat=lonely")
	})
	if n := bytes.Count([]byte(log.String()), []byte("no --mail-to is set")); n != 1 {
		t.Errorf("the start warned %d times", n)
	}
}

// TestATemplateThatFailsIsLogged: which one, and of which alert; the alert goes out with the words that are built in.
func TestATemplateThatFailsIsLogged(t *testing.T) {
	var log testkit.Buffer
	d := newRig(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	d.f.wall = time.Now().UnixMilli() - 61_000
	d.f.must(t, fsm.SetTemplates{Templates: fsm.Templates{Subject: "{{lt .Name 3}}", Text: "Call Ann."}})
	d.f.must(t, fsm.Create{ID: fsm.HeartbeatID{1}, Token: testToken(1), Spec: fsm.Spec{
		Name: "backup", Slug: "x", Interval: 60, Threshold: 1, Arm: fsm.ArmCreated, Emails: []string{"ops@example.com"},
	}})
	d.f.jump(61 * time.Second)
	d.lead(1)
	if m := d.awaitMails(1)[0]; m.Subject != "[DOWN] backup" || !strings.Contains(string(m.Raw), "Call Ann.") {
		t.Errorf("%s", m.Raw)
	}
	for _, want := range []string{"a template of alerts failed", "template=subject", "heartbeat=" + fsm.HeartbeatID{1}.String(), "channel=mail"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in %s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "template=text") {
		t.Errorf("the other template is said to have failed: %s", log.String())
	}
}
