package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// librarySpeak are words of the libraries that this program is made of.
var librarySpeak = regexp.MustCompile(`strconv|parsing "|invalid argument|unknown (flag|command|shorthand)|accepts |arg\(s\)|flag needs|context (deadline|canceled)|dial tcp|lookup |net/http|struct|unmarshal|EOF|i/o timeout|main\.|syscall`)

// TestWrongCommandLinesAreToldInOwnWords: one line, exit status 2, what was near.
func TestWrongCommandLinesAreToldInOwnWords(t *testing.T) {
	for line, want := range map[string]string{
		"lst":                                  "did you mean list?",
		"keys delte x":                         "did you mean delete?",
		"create x --cron @daily":               "has no flag --cron: did you mean --schedule? Or see",
		"create x --zone UTC":                  "has no flag --zone; see",
		"list --url localhost:8080":            "lacks http:// or https://",
		"serve --config /no-such/file":         "--config: the file /no-such/file cannot be read: no such file",
		"backup /no-such/dir/x":                "there is no folder /no-such/dir",
		"keys nonsense":                        "'quorumbeat keys nonsense'",
		"help nonsense":                        "'quorumbeat nonsense'",
		"completion tcsh":                      "tcsh",
		"config chekc":                         "did you mean check?",
		"zzzzz":                                "there is no command 'quorumbeat zzzzz'; see",
		"list --statsu active":                 "did you mean --status?",
		"list --nonsense":                      "no flag --nonsense; see",
		"list -x":                              "no flag -x",
		"list --tag":                           "--tag needs a value",
		"list -q":                              "-q needs a value",
		"list --json=maybe":                    `--json: "maybe" is not true or false`,
		"list --status failng":                 `--status: "failng" is none of active, failing, paused`,
		"status-pages create x":                "give --heartbeat or --tag",
		"windows create x --tag a --for 9999d": "--for is 9999d; it must be at most 366d",
		"windows create x --tag a --for 32d --schedule @daily": "--for is 32d; with --schedule it must be at most 31d",
		"list word":                       `takes no argument, and "word" was given`,
		"get":                             "needs NAME",
		"get my job":                      "quote a name that has spaces",
		"keys limit a":                    "needs HEARTBEATS",
		"keys limit a many":               `"many"`,
		"create x --interval 1x":          `"1x" is not a length of time`,
		"create x --arm later":            `"later" is none of created, first_ping`,
		"create x --miss-threshold two":   `"two" is no whole number from 1 to 100`,
		"ping t --exit-code x":            `"x" is no whole number from 0 to 255`,
		"serve --history many":            `--history: "many" is not a whole number`,
		"serve --ping-rate-limit fast":    `--ping-rate-limit: "fast" is not a number`,
		"serve --alert-group-wait soon":   `--alert-group-wait: "soon" is not a length of time`,
		"serve --metrics-per-heartbeat=x": `"x" is not true or false`,
		"serve now":                       `"now" was given`,
		"run":                             "there is no command to run",
		"restore":                         "needs FILE",
		"restore /no-such/file":           "the backup cannot be read: /no-such/file: no such file",
		"salvage /no-such/dir":            "/no-such/dir",
		"cluster recover --data-dir /no-such/dir":                      "/no-such/dir",
		"backup /dev/null":                                             "/dev/null exists: choose another name",
		"channels create x --kind ntfy --set-file topic=/no-such/file": "/no-such/file",
		"salvage a b":        `"b" was given`,
		"bench --duration x": "length of time",
	} {
		p, stdout, stderr := newTestProgram(nil)
		code := p.run(t.Context(), strings.Fields(line))
		words := stderr.String()
		if code != cli.ExitUsage || !strings.Contains(words, want) || strings.Count(words, "\n") != 1 || stdout.Len() > 0 {
			t.Errorf("%s: %d %q, want %q", line, code, words, want)
		}
		if found := librarySpeak.FindString(words); found != "" {
			t.Errorf("%s: %q says %q", line, words, found)
		}
	}
}

// TestUnreachableNodesAreToldInOwnWords, and as JSON if that is asked for.
func TestUnreachableNodesAreToldInOwnWords(t *testing.T) {
	a := newFakeAPI(t)
	for url, want := range map[string]string{
		"http://127.0.0.1:1":                             "connection refused",
		"http://no-such-host.invalid":                    "the name no-such-host.invalid is not known",
		strings.Replace(a.URL, "http://", "https://", 1): "use http://",
	} {
		p, _, stderr := newTestProgram(nil)
		args := []string{"list", "--json", "--url", url}
		code := p.run(t.Context(), args)
		var told struct{ Error, Code string }
		if err := json.Unmarshal(stderr.Bytes(), &told); code != cli.ExitFailed || err != nil || told.Code != "unreachable" || !strings.Contains(told.Error, want) {
			t.Errorf("%s: %d, %v, %s", url, code, err, stderr)
		}
		if found := librarySpeak.FindString(told.Error); found != "" {
			t.Errorf("%s: %q says %q", url, told.Error, found)
		}
	}
}

