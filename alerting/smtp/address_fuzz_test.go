package smtp

import (
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// FuzzAddress: what is accepted as a recipient can be written and sent, and arrives there.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		"ops@example.com", "a..b@x.com", ".a@x.com", "a.@x.com", "a@x..com", "a@-x.com", "o'k+{a}=b/c!#$%&*?^_`|~-d@x.com", "a@[192.0.2.1]",
		`"a b"@x.com`, "a@b@c", "ü@x.com", "a@bücher.de", "a@xn--bcher-kva.de", "root@localhost", "a,b@x.com", "a:b@x.com", "<a@x.com>", "A <a@x.com>", "a@x.com>", "a@1.2.3.4",
	} {
		f.Add(s)
	}
	sink, err := smtpsink.Start(smtpsink.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(sink.Close)
	target, _ := ParseURL("smtp://" + sink.Addr() + "?tls=none")
	conn, err := newDialer(target, "").Open(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(conn.Close)
	f.Fuzz(func(t *testing.T, addr string) {
		if fsm.ValidateEmail(addr) != nil {
			return
		}
		a := fsm.Alert{Kind: fsm.AlertDown, Recipient: addr, MessageID: "0123456789abcdef@quorumbeat", Evidence: fsm.Evidence{Name: "x"}}
		raw, err := message.Render(addr, a, nil, message.Options{})
		if err != nil {
			t.Fatalf("%q is accepted and cannot be written: %v", addr, err)
		}
		if err := conn.Transfer(t.Context(), addr, addr, raw); err != nil {
			t.Fatalf("%q is accepted and cannot be sent: %v", addr, err)
		}
		if err := conn.Complete(time.Now().Add(testWindow)); err != nil {
			t.Fatal(err)
		}
		mails := sink.Mails(addr)
		if len(mails) == 0 || mails[len(mails)-1].Header.Get("To") != "<"+addr+">" {
			t.Errorf("%q did not arrive", addr)
		}
	})
}
