package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// pairFiles are a certificate and its key on disk.
type pairFiles struct{ cert, key string }

// renew puts a new certificate into the files, and returns it.
func (p pairFiles) renew(t *testing.T) *x509.Certificate { return p.renewFor(t, time.Hour, time.Hour) }

func (p pairFiles) renewFor(t *testing.T, past, left time.Duration) *x509.Certificate {
	t.Helper()
	pair, ca := selfSignedFor(t, past, left)
	der, err := x509.MarshalPKCS8PrivateKey(pair.Certificates[0].PrivateKey)
	testkit.Must(t, err)
	put(t, p.key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	text, err := os.ReadFile(ca)
	testkit.Must(t, err)
	put(t, p.cert, string(text))
	leaf, err := x509.ParseCertificate(pair.Certificates[0].Certificate[0])
	testkit.Must(t, err)
	return leaf
}

// put replaces a file with secrets, as programs do that renew them.
func put(t *testing.T, name, text string) {
	t.Helper()
	testkit.Must(t, os.WriteFile(name+".new", []byte(text), 0o600))
	testkit.Must(t, os.Rename(name+".new", name))
}

// shown reports whether a node shows its clients a certificate.
func shown(n *localcluster.Node, want *x509.Certificate) bool {
	conn, err := tls.Dial("tcp", n.Addrs.HTTP, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return false
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Equal(want)
}

func TestCertificatesAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pair := pairFiles{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	first := pair.renewFor(t, 80*24*time.Hour, 10*24*time.Hour)
	n := loner(t, nil, "--mail-to", "ops@example.com", "--http-tls-cert", pair.cert, "--http-tls-key", pair.key)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(n.Log())
		}
	})
	testkit.Eventually(t, "the first certificate is shown", func() bool { return shown(n, first) })

	told := func(subject string) {
		t.Helper()
		testkit.Eventually(t, "a mail says "+subject, func() bool { return strings.Contains(n.Log(), "["+subject+"] HTTP certificate of node") })
	}
	told("WARNING")
	second := pair.renew(t)
	testkit.Eventually(t, "the files that changed are read again", func() bool { return shown(n, second) })

	told("RECOVERED")
	put(t, pair.cert, "nonsense")
	testkit.Eventually(t, "the log tells that the certificate cannot be used", func() bool { return strings.Contains(n.Log(), "the old one stays in force") })
	if !shown(n, second) {
		t.Error("the old certificate is gone")
	}

	third := pair.renew(t)
	testkit.Must(t, n.Signal(syscall.SIGHUP))
	testkit.Eventually(t, "the next certificate is read", func() bool { return shown(n, third) })
}

func TestSIGHUPReadsSecretsAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	first, second := newSink(t, smtpsink.Config{}), newSink(t, smtpsink.Config{})
	put(t, file("admin"), "the-first-admin-key\n")
	put(t, file("scrape"), "the-first-scrape-token\n")
	put(t, file("smtp"), "smtp://"+first.Addr()+"?tls=none")
	c, err := localcluster.Start(localcluster.Options{
		Binary: plain.path(t), Dir: dir, Nodes: 1, AdminKey: "", Flags: []string{"--mail-to", "ops@example.com", "--mail-from", "m@example.com", "--alert-group-wait", "0s"},
		Env: []string{"QUORUMBEAT_ADMIN_KEY_FILE=" + file("admin"), "QUORUMBEAT_METRICS_TOKEN_FILE=" + file("scrape"), "QUORUMBEAT_SMTP_URL_FILE=" + file("smtp")},
	})
	testkit.Must(t, err)
	t.Cleanup(c.Close)
	n := c.Nodes[0]
	status := func(key, path string) int { return call(t, key, "GET", n.URL()+path, nil).status }
	testkit.Eventually(t, "the first key works", func() bool { return status("the-first-admin-key", "/v1/heartbeats") == 200 })

	put(t, file("admin"), "short")
	testkit.Must(t, n.Signal(syscall.SIGHUP))
	testkit.Eventually(t, "the log says why nothing was reloaded", func() bool { return strings.Contains(n.Log(), "SIGHUP: nothing was reloaded") })
	if got := status("the-first-admin-key", "/v1/heartbeats"); got != 200 {
		t.Errorf("the first key after a bad one: %d", got)
	}

	put(t, file("admin"), "the-second-admin-key\n")
	put(t, file("scrape"), "the-second-scrape-token\n")
	put(t, file("smtp"), "smtp://"+second.Addr()+"?tls=none")
	testkit.Must(t, n.Signal(syscall.SIGHUP))
	testkit.Eventually(t, "the second key works", func() bool { return status("the-second-admin-key", "/v1/heartbeats") == 200 })
	for key, path := range map[string]string{"the-first-admin-key": "/v1/heartbeats", "the-first-scrape-token": "/metrics"} {
		if got := status(key, path); got != 401 {
			t.Errorf("%s still opens %s: %d", key, path, got)
		}
	}
	if got := status("the-second-scrape-token", "/metrics"); got != 200 {
		t.Errorf("the second scrape token: %d", got)
	}
	if log := n.Log(); !strings.Contains(log, `changed="admin key or metrics token, mail server"`) || strings.Contains(log, "second") {
		t.Errorf("the log does not tell what was reloaded, or tells a secret:\n%s", log)
	}
	h := heartbeat{}
	a := call(t, "the-second-admin-key", "POST", n.URL()+"/v1/heartbeats", fields{"name": "job", "interval_secs": 3600})
	testkit.Must(t, json.Unmarshal([]byte(a.body), &h))
	call(t, "", "POST", pingURL(n, h)+"/fail", nil)
	testkit.Eventually(t, "the new mail server has the alert", func() bool { return len(second.Mails("ops@example.com")) > 0 })
	if len(first.Mails("ops@example.com")) > 0 {
		t.Error("the old mail server has it, too")
	}
}