// everyCommand walks the tree.
func everyCommand(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		everyCommand(sub, do)
	}
}

func TestHelpTellsEachDefaultOnce(t *testing.T) {
	p, _, _ := newTestProgram(nil)
	count := regexp.MustCompile(`(?i)\bdefaults?\b`)
	everyCommand(p.root(), func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			one := pflag.NewFlagSet("one", pflag.ContinueOnError)
			one.AddFlag(f)
			if text := one.FlagUsages(); len(count.FindAllString(text, -1)) > 1 {
				t.Errorf("%s: %s", c.CommandPath(), text)
			}
		})
	})
}

// TestEveryCommandThatPrintsTakesJSON: all but those whose output is a job's, a shell's
// or a terminal's.
func TestEveryCommandThatPrintsTakesJSON(t *testing.T) {
	own := map[string]bool{"serve": true, "dev": true, "run": true, "help": true, "carry-output": true}
	p, _, _ := newTestProgram(nil)
	everyCommand(p.root(), func(c *cobra.Command) {
		if c.HasSubCommands() && !strings.Contains(c.Use, "alerts") && !strings.Contains(c.Use, "cluster") || own[c.Name()] || c.Hidden || strings.Contains(c.CommandPath(), " completion ") {
			return
		}
		if c.Flags().Lookup("json") == nil {
			t.Errorf("%s has no --json", c.CommandPath())
		}
	})
}

// TestCommandsThatWordsNameExist: what messages, pages and documents tell people to type.
func TestCommandsThatWordsNameExist(t *testing.T) {
	p, _, _ := newTestProgram(nil)
	root := p.root()
	quoted, found := regexp.MustCompile("['`]quorumbeat ([a-z][^'`\n]*)['`]"), 0
	testkit.Must(t, filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !slices.Contains([]string{".go", ".md", ".html", ".txt"}, filepath.Ext(path)) ||
			strings.HasSuffix(path, "_test.go") || strings.Contains(path, "node_modules") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			found++
			line, _, _ := strings.Cut(m[1], " -")
			c, rest, err := root.Find(strings.Fields(line))
			if err != nil || len(rest) > 0 && c.HasSubCommands() && regexp.MustCompile("^[a-z]+$").MatchString(rest[0]) {
				t.Errorf("%s names 'quorumbeat %s', and there is no such command", path, m[1])
			}
		}
		return err
	}))
	if found < 50 {
		t.Errorf("only %d were found", found)
	}
}

// TestAnEmptyURLIsSaid: a variable that is there and empty names no node, and the words say so.
func TestAnEmptyURLIsSaid(t *testing.T) {
	cmd := programCommand(t, []string{"QUORUMBEAT_URL=", "QUORUMBEAT_API_KEY=k"}, "list")
	said, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != cli.ExitUsage || !strings.Contains(string(said), "QUORUMBEAT_URL are empty") {
		t.Errorf("%d %s", code, said)
	}
}

// TestInterruptedAndUnreadAreQuiet runs the program itself.
func TestInterruptedAndUnreadAreQuiet(t *testing.T) {
	m := newFakeMonitor(t)
	m.set("hang")
	cmd := programCommand(t, []string{"QUORUMBEAT_URL=" + m.URL}, "list")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the monitor is asked", func() bool { return m.busy() })
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != cli.ExitInterrupted || stderr.String() != "" {
		t.Errorf("interrupted: %d %q", code, stderr.String())
	}
	a := newFakeAPI(t)
	self := programCommand(t, nil, "list")
	sh := exec.CommandContext(t.Context(), "sh", "-c", `"$0" list --wide | head -n 1; "$0" serve --help | head -n 1`, self.Path)
	sh.Env = append(self.Env, "QUORUMBEAT_URL="+a.URL, "QUORUMBEAT_API_KEY=k")
	stderr.Reset()
	sh.Stderr = &stderr
	if out, err := sh.Output(); err != nil || stderr.String() != "" || strings.Count(string(out), "\n") != 2 {
		t.Errorf("head: %v, %q, %q", err, out, stderr.String())
	}
}

