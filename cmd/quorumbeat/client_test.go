package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata/cli.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "cli", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s (%v): differs from\n%s", path, err, got)
	}
}

// ask runs a client command against a fake API.
func (a *fakeAPI) ask(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	all := map[string]string{"QUORUMBEAT_URL": a.URL, "QUORUMBEAT_API_KEY": "a-key"}
	for k, v := range env {
		all[k] = v
	}
	p, out, errs := newTestProgram(all)
	p.Stdin = strings.NewReader("")
	code = p.run(t.Context(), args)
	return code, out.String(), errs.String()
}

// TestTablesFitATerminal compares what commands print on a terminal of 80 columns, and
// into a pipe.
func TestTablesFitATerminal(t *testing.T) {
	a := newFakeAPI(t)
	var all bytes.Buffer
	for _, columns := range []string{"80", "0"} {
		for _, line := range []string{
			"list", "get nightly-backup", "pings wide", "pings wide --body", "alerts", "incidents", "suggest wide", "preview @daily", "keys list", "cluster",
			"channels list", "windows list", "badges list", "status-pages list", "uptime wide", "alerts explain wide", "incidents get in_000000000000000000000002_1",
			"list --wide", "pings wide --wide", "alerts --wide", "incidents --wide", "cluster --wide", "channels list --wide", "windows list --wide", "badges list --wide",
		} {
			code, out, stderr := a.ask(t, map[string]string{"COLUMNS": columns}, strings.Fields(line)...)
			if code != cli.ExitDone {
				t.Errorf("%s: %d %s", line, code, stderr)
			}
			all.WriteString("$ COLUMNS=" + columns + " quorumbeat " + line + "\n" + out + "\n")
			for row := range strings.Lines(out) {
				if n := term.Width(strings.TrimSuffix(row, "\n")); columns == "80" && n > 80 && !strings.Contains(line, "--wide") {
					t.Errorf("%s: %d columns: %s", line, n, row)
				}
				if strings.ContainsAny(row, "\x1b\u202e") {
					t.Errorf("%s: a text moves the terminal: %q", line, row)
				}
			}
		}
	}
	golden(t, "tables.txt", all.String())
}

// TestZeroIsAValue: what is given is sent, or refused in words; it is never dropped.
func TestZeroIsAValue(t *testing.T) {
	a := newFakeAPI(t)
	for line, want := range map[string]string{
		"create job --grace 0":                       `POST /v1/heartbeats {"name":"job","grace_secs":0}`,
		"create job --grace 0s --interval 1w":        `POST /v1/heartbeats {"name":"job","interval_secs":604800,"grace_secs":0}`,
		"create job":                                 `POST /v1/heartbeats {"name":"job"}`,
		"create job --tag a,b --tag c":               `POST /v1/heartbeats {"name":"job","tags":["a","b","c"]}`,
		"ensure job --grace 0 --email=":              `PUT /v1/heartbeats/by-slug/job {"email":[],"grace_secs":0}`,
		"ensure job -i 1d12h --name Job":             `PUT /v1/heartbeats/by-slug/job {"name":"Job","interval_secs":129600}`,
		"update nightly-backup --grace 0 --tag=":     `PATCH /v1/heartbeats/` + heartbeatIDOf(1) + ` {"grace_secs":0,"tags":[]}`,
		"ping " + testToken + " --exit-code 0":       `POST /v1/heartbeats/` + testToken + `/ping/0`,
		"keys limit " + keyID(1) + " 0":              `PATCH /v1/keys/` + keyID(1) + ` {"max_heartbeats":0}`,
		"create job --interval 0":                    "--interval is 0s",
		"update nightly-backup --interval 0":         "--interval is 0s",
		"update nightly-backup --miss-threshold 0":   `"0" is no whole number from 1 to 100`,
		"create job --miss-threshold 0":              `"0" is no whole number from 1 to 100`,
		"create job --grace -1s":                     "negative",
		"create job --slug=":                         "--slug is empty",
		"update nightly-backup --name=":              "--name is empty",
		"pings nightly-backup --limit 0":             `"0" is no whole number from 1 to 100`,
		"alerts --limit 0":                           `"0" is no whole number from 1 to 1000`,
		"ping " + testToken + " --at=":               "--at is",
		"ping " + testToken + " --rid=":              "--rid is empty",
		"create job --interval 1.5s":                 "whole seconds",
		"rotate-token nightly-backup --overlap 367d": "--overlap is 367d; it must be 0s to 366d",
		"rotate-token nightly-backup --overlap -1s":  "--overlap",
		"create job --interval soon":                 `"soon" is not a length of time`,
		"update nightly-backup":                      "nothing to change",
	} {
		a.take()
		code, _, stderr := a.ask(t, nil, strings.Fields(line)...)
		asked := a.take()
		if strings.Contains(want, "/v1/") {
			if code != cli.ExitDone || len(asked) == 0 || !strings.HasPrefix(asked[len(asked)-1], want) {
				t.Errorf("%s: %d, asked %q, want %q; %s", line, code, asked, want, stderr)
			}
		} else if code != cli.ExitUsage || !strings.Contains(stderr, want) || len(asked) > 0 && !strings.HasPrefix(asked[len(asked)-1], "GET") {
			t.Errorf("%s: %d %q, want %q; asked %q", line, code, stderr, want, asked)
		}
	}
}

