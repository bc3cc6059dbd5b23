package alerting

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// rig is a service that sends to a real SMTP server.
type rig struct {
	t    testing.TB
	f    *fakeCluster
	sink *smtpsink.Sink
	s    *Service
	stop func()
}

func newRig(t testing.TB, change func(*Config)) *rig {
	t.Helper()
	sink, err := smtpsink.Start(smtpsink.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	cfg := DefaultConfig()
	cfg.SMTPURL = "smtp://" + sink.Addr() + "?tls=none"
	cfg.MailFrom = "monitor@example.com"
	if change != nil {
		change(&cfg)
	}
	f := newFakeCluster()
	s, err := New(cfg, f.store, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &rig{t: t, f: f, sink: sink, s: s, stop: func() {}}
}

// lead begins a leadership; the end of the test ends it.
func (d *rig) lead(term uint64) {
	d.t.Helper()
	d.stop()
	d.f.mu.Lock()
	d.f.term, d.f.last = term, time.Now()
	d.f.mu.Unlock()
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.s.Lead(ctx, term) }()
	d.stop = func() { cancel(); <-done }
	d.t.Cleanup(func() { d.stop() })
}

func (d *rig) awaitMails(n int) []smtpsink.Mail {
	d.t.Helper()
	testkit.Eventually(d.t, "the mails have come", func() bool { return len(d.sink.Mails("")) >= n })
	return d.sink.Mails("")
}

func TestADownAndItsRecoveryAreSentOnce(t *testing.T) {
	d := newRig(t, nil)
	d.f.fail(t, 1)
	d.lead(1)
	down := d.awaitMails(1)[0]
	if down.Subject != "[DOWN] job 1" || down.Header.Get("Auto-Submitted") != "auto-generated" || down.To != "ops@example.com" {
		t.Errorf("%q %v", down.Subject, down.Header)
	}
	d.f.must(t, fsm.Ping{Ordinal: 1})
	rec := d.awaitMails(2)[1]
	if rec.Subject != "[RECOVERED] job 1" || rec.Header.Get("References") != down.MessageID || rec.Header.Get("In-Reply-To") != down.MessageID {
		t.Errorf("%q References %q, the alert was %q", rec.Subject, rec.Header.Get("References"), down.MessageID)
	}
	testkit.Eventually(t, "both rows are sent", func() bool { return d.f.states()[fsm.AlertSent] == 2 })
	if n := len(d.sink.Mails("")); n != 2 {
		t.Errorf("%d mails", n)
	}
}

func TestManyMailsShareFewConnections(t *testing.T) {
	d := newRig(t, func(c *Config) { c.Settings.GroupWait = 0 })
	d.f.fail(t, 200)
	d.lead(1)
	d.awaitMails(200)
	testkit.Eventually(t, "all rows are settled", func() bool { return d.f.states()[fsm.AlertSent] == 200 })
	if total, peak := d.sink.Conns(); total > maxConnections+1 || peak > maxConnections+1 { // one asked whether the server answers
		t.Errorf("%d connections, %d at a time, want at most %d", total, peak, maxConnections+1)
	}
	ids := map[string]bool{}
	for _, m := range d.sink.Mails("") {
		ids[m.MessageID] = true
	}
	if len(ids) != 200 || len(d.sink.Mails("")) != 200 {
		t.Errorf("%d mails with %d Message-IDs", len(d.sink.Mails("")), len(ids))
	}
}

func TestNoDotWithoutAFence(t *testing.T) {
	for name, err := range map[string]error{
		"the fence is refused":          fsm.ErrRejected,
		"the leadership is lost":        fsm.ErrNotLeader,
		"the fence's outcome is unkown": fsm.ErrUnknownOutcome,
	} {
		t.Run(name, func(t *testing.T) {
			d := newRig(t, nil)
			d.f.fail(t, 1)
			fences := make(chan struct{}, 1)
			d.f.hook = func(_ bool, cmd fsm.Command) error {
				if _, ok := cmd.(fsm.Fence); ok {
					select {
					case fences <- struct{}{}:
					default:
					}
					return err
				}
				return nil
			}
			d.lead(1)
			<-fences
			testkit.Eventually(t, "the connection is dropped", func() bool { return d.sink.Open() == 0 })
			d.stop()
			if n := len(d.sink.Mails("")); n != 0 {
				t.Errorf("the server took %d mails", n)
			}
		})
	}
}

func TestAFenceThatCommitsLateGetsNoDot(t *testing.T) {
	d := newRig(t, nil)
	d.f.fail(t, 1)
	late := true
	d.f.hook = func(_ bool, cmd fsm.Command) error {
		if _, ok := cmd.(fsm.Fence); ok && late {
			late = false
			time.Sleep(dotWindow + 50*time.Millisecond) // what is tested is that time passes
		}
		return nil
	}
	d.lead(1)
	testkit.Eventually(t, "the attempt is given back", func() bool {
		list, _ := d.f.store.Alerts(fsm.AlertFilter{})
		return list[0].State == fsm.AlertPending && list[0].Attempt == 1
	})
	if n := len(d.sink.Mails("")); n != 0 {
		t.Errorf("the server took %d mails", n)
	}
}

func TestAnswersOfTheServer(t *testing.T) {
	for name, c := range map[string]struct {
		stage smtpsink.Stage
		code  int
		state fsm.AlertState
		words string
	}{
		"a recipient that is refused for good":  {smtpsink.AtRcpt, 550, fsm.AlertFailed, "told to fail"},
		"a recipient that is refused for now":   {smtpsink.AtRcpt, 451, fsm.AlertPending, "told to fail"},
		"a message that is refused for good":    {smtpsink.AtData, 554, fsm.AlertFailed, "told to fail"},
		"a message that is refused for a while": {smtpsink.AtData, 452, fsm.AlertPending, "told to fail"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newRig(t, nil)
			d.sink.Fail(c.stage, c.code)
			d.f.fail(t, 1)
			d.lead(1)
			var a fsm.Alert
			testkit.Eventually(t, "the answer is recorded", func() bool {
				list, _ := d.f.store.Alerts(fsm.AlertFilter{})
				a = list[0]
				return a.Error != ""
			})
			if a.State != c.state || !strings.Contains(a.Error, c.words) || a.InDoubt {
				t.Errorf("%s: %q", a.State, a.Error)
			}
			d.sink.Fail(c.stage, 0)
			if c.state == fsm.AlertFailed {
				d.f.must(t, fsm.RetryAlert{Alert: a.ID})
			} else {
				d.f.jump(10 * time.Second)
			}
			d.awaitMails(1)
		})
	}
}