func TestNamesAndValuesAreCompleted(t *testing.T) {
	a := newFakeAPI(t)
	for line, want := range map[string][]string{
		"get |":                                  {"nightly-backup\tNightly Backup, active", "twins\tother twin, paused"},
		"pause night|":                           {"nightly-backup"},
		"pings x |":                              nil,
		"list --status |":                        {"active", "failing", "paused"},
		"alerts --state s|":                      {"sent"},
		"alerts --heartbeat n|":                  {"nightly-backup"},
		"alerts retry |":                         {alertIDOf(1)},
		"keys delete key|":                       {keyID(1)},
		"keys create x --scope |":                {"admin", "ping"},
		"create x --arm |":                       {"created", "first_ping"},
		"cluster remove m|":                      {"mon1", "mon3"},
		"serve --log-level |":                    {"debug", "info", "warn", "error"},
		"serve --log-format |":                   {"text", "json"},
		"serve --in-doubt |":                     {"resend", "hold"},
		"config check --in-doubt h|":             {"hold"},
		"help key|":                              {"keys"},
		"channels get d|":                        {"duty\temail"},
		"channels test |":                        {"duty\temail"},
		"channels create x --on r|":              {"recovered"},
		"channels create x --on down,r|":         {"down,recovered"},
		"channels create x --set |":              {"url=\tURL that gets a POST", "secret="},
		"channels create x --kind ntfy --set t|": {"topic=", "token="},
		"channels create x --kind pagerduty --set severity=e|": {"severity=error"},
		"channels create x --kind ntfy --set priority=|":       {"priority=1", "priority=5"},
		"channels create x --kind ntfy --set topic=|":          nil,
		"channels create x --kind ntfy --set-file to|":         {"topic=", "token="},
		"channels update duty --set |":                         {"to="},
		"windows delete |":                                     {"move\ttags prod"},
		"badges delete bg_1|":                                  {"bg_1\tNightly Backup"},
		"badges create --tag |":                                {"prod"},
		"status-pages delete |":                                {"our-page\tOurs"},
		"status-pages create x --heartbeat night|":             {"nightly-backup"},
		"list --tag p|":                                        {"prod"},
		"create x --tag a,p|":                                  {"a,prod"},
		"create x --notify |":                                  {"duty\temail"},
		"update x --depends-on wide,t|":                        {"wide,tag:prod", "wide,twins"},
		"create x --tz Europe/B|":                              {"Europe/Berlin"},
		"windows create x --tz |":                              {"UTC"},
	} {
		args := append([]string{"__complete"}, strings.Split(strings.TrimSuffix(line, "|"), " ")...)
		code, stdout, stderr := a.ask(t, nil, args...)
		for _, w := range want {
			if code != cli.ExitDone || !strings.Contains("\n"+stdout, "\n"+w) {
				t.Errorf("%s: %d %q, want %q; %s", line, code, stdout, w, stderr)
			}
		}
		if want == nil && !strings.HasPrefix(stdout, ":4") {
			t.Errorf("%s: %q", line, stdout)
		}
	}
	a.take()
	if _, stdout, _ := a.ask(t, nil, "__complete", "create", "x", "--depends-on", ""); strings.Count(stdout, "nightly-backup") != 1 || strings.Count(stdout, "tag:prod") != 1 || len(a.take()) != 1 {
		t.Errorf("what a heartbeat depends on is asked for or offered twice: %q", stdout)
	}
	if code, stdout, _ := a.ask(t, map[string]string{"QUORUMBEAT_URL": "http://127.0.0.1:1"}, "__complete", "get", ""); code != cli.ExitDone || !strings.HasPrefix(stdout, ":4") {
		t.Errorf("with nobody to ask: %d %q", code, stdout)
	}
}

// TestCompletionScriptsAreGood has each shell that is here read its script.
func TestCompletionScriptsAreGood(t *testing.T) {
	for shell, check := range map[string]string{"bash": "bash -n", "zsh": "zsh -n", "fish": "fish -n"} {
		p, stdout, _ := newTestProgram(nil)
		if code := p.run(t.Context(), []string{"completion", shell}); code != cli.ExitDone || !strings.Contains(stdout.String(), "quorumbeat") {
			t.Errorf("%s: %d", shell, code)
		}
		file := write(t, shell, stdout.String())
		if path, err := exec.LookPath(shell); err == nil {
			if out, err := exec.CommandContext(t.Context(), path, strings.Fields(check)[1], file).CombinedOutput(); err != nil {
				t.Errorf("%s: %v %s", shell, err, out)
			}
		}
	}
}
