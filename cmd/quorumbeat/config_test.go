package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// certificate makes a certificate and its key, as PEM.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", keyDER)
}

func configCheck(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	env := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	p, out, errs := newTestProgram(env)
	p.All = func() []string { return environ }
	base := []string{"config", "check", "--smtp-url", "stdout:", "--mail-to", "a@example.com", "--data-dir", filepath.Join(t.TempDir(), "a", "b")}
	code = p.run(t.Context(), append(base, args...))
	return code, out.String(), errs.String()
}

// TestConfigCheckFindsWhatServeWouldRefuse, and leaves nothing behind.
func TestConfigCheckFindsWhatServeWouldRefuse(t *testing.T) {
	certText, keyText := certificate(t)
	cert, key := write(t, "cert", certText), write(t, "key", keyText)
	_, other := certificate(t)
	otherKey, empty := write(t, "other", other), write(t, "empty", "")
	secret := write(t, "secret", strings.Repeat("s", 40))
	for name, tt := range map[string]struct {
		args, words string // no words: it is fine
	}{
		"the defaults":                        {"", ""},
		"a certificate":                       {"--http-tls-cert " + cert + " --http-tls-key " + key, ""},
		"the key of another certificate":      {"--http-tls-cert " + cert + " --http-tls-key " + otherKey, "--http-tls-cert"},
		"an empty certificate":                {"--http-tls-cert " + empty + " --http-tls-key " + key, "--http-tls-cert"},
		"no such certificate":                 {"--http-tls-cert /nowhere/c --http-tls-key " + key, "/nowhere/c"},
		"a cluster certificate":               {"--cluster-tls-cert " + cert + " --cluster-tls-key " + key + " --cluster-tls-ca " + cert + " --cluster-secret-file " + secret, ""},
		"a CA without a certificate":          {"--cluster-tls-cert " + cert + " --cluster-tls-key " + key + " --cluster-tls-ca " + empty + " --cluster-secret-file " + secret, "--cluster-tls-ca"},
		"a data folder that is a file":        {"--data-dir " + empty, "is not a folder"},
		"a data folder under a file":          {"--data-dir " + empty + "/data", "--data-dir"},
		"no port":                             {"--http-addr localhost", "--http-addr"},
		"a port of letters":                   {"--http-addr :http8", "a number from 0 to 65535"},
		"a port that is too high":             {"--cluster-addr 127.0.0.1:99999", "--cluster-addr"},
		"an IPv6 address without brackets":    {"--gossip-addr ::1:8082", "--gossip-addr"},
		"two settings with one port":          {"--http-addr :8081", "--cluster-addr"},
		"port 0 for all":                      {"--http-addr 127.0.0.1:0 --cluster-addr 127.0.0.1:0 --gossip-addr 127.0.0.1:0", ""},
		"a node to join at port 0":            {"--join 127.0.0.1:0 --cluster-secret-file " + secret, "--join"},
		"a mail server that is none":          {"--smtp-url http://mail.example.com", "smtp"},
		"a length of time that is none":       {"--dead-after soon", "--dead-after"},
		"days":                                {"--dead-after 1w --alert-group-wait 20", ""},
		"a secret that is missing":            {"--cluster-secret-file /nowhere/s", "/nowhere/s"},
		"the settings' file that is missing":  {"--config /nowhere/q.yaml", "/nowhere/q.yaml"},
		"a misspelt setting of the file":      {"--config " + write(t, "q", "node-nam: x\n"), `"node-nam": did you mean node-name?`},
		"a setting with a line below":         {"--config " + write(t, "q", "data_dir: x\n"), "did you mean data-dir?"},
		"a setting of the file that is none":  {"--config " + write(t, "q", "zzz: x\n"), `"zzz"; see`},
		"a length of time of the file":        {"--config " + write(t, "q", "alert-flap-window: 1d\ndead-after: 90\n"), ""},
		"a wrong length of time of the file":  {"--config " + write(t, "q", "dead-after: 1x\n"), `"1x" is not a length of time`},
		"a number of the file that is none":   {"--config " + write(t, "q", "history: many\n"), `"many" is not a whole number`},
		"a file that is no YAML, with a word": {"--config " + write(t, "q", "admin-key: [hunter2hunter2\n"), "YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := configCheck(t, nil, strings.Fields(tt.args)...)
			switch {
			case tt.words == "" && (code != cli.ExitDone || !strings.Contains(stdout, "valid")):
				t.Errorf("%d %q", code, stderr)
			case tt.words != "" && (code != cli.ExitUsage || !strings.Contains(stderr, tt.words) || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "hunter2")):
				t.Errorf("%d %q, want %q", code, stderr, tt.words)
			}
			if found := librarySpeak.FindString(stderr); found != "" {
				t.Errorf("%q says %q", stderr, found)
			}
		})
	}
}

