package alerting

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/smtp"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

func TestAMendedServerGetsWhatWaits(t *testing.T) {
	t.Parallel()
	d := newRig(t, func(c *Config) { c.Settings.GroupWait = 0 })
	d.sink.Down()
	d.f.fail(t, 40)
	d.lead(1)
	testkit.Eventually(t, "the server is found to be away", func() bool { return d.s.MailStatus().Error != "" })
	away := time.Now()
	testkit.Eventually(t, "it is away for a while, in which rows would be tried again", func() bool {
		d.f.jump(10 * time.Second)
		return time.Since(away) > 2*time.Second
	})
	if n := d.f.attempts(); n > 2*maxAttempts {
		t.Errorf("%d attempts while the server is away", n)
	}
	if err := d.sink.Up(); err != nil {
		t.Fatal(err)
	}
	up := time.Now()
	d.awaitMails(40)
	took := time.Since(up)
	t.Logf("the last of 40 mails came %v after the server", took.Round(10*time.Millisecond))
	if took > smtp.LastProbe+15*time.Second {
		t.Errorf("the last mail came %v after the server", took)
	}
	testkit.Eventually(t, "the node knows that it answers", func() bool { return d.s.MailStatus().Error == "" })
}

// TestOneRecipientsTroubleIsNotEverybodys: a server that refuses our name for one
// recipient does not keep the others from getting theirs.
func TestOneRecipientsTroubleIsNotEverybodys(t *testing.T) {
	picky, err := smtpsink.Start(smtpsink.Config{Refuse: map[string]string{"picky@example.com": "Helo command rejected: Host not found"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(picky.Close)
	d := newRig(t, func(c *Config) {
		c.Settings.GroupWait, c.SMTPURL = 0, "smtp://"+picky.Addr()+"?tls=none"
	})
	d.f.failOf(t, 30, func(i int) string { return []string{"picky@example.com", "ops@example.com"}[i%2] })
	d.lead(1)
	testkit.Eventually(t, "the others have theirs", func() bool { return d.f.sent() == 15 })
	for _, a := range d.f.alerts() {
		if a.Recipient == "picky@example.com" && a.State == fsm.AlertFailed {
			t.Errorf("%s: %s", a.State, a.Error)
		}
	}
}
