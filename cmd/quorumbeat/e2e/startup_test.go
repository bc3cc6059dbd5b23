package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// TestAStartThatCannotWorkSaysWhatToDo runs serve with one thing wrong.
func TestAStartThatCannotWorkSaysWhatToDo(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer busy.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	testkit.Must(t, os.WriteFile(file, []byte("x"), 0o600))
	short := filepath.Join(dir, "short")
	testkit.Must(t, os.WriteFile(short, []byte("too short\n"), 0o600))
	config := filepath.Join(dir, "config.yaml")
	testkit.Must(t, os.WriteFile(config, []byte("node-name: a\nnonsense: 1\n"), 0o600))

	tests := []struct {
		name  string
		flags []string
		code  int
		word  string // in the message
	}{
		{"no mail server given", []string{"--smtp-url", ""}, 2, "--smtp-url"},
		{"the HTTP port is in use", []string{"--http-addr", busy.Addr().String()}, 1, busy.Addr().String()},
		{"the cluster port is in use", []string{"--insecure-cluster", "--cluster-addr", busy.Addr().String()}, 1, busy.Addr().String()},
		{"the data folder is a file", []string{"--data-dir", file}, 1, file},
		{"the secret is too short", []string{"--cluster-secret-file", short}, 2, "secret"},
		{"the secret's file is not there", []string{"--cluster-secret-file", filepath.Join(dir, "none")}, 2, "none"},
		{"another address than loopback without a secret", []string{"--cluster-addr", "0.0.0.0:0"}, 2, "secret"},
		{"several nodes without a secret", []string{"--bootstrap-expect", "3"}, 2, "--cluster-secret-file"},
		{"others to join without a secret", []string{"--join", "127.0.0.1:8082"}, 2, "--cluster-secret-file"},
		{"nothing to form and no secret to join with", []string{"--bootstrap-expect", "0"}, 2, "--cluster-secret-file"},
		{"an admin key that is too short", []string{"--admin-key", "short"}, 2, "admin"},
		{"an unknown flag", []string{"--nonsense"}, 2, "nonsense"},
		{"a value of the wrong kind", []string{"--history", "many"}, 2, "history"},
		{"a value out of its limits", []string{"--history", "1000001"}, 2, "history"},
		{"an unknown key in the file", []string{"--config", config}, 2, "nonsense"},
		{"a plain SMTP server that was not asked for", []string{"--smtp-url", "smtp://127.0.0.1:25?tls=maybe"}, 2, "tls"},
		{"a recipient that is no address", []string{"--mail-to", "nobody"}, 2, "mail-to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{
				"serve", "--node-name", "a", "--data-dir", filepath.Join(t.TempDir(), "data"), "--admin-key", adminKey, "--smtp-url", "stdout:",
				"--mail-from", "m@example.com", "--http-addr", "127.0.0.1:0", "--cluster-addr", "127.0.0.1:0", "--gossip-addr", "127.0.0.1:0",
			}, tt.flags...)
			r := cli(t, nil, args...)
			words := strings.ToLower(r.stderr + r.stdout)
			if r.code != tt.code || !strings.Contains(words, strings.ToLower(tt.word)) {
				t.Errorf("exit code %d, want %d; the words lack %q:\n%s", r.code, tt.code, tt.word, words)
			}
			if strings.Contains(words, "goroutine ") {
				t.Errorf("a stack trace instead of words:\n%s", words)
			}
		})
	}
}