func TestConfigCheckBindsAndMakesNothing(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dir := filepath.Join(t.TempDir(), "data")
	code, stdout, stderr := configCheck(t, nil, "--http-addr", ln.Addr().String(), "--data-dir", dir, "--json")
	var told struct{ Valid bool }
	if err := json.Unmarshal([]byte(stdout), &told); code != cli.ExitDone || err != nil || !told.Valid {
		t.Errorf("beside a node that runs: %d %q %q", code, stdout, stderr)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the data folder: %v", err)
	}
}

// TestAFolderOfAnotherUserIsRefused needs a user who may not do everything.
func TestAFolderOfAnotherUserIsRefused(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := configCheck(t, nil, "--data-dir", filepath.Join(dir, "data")); code != cli.ExitUsage || !strings.Contains(stderr, "chown") {
		t.Errorf("%d %q", code, stderr)
	}
}

// TestMisspeltVariablesAreFound: config check refuses them, serve warns.
func TestMisspeltVariablesAreFound(t *testing.T) {
	for entry, words := range map[string]string{
		"QUORUMBEAT_HISTROY=5":                                "QUORUMBEAT_HISTROY: did you mean QUORUMBEAT_HISTORY?",
		"QUORUMBEAT_MAILTO=a@example.com":                     "did you mean QUORUMBEAT_MAIL_TO?",
		"QUORUMBEAT_ADMIN_KEY_FIEL=x":                         "did you mean QUORUMBEAT_ADMIN_KEY_FILE?",
		"QUORUMBEAT_NONSENSE_OF_MINE=x":                       "no setting is called QUORUMBEAT_NONSENSE_OF_MINE: see",
		"QUORUMBEAT_HISTORY=5":                                "",
		"QUORUMBEAT_URL=http://a:1":                           "", // of the clients
		"QUORUMBEAT_SPOOL=/tmp":                               "",
		"QUORUMBEAT_TOKEN_FILE=/tmp/x":                        "",
		"QUORUMBEATS_X=1":                                     "",
		"QUORUMBEAT_ENV=prod":                                 "no setting is called QUORUMBEAT_ENV: see", // and not: did you mean QUORUMBEAT_URL?
		"QUORUMBEAT_SERVICE_HOST=10.0.0.1":                    "",                                         // of Kubernetes
		"QUORUMBEAT_SERVICE_PORT_HTTP=8080":                   "",
		"QUORUMBEAT_PORT=tcp://10.0.0.1:8080":                 "",
		"QUORUMBEAT_PORT_8080_TCP_ADDR=10.0.0.1":              "",
		"QUORUMBEAT_HEADLESS_PORT_8080_TCP=tcp://10.0.0.1:80": "",
	} {
		code, _, stderr := configCheck(t, []string{"PATH=/bin", entry})
		if words == "" && code != cli.ExitDone || words != "" && (code != cli.ExitUsage || !strings.Contains(stderr, words)) {
			t.Errorf("%s: %d %q, want %q", entry, code, stderr, words)
		}
	}
	code, _, stderr := configCheck(t, []string{"QUORUMBEAT_HISTROY=5", "QUORUMBEAT_MAILTO=x"}, "--log-format", "xml")
	for _, words := range []string{"HISTROY", "MAILTO", "--log-format"} {
		if code != cli.ExitUsage || !strings.Contains(stderr, words) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("all at once: %d %q, want %q", code, stderr, words)
		}
	}
}

