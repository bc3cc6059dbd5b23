package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

const mailOf = `From: quorumbeat <monitor@example.com>
To: robot@example.com
Subject: [%s] quorumbeat
Date: Sat, 28 Nov 2026 20:00:00 +0000
Message-ID: <1@quorumbeat>
X-Quorumbeat-Ask: -o /tmp/x http://127.0.0.1:1/

hello
`

// TestTheMailRulesOfTheDocumentation runs those that docs/operations.md gives for the delivery canary: a canary has the
// known URL asked, whatever the mail says, and another mail is delivered. Where a program is missing its rule is left out.
func TestTheMailRulesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(srv.Close)
	docs, err := os.ReadFile(filepath.Join(repoRoot(t), "docs", "operations.md"))
	testkit.Must(t, err)
	for name, run := range map[string]func(r mailRule, mail string) *exec.Cmd{"procmail": mailRule.procmail, "sieve-test": mailRule.sieve} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skip(name, " is not installed")
			}
			r := newMailRule(t, srv.URL)
			r.rule = ruleIn(t, string(docs), map[string]string{"procmail": ":0 i", "sieve-test": `require ["vnd.dovecot.execute"]`}[name])
			for tag, want := range map[string]int64{"CANARY": 1, "DOWN": 0} {
				before, cmd := asked.Load(), run(r, fmt.Sprintf(mailOf, tag))
				out, err := cmd.CombinedOutput()
				if got := asked.Load() - before; err != nil || got != want {
					t.Errorf("[%s]: the URL was asked %d times, want %d: %v, %s", tag, got, want, err, out)
				}
			}
		})
	}
}

// ruleIn is the block of the documentation that begins so.
func ruleIn(t *testing.T, docs, begins string) string {
	t.Helper()
	_, rest, found := strings.Cut(docs, "```\n"+begins)
	rule, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("no rule begins with %s", begins)
	}
	return begins + rule
}

// mailRule is a folder in which a rule runs, as somebody who is not root.
type mailRule struct {
	t         *testing.T
	dir, rule string
}

func newMailRule(t *testing.T, url string) mailRule {
	dir, err := os.MkdirTemp("", "quorumbeat-rule-")
	testkit.Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := mailRule{t: t, dir: dir}
	r.write("ask-canary", "#!/bin/sh\ncurl -fsS -m 15 -o /dev/null "+url+"\n")
	testkit.Must(t, os.Chmod(filepath.Join(dir, "ask-canary"), 0o755))
	return r
}

func (r mailRule) write(name, text string) string {
	path := filepath.Join(r.dir, name)
	testkit.Must(r.t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// command is one that runs in the folder, which is its own.
func (r mailRule) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = r.dir, []string{"PATH=/usr/bin:/bin", "HOME=" + r.dir}
	if os.Geteuid() == 0 {
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		testkit.Must(r.t, filepath.Walk(r.dir, func(path string, _ os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(path, nobody, nobody)
		}))
	}
	return cmd
}

func (r mailRule) procmail(mail string) *exec.Cmd {
	rule := strings.Replace(r.rule, "/usr/local/bin", r.dir, 1)
	rc := r.write("procmailrc", "MAILDIR="+r.dir+"\nDEFAULT="+r.dir+"/inbox\n"+rule)
	cmd := r.command("procmail", "-m", rc)
	cmd.Stdin = strings.NewReader(mail)
	return cmd
}

func (r mailRule) sieve(mail string) *exec.Cmd {
	config := r.write("dovecot.conf", "protocols =\nmail_location = maildir:"+r.dir+"/mail\nplugin {\n  sieve_plugins = sieve_extprograms\n  sieve_extensions = +vnd.dovecot.execute\n  sieve_execute_bin_dir = "+r.dir+"\n}\n")
	return r.command("sieve-test", "-c", config, "-e", r.write("rule.sieve", r.rule), r.write("mail.eml", mail))
}