func TestTheServerIsDown(t *testing.T) {
	d := newRig(t, nil)
	d.sink.Down()
	d.f.fail(t, 1)
	d.lead(1)
	testkit.Eventually(t, "the attempt is recorded", func() bool {
		list, _ := d.f.store.Alerts(fsm.AlertFilter{})
		return strings.Contains(list[0].Error, "cannot be reached") && list[0].State == fsm.AlertPending
	})
	if err := d.sink.Up(); err != nil {
		t.Fatal(err)
	}
	d.f.jump(10 * time.Second)
	d.awaitMails(1)
}

func TestAServerThatIsLostAfterTheDot(t *testing.T) {
	for _, mode := range []string{InDoubtResend, InDoubtHold} {
		t.Run(mode, func(t *testing.T) {
			d := newRig(t, func(c *Config) { c.InDoubt = mode })
			d.sink.Hang(smtpsink.AtData)
			d.f.fail(t, 1)
			d.lead(1)
			testkit.Eventually(t, "the row is fenced", func() bool { return d.f.states()[fsm.AlertFenced] == 1 })
			testkit.Eventually(t, "the message has arrived", func() bool { return d.sink.Hanging() == 1 })
			d.sink.Cut()
			if mode == InDoubtHold {
				testkit.Eventually(t, "the row is held", func() bool { return d.f.states()[fsm.AlertHeld] == 1 })
				return
			}
			testkit.Eventually(t, "the row is in doubt", func() bool {
				list, _ := d.f.store.Alerts(fsm.AlertFilter{})
				return list[0].InDoubt && list[0].State == fsm.AlertPending
			})
			d.sink.Resume()
			d.f.jump(10 * time.Second)
			testkit.Eventually(t, "it is sent", func() bool { return d.f.states()[fsm.AlertSent] == 1 })
			mails := d.sink.Mails("")
			last := mails[len(mails)-1]
			if last.Header.Get("X-Quorumbeat-Possible-Duplicate") != "yes" {
				t.Error("the repeat does not say that it may be one")
			}
			for _, m := range mails {
				if m.MessageID != last.MessageID {
					t.Errorf("Message-IDs %s and %s", m.MessageID, last.MessageID)
				}
			}
		})
	}
}