// TestConfigCheckStartsNothing validates the same way that serve does.
func TestConfigCheckStartsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := "node-name: a\ndata-dir: " + filepath.Join(dir, "data") + "\nadmin-key: " + adminKey + "\nsmtp-url: 'stdout:'\nmail-from: m@example.com\nhistory: 5\n"
	for name, tt := range map[string]struct {
		file string
		code int
		word string
	}{
		"a good file":     {good, 0, ""},
		"an unknown key":  {good + "historie: 5\n", 2, "historie"},
		"a wrong value":   {strings.Replace(good, "history: 5", "history: -1", 1), 2, "history"},
		"not YAML at all": {"\t{", 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "quorumbeat.yaml")
			testkit.Must(t, os.WriteFile(path, []byte(tt.file), 0o600))
			r := cli(t, nil, "config", "check", "--config", path)
			if r.code != tt.code || !strings.Contains(r.stderr+r.stdout, tt.word) {
				t.Errorf("exit code %d, want %d; %q lacks %q", r.code, tt.code, r.stderr+r.stdout, tt.word)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); !os.IsNotExist(err) {
		t.Errorf("config check made the data folder: %v", err)
	}
}

func TestADataFolderInUseIsRefused(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 1)
	r := cli(t, nil, "serve", "--node-name", "n1", "--data-dir", e.Nodes[0].Dir, "--admin-key", adminKey, "--smtp-url", "stdout:",
		"--mail-from", "m@example.com", "--http-addr", "127.0.0.1:0", "--cluster-addr", "127.0.0.1:0", "--gossip-addr", "127.0.0.1:0")
	if r.code != 1 && r.code != 2 || !strings.Contains(r.stderr+r.stdout, e.Nodes[0].Dir) {
		t.Errorf("exit code %d: %s", r.code, r.stderr+r.stdout)
	}
	h := create(t, e.Nodes[0], fields{"name": "still here"})
	ping(t, e.Nodes[0], h)
}

// TestADataFolderOfAnotherClusterStaysOut joins a node that has a past elsewhere.
func TestADataFolderOfAnotherClusterStaysOut(t *testing.T) {
	t.Parallel()
	sink := newSink(t, smtpsink.Config{})
	opts := localcluster.Options{Nodes: 1, Flags: mailFlags(sink, "none"), Secret: strings.Repeat("shared ", 6)}
	here, there := startWith(t, sink, opts), startWith(t, sink, opts)
	mine := create(t, here.Nodes[0], fields{"name": "here"})
	create(t, there.Nodes[0], fields{"name": "there"})
	stranger := there.Nodes[0]
	testkit.Must(t, stranger.Stop())
	there.Options.Flags = append(there.Options.Flags, "--join", here.Nodes[0].Addrs.Gossip)
	err := stranger.Start()
	if err != nil {
		if code := stranger.ExitCode(); code != 1 && code != 2 {
			t.Errorf("exit code %d: %v", code, err)
		}
	} else {
		testkit.Eventually(t, "both sides say that the cluster is another", func() bool {
			return strings.Contains(here.Nodes[0].Log(), "another cluster") && strings.Contains(stranger.Log(), "another cluster")
		})
	}
	if all := list(t, here.Nodes[0]); len(all) != 1 || all[0].ID != mine.ID {
		t.Errorf("the cluster's heartbeats: %+v", all)
	}
	if all := members(t, here.Nodes[0]); len(all) != 1 {
		t.Errorf("the cluster's nodes: %+v", all)
	}
}

// TestMailOverTLSWithAuth uses STARTTLS, then TLS from the first byte.
func TestMailOverTLSWithAuth(t *testing.T) {
	t.Parallel()
	cert, ca := selfSigned(t)
	for name, implicit := range map[string]bool{"starttls": false, "implicit": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := newSink(t, smtpsink.Config{TLS: cert, Implicit: implicit, Username: "monitor", Password: "p@ss:word"})
			e := startWith(t, sink, localcluster.Options{
				Nodes: 1, Env: []string{"SSL_CERT_FILE=" + ca},
				Flags: []string{
					"--smtp-url", "smtp://monitor:p%40ss%3Aword@" + sink.Addr() + "?tls=" + name,
					"--mail-from", "monitor@example.com", "--mail-to", "ops@example.com",
				},
			})
			create(t, e.Nodes[0], fields{"name": "job", "interval_secs": 1, "grace_secs": 0, "miss_threshold": 1})
			e.waitMails(t, "ops@example.com", 1)
		})
	}
}