// TestCommandsWarnOfMisspeltVariables and do what they are told. What is near to no setting may be
// somebody else's. Who takes JSON, and a job that is wrapped, are not disturbed.
func TestCommandsWarnOfMisspeltVariables(t *testing.T) {
	a := newFakeAPI(t)
	const misspelt, warning = "QUORUMBEAT_APIKEY=k", "quorumbeat: warning: no setting is called QUORUMBEAT_APIKEY: did you mean QUORUMBEAT_API_KEY?\n"
	for line, want := range map[string]string{
		"list":                               warning,
		"list --json":                        "",
		"ping token":                         warning,
		"spool flush --spool " + t.TempDir(): warning,
		"run -- true":                        warning + "quorumbeat: no token is given", // nothing is run
		"run --token t --spool " + t.TempDir() + " -- sh -c :": "",
	} {
		p, _, stderr := newTestProgram(map[string]string{"QUORUMBEAT_URL": a.URL, "QUORUMBEAT_API_KEY": "k"})
		p.All = func() []string {
			return []string{"PATH=/bin", "QUORUMBEAT_ENV=prod", "QUORUMBEAT_TEST_RACE=1", misspelt}
		}
		p.run(t.Context(), strings.Fields(line))
		if said := stderr.String(); want == "" && strings.Contains(said, "no setting") || !strings.HasPrefix(said, want) || strings.Count(said, "no setting") > 1 {
			t.Errorf("%s: %q, want %q", line, said, want)
		}
	}
}

// TestACommandOfAChannelIsNotWarned of the variables that tell it of an alert.
func TestACommandOfAChannelIsNotWarned(t *testing.T) {
	p, _, stderr := newTestProgram(nil)
	p.All = func() []string {
		return strings.Fields("QUORUMBEAT_ALERT_KEY= QUORUMBEAT_ALERT_KIND= QUORUMBEAT_ALERT_TITLE= QUORUMBEAT_ALERT_LINK= QUORUMBEAT_ALERT_REPEAT= QUORUMBEAT_ALERT_HEARTBEAT= " +
			"QUORUMBEAT_ALERT_INCIDENT= QUORUMBEAT_ALERT_HEARTBEAT_ID= QUORUMBEAT_ALERT_OWNER= QUORUMBEAT_ALERT_RUNBOOK= QUORUMBEAT_ALERT_TAGS=")
	}
	p.run(t.Context(), []string{"ping", "token", "--url", newFakeAPI(t).URL})
	if strings.Contains(stderr.String(), "no setting") {
		t.Error(stderr)
	}
}

// TestServeWarnsOfMisspeltVariables, and goes on.
func TestServeWarnsOfMisspeltVariables(t *testing.T) {
	dir := t.TempDir()
	cmd := programCommand(t, []string{"QUORUMBEAT_HISTROY=5"}, "serve", "--smtp-url", "stdout:", "--data-dir", dir,
		"--http-addr", "127.0.0.1:0", "--cluster-addr", "127.0.0.1:0", "--gossip-addr", "127.0.0.1:0")
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	said := func(words string) func() bool {
		return func() bool {
			text, _ := os.ReadFile(log.Name())
			return strings.Contains(string(text), words)
		}
	}
	testkit.Eventually(t, "the log tells of it", said("did you mean QUORUMBEAT_HISTORY?"))
	testkit.Eventually(t, "the node serves", said("this node serves"))
}
