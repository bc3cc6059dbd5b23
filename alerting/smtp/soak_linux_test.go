package smtp

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// realServer is a mail server of Debian that runs in a namespace.
type realServer struct {
	t     *testing.T
	dir   string
	ports []string
}

// startReal installs and runs a package; see testdata/mailserver.sh. It needs root, apt
// and overlayfs, and is skipped without them.
func startReal(t *testing.T, pkg string) *realServer {
	t.Helper()
	if os.Getenv("QUORUMBEAT_SOAK_MAIL") == "" {
		t.Skip("set QUORUMBEAT_SOAK_MAIL to install and run real mail servers")
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		t.Skip("real mail servers need root and apt-get")
	}
	r := &realServer{t: t, dir: t.TempDir()}
	r.certificate()
	args := []string{"--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "testdata/mailserver.sh", r.dir, pkg}
	for range 5 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		ln.Close()
		r.ports = append(r.ports, port)
	}
	cmd := exec.Command("unshare", append(args, r.ports...)...)
	out, err := os.Create(filepath.Join(r.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Skipf("no namespaces here: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		r.end(cmd.Process.Pid)
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Log(r.file("out"), r.file("install.log"), r.file("server.log"), r.file("ops/exim-main.log"), r.file("ops/exim-reject.log"))
		}
	})
	r.await(ended)
	return r
}

// end kills the first process of the namespace, and so all of it.
func (r *realServer) end(unshare int) {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", unshare, unshare))
	for _, pid := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(pid); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
}

func (r *realServer) file(name string) string {
	b, _ := os.ReadFile(filepath.Join(r.dir, name))
	return name + ":\n" + string(b)
}

func (r *realServer) await(ended chan error) {
	for limit := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if c, err := net.Dial("tcp", "127.0.0.1:"+r.ports[0]); err == nil {
			c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			if log := r.file("out"); strings.Contains(log, "permitted") || strings.Contains(r.file("install.log"), "Unable to locate") || strings.Contains(r.file("install.log"), "Unable to fetch") {
				r.t.Skip(log, r.file("install.log"))
			}
			r.t.Fatalf("the server ended: %v", err)
		default:
		}
		if time.Now().After(limit) {
			r.t.Fatal("the server did not come up")
		}
	}
}

// certificate writes one and its key for the server; it is its own authority.
func (r *realServer) certificate() {
	cfg, ca := certificate(r.t, nil)
	key, err := x509.MarshalPKCS8PrivateKey(cfg.Certificates[0].PrivateKey)
	if err != nil {
		r.t.Fatal(err)
	}
	cert, _ := os.ReadFile(ca)
	_ = os.WriteFile(filepath.Join(r.dir, "cert.pem"), cert, 0o644)
	_ = os.WriteFile(filepath.Join(r.dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600)
	_ = os.Chmod(r.dir, 0o755)
	_ = os.Chmod(filepath.Dir(r.dir), 0o755)
}

// send sends a rendered alert and says what is thought of the answer.
func (r *realServer) send(url, helo, to, name string) error {
	r.t.Helper()
	target, err := ParseURL(strings.Replace(url, "CA", filepath.Join(r.dir, "cert.pem"), 1))
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := newDialer(target, helo).Open(r.t.Context())
	if err != nil {
		return err
	}
	defer s.Close()
	a := fsm.Alert{
		ID: fsm.AlertID{1}, Kind: fsm.AlertDown, Recipient: to, CreatedAt: time.Now(),
		MessageID: "0123456789abcdef@quorumbeat", Evidence: fsm.Evidence{Name: name},
	}
	message, err := message.Render("monitor@example.com", a, nil, message.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := s.Transfer(r.t.Context(), "monitor@example.com", to, message); err != nil {
		return err
	}
	return s.Complete(time.Now().Add(testWindow))
}

// awaitMail waits until a mail with a text is in the mailbox.
func (r *realServer) awaitMail(text string) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); !r.arrived(text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("no mail with %q has arrived", text)
		}
	}
}

// arrived reports whether a mail with a text is in the mailbox.
func (r *realServer) arrived(text string) bool {
	files, _ := filepath.Glob(filepath.Join(r.dir, "ops/Maildir/new/*"))
	for _, f := range files {
		if b, _ := os.ReadFile(f); strings.Contains(string(b), text) {
			return true
		}
	}
	return false
}

// TestRealMailServers has Debian's mail servers take alerts by each login that they offer,
// and refuse them for the reasons that servers have.
func TestRealMailServers(t *testing.T) {
	for pkg, logins := range map[string][]string{
		"postfix":            {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"},
		"exim4-daemon-light": {"PLAIN", "LOGIN"},
		"opensmtpd":          nil, // see testdata/mailserver.sh
	} {
		t.Run(pkg, func(t *testing.T) {
			r := startReal(t, pkg)
			urls := []string{"smtp://127.0.0.1:" + r.ports[0] + "?ca=CA"}
			for i := range logins {
				urls = append(urls, "smtp://me:p%40ss@127.0.0.1:"+r.ports[i+1]+"?ca=CA")
			}
			if logins == nil {
				urls[0] = strings.Replace(urls[0], "ca=CA", "tls=none", 1)
			}
			for i, url := range urls {
				name := fmt.Sprintf("job-%d %send", i, strings.Repeat("Größe ", 20))
				if err := r.send(url, "", "ops@example.com", name); err != nil {
					t.Errorf("%s: %v", append([]string{"without a login"}, logins...)[i], err)
				}
				r.awaitMail(fmt.Sprintf("[DOWN] =?utf-8?q?job-%d_", i))
			}
			r.refuses(urls[0], "", "nobody-here@example.com", Permanent)
			if logins == nil { // to it any other recipient is unknown, and any name is good
				return
			}
			r.refuses(urls[0], "", "ops@example.net", Refused)
			r.refuses(urls[0], "localhost", "ops@example.com", Trouble)
			r.refuses(strings.Replace(urls[1], "p%40ss", "wrong", 1), "", "ops@example.com", Trouble)
			// "Access denied" is all that Postfix says to who did not log in.
			r.refuses(strings.Replace(urls[1], "me:p%40ss@", "", 1), "", "ops@example.com", map[bool]Class{true: Refused, false: Trouble}[pkg == "postfix"])
		})
	}
}

func (r *realServer) refuses(url, helo, to string, want Class) {
	r.t.Helper()
	err := r.send(url, helo, to, "refused")
	if err == nil || Classify(err) != want {
		r.t.Errorf("%v: class %d, want %d", err, Classify(err), want)
	}
	r.t.Log(err)
}