// TestTheNextLeaderGoesOn takes over from a leader that died at each step.
func TestTheNextLeaderGoesOn(t *testing.T) {
	for name, steps := range map[string]int{"claimed": 1, "fenced": 2} {
		t.Run(name, func(t *testing.T) {
			d := newRig(t, nil)
			d.f.fail(t, 1)
			list, _ := d.f.store.Alerts(fsm.AlertFilter{})
			id := list[0].ID
			d.f.must(t, fsm.Claim{Alert: id, Term: 1, Attempt: 1})
			if steps == 2 {
				d.f.must(t, fsm.Fence{Alert: id, Term: 1, Attempt: 1})
			}
			begin := time.Now()
			d.lead(2)
			if steps == 2 { // its sender's word may still come
				time.AfterFunc(100*time.Millisecond, func() {
					d.f.Propose(context.Background(), fsm.Settle{Alert: id, Term: 1, Attempt: 1, Outcome: fsm.OutcomeSent})
				})
				testkit.Eventually(t, "the ex-leader's word counts", func() bool { return d.f.states()[fsm.AlertSent] == 1 })
				if n := len(d.sink.Mails("")); n != 0 || time.Since(begin) > doubtWait {
					t.Errorf("%d mails after %v", n, time.Since(begin))
				}
				return
			}
			d.awaitMails(1)
			testkit.Eventually(t, "it is settled", func() bool { return d.f.states()[fsm.AlertSent] == 1 })
		})
	}
}

func TestSettingsAreTheClustersBeforeTheFirstTick(t *testing.T) {
	d := newRig(t, func(c *Config) { c.Settings.MailTo = []string{"team@example.com"} })
	d.lead(1)
	testkit.Eventually(t, "the settings are in force", func() bool { return len(d.f.store.Settings().MailTo) == 1 })
	d.f.mu.Lock()
	defer d.f.mu.Unlock()
	if d.f.log[0] != "SetSettings" {
		t.Errorf("first came %s", d.f.log[0])
	}
}

func TestTheTerminalShowsMails(t *testing.T) {
	var out testkit.Buffer
	d := newRig(t, func(c *Config) { c.SMTPURL, c.Terminal = "stdout:", &out })
	d.f.fail(t, 1)
	d.lead(1)
	testkit.Eventually(t, "the mail is shown", func() bool { return strings.Contains(out.String(), "Subject: [DOWN] job 1") })
	testkit.Eventually(t, "it is settled", func() bool { return d.f.states()[fsm.AlertSent] == 1 })
}

// TestAMailTellsWhatHoldsWhenItIsClaimed: until then a failure may take the place of
// the silence that a row was to tell, and nothing else would tell of it.
func TestAMailTellsWhatHoldsWhenItIsClaimed(t *testing.T) {
	var d *rig
	var once sync.Once
	d = newRig(t, func(c *Config) {
		c.Step = func(point string) {
			if point == PointReady {
				once.Do(func() { d.f.must(t, fsm.Signal{Ordinal: 1, Tells: fsm.SignalFail, Exit: 7}) })
			}
		}
	})
	d.f.fail(t, 1)
	d.lead(1)
	if m := d.awaitMails(1)[0]; !strings.Contains(string(m.Raw), "reported a failure") {
		t.Errorf("the mail says\n%s", m.Raw)
	}
	testkit.Eventually(t, "the row is sent", func() bool { return d.f.states()[fsm.AlertSent] == 1 })
	if n := len(d.f.alerts()); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestAServerThatNeverConfirmsGetsThreeCopies: it takes each, and says so to nobody.
func TestAServerThatNeverConfirmsGetsThreeCopies(t *testing.T) {
	t.Parallel()
	d := newRig(t, nil)
	d.sink.DropBeforeAnswer()
	d.f.fail(t, 1)
	d.lead(1)
	testkit.Eventually(t, "the row is held", func() bool {
		d.f.jump(10 * time.Second) // its backoff
		return d.f.states()[fsm.AlertHeld] == 1
	})
	a := d.f.alerts()[0]
	if n := len(d.sink.Mails("")); n != fsm.MaxDoubts || !a.InDoubt || !strings.Contains(a.Error, "held after 3 attempts") {
		t.Errorf("%d copies; %+v", n, a)
	}
	d.sink.Keep()
	d.f.must(t, fsm.RetryAlert{Alert: a.ID})
	testkit.Eventually(t, "a person's retry sends it", func() bool { return d.f.sent() == 1 })
}