func TestNamesAndSlugsStandForIDs(t *testing.T) {
	a := newFakeAPI(t)
	one := heartbeatIDOf(1)
	incident := "in_" + strings.TrimPrefix(one, "hb_") + "_3"
	for line, want := range map[string]string{
		"get nightly-backup":                             "GET /v1/heartbeats/" + one,
		"get Nightly\u00a0Backup":                        "GET /v1/heartbeats/" + one,
		"get " + one:                                     "GET /v1/heartbeats/" + one,
		"pause one-twin":                                 "POST /v1/heartbeats/" + heartbeatIDOf(2) + "/pause",
		"rotate-token nightly-backup":                    "POST /v1/heartbeats/" + one + `/rotate-token {"overlap_secs":86400}`,
		"rotate-token nightly-backup --overlap 0s":       "POST /v1/heartbeats/" + one + `/rotate-token {"overlap_secs":0}`,
		"resume nightly-backup":                          "POST /v1/heartbeats/" + one + "/resume",
		"badges delete bg_1":                             "DELETE /v1/badges/bg_1",
		"badges delete nightly-backup":                   "DELETE /v1/badges/bg_1",
		"badges delete Nightly\u00a0Backup":              "DELETE /v1/badges/bg_1",
		"badges delete prod":                             "DELETE /v1/badges/bg_2",
		"channels delete duty":                           "DELETE /v1/channels/ch_000000000000000000000001",
		"windows delete move":                            "DELETE /v1/windows/mw_000000000000000000000001",
		"create x --depends-on Nightly\u00a0Backup":      `POST /v1/heartbeats {"name":"x","depends_on":["` + one + `"]}`,
		"create x --depends-on nightly-backup,tag:y":     `POST /v1/heartbeats {"name":"x","depends_on":["nightly-backup","tag:y"]}`,
		"ensure x --depends-on Nightly\u00a0Backup":      `PUT /v1/heartbeats/by-slug/x {"depends_on":["` + one + `"]}`,
		"update wide --depends-on Nightly\u00a0Backup":   `PATCH /v1/heartbeats/` + heartbeatIDOf(14) + ` {"depends_on":["` + one + `"]}`,
		"delete nightly-backup":                          "DELETE /v1/heartbeats/" + one,
		"update nightly-backup -i 1d":                    "PATCH /v1/heartbeats/" + one,
		"pings nightly-backup":                           "GET /v1/heartbeats/" + one + "/pings?limit=50",
		"pings nightly-backup --stale":                   "GET /v1/heartbeats/" + one + "/pings?limit=50&consistency=stale",
		"alerts --heartbeat nightly-backup":              "GET /v1/alerts?heartbeat_id=" + one + "&limit=100",
		"alerts retry nightly-backup":                    "POST /v1/alerts/" + alertIDOf(1) + "/retry",
		"alerts retry " + alertIDOf(7):                   "POST /v1/alerts/" + alertIDOf(7) + "/retry",
		"incidents list --open":                          "GET /v1/incidents?limit=100&state=open",
		"incidents get " + incident:                      "GET /v1/incidents/" + incident,
		"incidents show " + incident:                     "GET /v1/incidents/" + incident,
		"incidents ack " + incident + " --by Ann":        "POST /v1/incidents/" + incident + `/ack {"by":"Ann"}`,
		"incidents snooze " + incident + " --for 2h":     "POST /v1/incidents/" + incident + `/snooze {"for_secs":7200}`,
		"incidents unack " + incident:                    "POST /v1/incidents/" + incident + "/unack",
		"ping nightly-backup --fail":                     "POST /v1/heartbeats/" + testToken + "/ping/fail",
		"list --status failing --tag a -q b":             "GET /v1/heartbeats?q=b&status=failing&tag=a",
		"list --stale":                                   "GET /v1/heartbeats?consistency=stale",
		"incidents --heartbeat nightly-backup --open":    "GET /v1/incidents?heartbeat_id=" + one + "&limit=100&state=open",
		"alerts --stale --state held":                    "GET /v1/alerts?limit=100&state=held&consistency=stale",
		"suggest nightly-backup -g 5m --tz UTC":          "GET /v1/heartbeats/" + one + "/suggest?grace_secs=300&tz=UTC",
		"suggest nightly-backup -g 0s --schedule @daily": "GET /v1/heartbeats/" + one + "/suggest?grace_secs=0&schedule=%40daily",
		"suggest nightly-backup --failure-threshold 2 --max-run 1h --min-run 5s": "GET /v1/heartbeats/" + one + "/suggest?failure_threshold=2&max_run_secs=3600&min_run_secs=5",
		"preview @daily --tz Europe/Berlin":                                      `POST /v1/schedule/preview {"schedule":["@daily"],"tz":"Europe/Berlin","count":5}`,
		"keys list --stale":                                                      "GET /v1/keys?consistency=stale",
		"keys":                                                                   "GET /v1/keys",
		"channels --stale":                                                       "GET /v1/channels?consistency=stale",
		"windows":                                                                "GET /v1/windows",
		"templates":                                                              "GET /v1/templates",
		"status-pages":                                                           "GET /v1/status-pages",
		"badges":                                                                 "GET /v1/badges",
	} {
		args := strings.Split(line, " ")
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "\u00a0", " ")
		}
		a.take()
		if code, _, stderr := a.ask(t, nil, args...); code != cli.ExitDone || !slices.ContainsFunc(a.take(), func(s string) bool { return s == want || strings.HasPrefix(s, want+" ") }) {
			t.Errorf("%s: %d %s, not asked: %s", line, code, stderr, want)
		}
	}
}