// resumes reports whether a node goes on with a TLS session that was begun at any.
func resumes(t *testing.T, n *localcluster.Node, sessions tls.ClientSessionCache) bool {
	t.Helper()
	conn, err := tls.Dial("tcp", n.Addrs.HTTP, &tls.Config{InsecureSkipVerify: true, ServerName: "a-balancer", ClientSessionCache: sessions})
	testkit.Must(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	testkit.Must(t, err)
	if text, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200") { // the ticket comes with it
		t.Errorf("%q, %v", text, err)
	}
	return conn.ConnectionState().DidResume
}

// A secret is exchanged on running nodes, and then the old one opens nothing any more. A client's TLS sessions go on at
// each of them, for as long as both secrets are known.
func TestTheClusterSecretIsExchangedWithoutARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	before, after := strings.TrimSpace(cli(t, nil, "secret").stdout), strings.TrimSpace(cli(t, nil, "secret").stdout)
	put(t, file, before)
	sink := newSink(t, smtpsink.Config{})
	pair := pairFiles{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	pair.renew(t)
	e := startWith(t, sink, localcluster.Options{Nodes: 3, Cert: pair.cert, Key: pair.key, Secret: localcluster.NoSecret, Flags: append(mailFlags(sink, "none"), "--cluster-secret-file", file)})
	h := create(t, e.Nodes[0], fields{"name": "job", "interval_secs": 3600})
	goesOn, stays := tls.NewLRUClientSessionCache(1), tls.NewLRUClientSessionCache(1)
	if resumes(t, e.Nodes[0], goesOn) || !resumes(t, e.Nodes[1], goesOn) || resumes(t, e.Nodes[0], stays) {
		t.Error("not every node takes the others' tickets, or one takes what is none")
	}
	for round, text := range []string{before + "\n" + after, after + "\n" + before, after} {
		put(t, file, text)
		for _, n := range e.Nodes {
			testkit.Must(t, n.Signal(syscall.SIGHUP))
		}
		for _, n := range e.Nodes {
			testkit.Eventually(t, n.Name+" has read the secret", func() bool {
				return strings.Count(n.Log(), `changed="cluster secret or certificate"`) == round+1
			})
		}
		for _, n := range e.Nodes {
			ping(t, n, h)
			if !resumes(t, n, goesOn) {
				t.Errorf("with secrets %d, %s takes no ticket of the node before", round, n.Name)
			}
		}
	}
	if resumes(t, e.Nodes[1], stays) {
		t.Error("a ticket of the old secret is still taken")
	}
	last := e.Followers(e.leader())[0]
	testkit.Must(t, last.Stop())
	put(t, file, before)
	testkit.Must(t, last.Start())
	testkit.Eventually(t, "the others refuse the old secret", func() bool {
		for _, n := range e.Followers(last) {
			if strings.Contains(n.Log(), "another cluster secret") {
				return true
			}
		}
		return false
	})
	testkit.Must(t, last.Kill()) // a node without a leader stops slowly
	put(t, file, after)
	testkit.Must(t, last.Start())
	e.waitReady()
	for _, n := range e.Nodes {
		ping(t, n, h)
	}
}
