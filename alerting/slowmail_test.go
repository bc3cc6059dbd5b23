package alerting

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// slowMail is a mail server that takes its time, or for ever.
type slowMail struct {
	greets bool          // else it says nothing at all
	drips  time.Duration // between two bytes of what it says
	stalls string        // the command to which it says nothing
}

func (x slowMail) serve(t *testing.T) (addr string) { return testkit.Listen(t, x.talk) }

func (x slowMail) talk(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	for answer := "220 slow"; x.greets; answer = "250 OK" {
		switch said := strings.ToUpper(lines.Text()); {
		case x.stalls != "" && strings.HasPrefix(said, x.stalls):
			_, _ = io.Copy(io.Discard, conn)
			return
		case said == "DATA":
			answer = "354 go on"
		}
		x.say(conn, answer+"\r\n")
		for lines.Scan() && answer[0] == '3' && lines.Text() != "." {
		}
		if lines.Err() != nil || lines.Text() == "" {
			return
		}
	}
	_, _ = io.Copy(io.Discard, conn)
}

func (x slowMail) say(conn net.Conn, text string) {
	for i := range text {
		time.Sleep(x.drips) // an end that is slow on purpose
		if _, err := conn.Write([]byte{text[i]}); err != nil {
			return
		}
	}
}

// TestASlowMailServerIsInNobodysWay: a channel beside it is told at once, and no alert is given up.
func TestASlowMailServerIsInNobodysWay(t *testing.T) {
	for name, x := range map[string]slowMail{
		"it never greets":           {},
		"it stalls after RCPT":      {greets: true, stalls: "RCPT"},
		"it stalls after the dot":   {greets: true, stalls: "."},
		"it says a byte at a time":  {greets: true, drips: 20 * time.Millisecond},
		"it drips, and then stalls": {greets: true, drips: time.Millisecond, stalls: "DATA"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := x.serve(t)
			d := newRig(t, func(c *Config) {
				allowLoopback(c)
				c.SMTPURL = "smtp://" + addr + "?tls=none"
			})
			hook := newReceiver(t, nil)
			d.channel(1, hook.URL)
			d.f.fail(t, 5)
			d.lead(1)
			hook.await(t, 5)
			if x.stalls == "" && x.greets {
				testkit.Eventually(t, "and the mails are taken", func() bool { return d.f.sent() == 10 })
				return
			}
			testkit.Eventually(t, "what the channel took is recorded", func() bool { return d.f.sent() == 5 })
			for _, a := range d.f.alerts() {
				if _, is := fsm.ChannelOf(a.Recipient); !is && a.State.Settled() {
					t.Errorf("%s is %v: %s", a.Recipient, a.State, a.Error)
				}
			}
		})
	}
}