func TestWhatANameDoesNotTellIsSaid(t *testing.T) {
	a := newFakeAPI(t)
	for line, want := range map[string][]string{
		"get twins":            {heartbeatIDOf(2), heartbeatIDOf(3), "failing", "paused"},
		"delete twins":         {heartbeatIDOf(2), heartbeatIDOf(3)},
		"pings nightly":        {`"nightly"`, "no heartbeat"},
		"keys delete nobody":   {`"nobody"`, "no API key"},
		"badges delete nobody": {`"nobody"`, "no badge"},
		"alerts retry nobody":  {`"nobody"`, "no heartbeat"},
		"incidents ack nobody": {`"nobody"`, "no heartbeat"},
	} {
		code, stdout, stderr := a.ask(t, nil, strings.Fields(line)...)
		for _, w := range want {
			if code != cli.ExitFailed || stdout != "" || !strings.Contains(stderr, w) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%s: %d %q, want %q", line, code, stderr, w)
			}
		}
		var told struct{ Error, Code string }
		_, _, stderr = a.ask(t, nil, append(strings.Fields(line), "--json")...)
		if err := json.Unmarshal([]byte(stderr), &told); err != nil || told.Error == "" || told.Code != "not_found" && told.Code != "ambiguous" {
			t.Errorf("%s --json: %v, %s", line, err, stderr)
		}
	}
}

// TestPingTakesTheTokenOfTheEnvironment, as 'quorumbeat run' does.
func TestPingTakesTheTokenOfTheEnvironment(t *testing.T) {
	a := newFakeAPI(t)
	file := write(t, "token", testToken+"\n")
	for what, c := range map[string]struct {
		env  map[string]string
		args []string
	}{
		"a variable":        {map[string]string{"QUORUMBEAT_TOKEN": testToken}, nil},
		"a file":            {map[string]string{"QUORUMBEAT_TOKEN_FILE": file}, nil},
		"a flag":            {nil, []string{"--token", testToken}},
		"an argument first": {map[string]string{"QUORUMBEAT_TOKEN": "another"}, []string{testToken}},
	} {
		a.take()
		code, stdout, stderr := a.ask(t, c.env, append([]string{"ping"}, c.args...)...)
		if asked := a.take(); code != cli.ExitDone || stdout != "ok\n" || !slices.Contains(asked, "POST /v1/heartbeats/"+testToken+"/ping") {
			t.Errorf("%s: %d %q %q, %q", what, code, stdout, stderr, asked)
		}
	}
	if code, _, stderr := a.ask(t, nil, "ping"); code != cli.ExitUsage || !strings.Contains(stderr, "QUORUMBEAT_TOKEN") {
		t.Errorf("without one: %d %s", code, stderr)
	}
}

func TestEnsuredIsPrintedAsJSON(t *testing.T) {
	a := newFakeAPI(t)
	_, stdout, _ := a.ask(t, nil, "ensure", "nightly-backup", "--json")
	var h heartbeat.Heartbeat
	if err := json.Unmarshal([]byte(stdout), &h); err != nil || h.Token != testToken {
		t.Errorf("%v, %s", err, stdout)
	}
}
