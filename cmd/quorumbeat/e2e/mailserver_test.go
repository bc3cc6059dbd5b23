package e2e

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestTheWayToTheMailServer uses a server with a certificate and logins of its own, which
// the node believes by ca=FILE or by SSL_CERT_FILE.
func TestTheWayToTheMailServer(t *testing.T) {
	t.Parallel()
	cert, ca := selfSigned(t)
	for name, how := range map[string]struct{ query, env string }{
		"ca":            {"&ca=" + ca, ""},
		"SSL_CERT_FILE": {"", "SSL_CERT_FILE=" + ca},
		"neither":       {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := newSink(t, smtpsink.Config{TLS: cert, Username: "u", Password: "p"})
			opts := localcluster.Options{Nodes: 1, Flags: []string{
				"--smtp-url", "smtp://u:p@" + sink.Addr() + "?tls=starttls" + how.query, "--mail-from", "monitor@example.com", "--smtp-helo", "monitor.example.com",
			}}
			if how.env != "" {
				opts.Env = []string{how.env}
			}
			e := startWith(t, sink, opts)
			if name == "neither" {
				testkit.Eventually(t, "the log says what to do", func() bool { return strings.Contains(e.Nodes[0].Log(), "ca=FILE in --smtp-url or by SSL_CERT_FILE") })
				r := cli(t, e.clientEnv(), "alerts", "test", "--to", "ops@example.com")
				if r.code != 1 || !strings.Contains(r.stdout, "NOT ACCEPTED") || !strings.Contains(r.stdout, "authority") || !strings.Contains(r.stderr, "not every test mail") {
					t.Errorf("alerts test: %+v", r)
				}
				if r := cli(t, e.clientEnv(), "cluster"); !strings.Contains(r.stdout, "CANNOT BE USED") {
					t.Errorf("cluster: %+v", r)
				}
				return
			}
			mailsGo(t, e)
		})
	}
}

func mailsGo(t *testing.T, e *env) {
	testkit.Eventually(t, "the log says that the server answers", func() bool { return strings.Contains(e.Nodes[0].Log(), "the mail server answers") })
	if r := cli(t, e.clientEnv(), "cluster"); !strings.Contains(r.stdout, "answers (asked ") {
		t.Errorf("cluster: %+v", r)
	}
	if got := metric(t, e.Nodes[0].URL(), "quorumbeat_mail_server_up"); got != "1" {
		t.Errorf("quorumbeat_mail_server_up is %s", got)
	}
	r := cli(t, e.clientEnv(), "alerts", "test", "--to", "ops@example.com")
	if r.code != 0 || !strings.Contains(r.stdout, "accepted") || !strings.Contains(r.stdout, "250 ") || len(e.sink.Mails("ops@example.com")) != 1 {
		t.Errorf("alerts test: %+v", r)
	}
	// Nobody is named by --mail-to.
	if r := cli(t, e.clientEnv(), "alerts", "test"); r.code != 1 || !strings.Contains(r.stderr, "--mail-to") {
		t.Errorf("alerts test to nobody: %+v", r)
	}
	if r := cli(t, e.clientEnv(), "create", "quiet"); !strings.Contains(r.stdout, "nobody is told when it fails") {
		t.Errorf("create: %+v", r)
	}
	h := create(t, e.Nodes[0], fields{"name": "lonely"})
	call(t, "", "POST", e.Nodes[0].URL()+"/ping/"+h.Token+"/fail", nil)
	testkit.Eventually(t, "the failure is told in the log", func() bool { return strings.Contains(e.Nodes[0].Log(), "nobody is told: set --mail-to") })
	r = cli(t, nil, "config", "check", "--smtp-url", "stdout:")
	if r.code != 0 || !strings.Contains(r.stderr, "no --mail-to is set") {
		t.Errorf("config check: %+v", r)
	}
}
