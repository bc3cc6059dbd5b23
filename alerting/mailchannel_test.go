package alerting

import (
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestAMailChannelIsMail: each of its addresses gets a mail of its own, and the recovery in its thread; what
// waits for a deleted one fails.
func TestAMailChannelIsMail(t *testing.T) {
	id := fsm.ChannelID{5}
	d := newMailChannelRig(t, id)
	d.f.fail(t, 1) // which names ops@example.com itself
	d.lead(1)
	d.awaitMails(3)
	var to []string
	down := map[string]string{}
	for _, m := range d.sink.Mails("") {
		to = append(to, m.To)
		down[m.To] = m.MessageID
		if got := m.Header.Get("To"); !strings.Contains(got, m.To) || strings.Contains(string(m.Raw), id.String()) {
			t.Errorf("to %s: %s", m.To, m.Raw)
		}
	}
	slices.Sort(to)
	if want := []string{"lead@example.com", "night@example.com", "ops@example.com"}; !slices.Equal(to, want) {
		t.Fatalf("mails to %q, want %q", to, want)
	}
	d.f.must(t, fsm.Ping{Ordinal: 1})
	for _, m := range d.awaitMails(6)[3:] {
		if m.Header.Get("In-Reply-To") != down[m.To] || down[m.To] == "" {
			t.Errorf("the recovery to %s answers %q, want %q", m.To, m.Header.Get("In-Reply-To"), down[m.To])
		}
	}
	testkit.Eventually(t, "all are sent", func() bool { return d.f.states()[fsm.AlertSent] == 6 })

	r, err := d.s.TestChannel(t.Context(), id)
	if err != nil || !r.Accepted || !strings.Contains(r.Answer, "night@example.com: 250 ") || !strings.Contains(r.Answer, "lead@example.com: 250 ") {
		t.Errorf("a test: %+v, %v", r, err)
	}
	d.sink.Fail(smtpsink.AtRcpt, 550)
	if r, err := d.s.TestChannel(t.Context(), id); err != nil || r.Accepted {
		t.Errorf("a test that is refused: %+v, %v", r, err)
	}

	d = newMailChannelRig(t, id)
	d.f.fail(t, 1)
	d.f.must(t, fsm.DeleteChannel{ID: id})
	d.lead(1)
	testkit.Eventually(t, "its rows have failed", func() bool { return d.f.states()[fsm.AlertFailed] == 2 })
	for _, a := range d.f.alerts() {
		if a.State == fsm.AlertFailed && a.Error != errChannelGone.Error() {
			t.Errorf("%q", a.Error)
		}
	}
}

func newMailChannelRig(t *testing.T, id fsm.ChannelID) *rig {
	d := newRig(t, nil)
	d.f.must(t, fsm.CreateChannel{ID: id, Spec: fsm.ChannelSpec{
		Name: "night", Kind: fsm.KindEmail, Default: true, On: fsm.SetOf(fsm.ChannelKinds...),
		Fields: []fsm.ChannelField{{Name: fsm.FieldTo, Value: "night@example.com, lead@example.com"}},
	}})
	return d
}
