package zones

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// machine makes a folder of rules of a release, in which Europe/Berlin is what another zone is.
func machine(t *testing.T, version, berlinIs string) string {
	t.Helper()
	dir := t.TempDir()
	replaceRules(t, dir, version, berlinIs)
	return dir
}

func replaceRules(t *testing.T, dir, version, berlinIs string) {
	t.Helper()
	rules, err := source{files: builtInFiles()}.files.Open(berlinIs)
	if err != nil {
		t.Fatal(err)
	}
	defer rules.Close()
	data := make([]byte, 1<<16)
	n, _ := rules.Read(data)
	if err := os.MkdirAll(filepath.Join(dir, "Europe"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"tzdata.zi": "# version " + version + "\n# more\n", "Europe/Berlin": string(data[:n])} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func offset(t *testing.T, z *Zones, name string) int {
	t.Helper()
	loc, err := z.Location(name)
	if err != nil {
		t.Fatal(err)
	}
	_, seconds := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).In(loc).Zone()
	return seconds / 3600
}

func TestTheNewerRulesWin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, machine, version string
		berlin                 int
	}{
		{"the machine's are newer", "2999a", "2999a (of this machine)", 9},
		{"the machine's are older", "2019b", builtIn + " (built in)", 2},
		{"the machine's are as new", builtIn, builtIn + " (built in)", 2},
		{"the machine's are newer, and changed by a distribution", "2999b-dirty", "2999b (of this machine)", 9},
		{"the machine does not say", "", builtIn + " (built in)", 2},
		{"the machine says nonsense", "zzzz", builtIn + " (built in)", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			z := New(filepath.Join(t.TempDir(), "missing"), machine(t, tt.machine, "Asia/Tokyo"))
			if got := z.Version(); got != tt.version {
				t.Errorf("version %s, want %s", got, tt.version)
			}
			if got := offset(t, z, "Europe/Berlin"); got != tt.berlin {
				t.Errorf("Berlin is %d hours ahead, want %d", got, tt.berlin)
			}
		})
	}
}

func TestRefreshFindsReplacedRules(t *testing.T) {
	t.Parallel()
	dir := machine(t, "2999a", "Asia/Tokyo")
	z := New(dir)
	if z.Refresh() {
		t.Error("nothing was replaced")
	}
	before := offset(t, z, "Europe/Berlin")
	replaceRules(t, dir, "2999b", "UTC")
	if !z.Refresh() || z.Version() != "2999b (of this machine)" {
		t.Error(z.Version())
	}
	if after := offset(t, z, "Europe/Berlin"); before != 9 || after != 0 {
		t.Errorf("%d, then %d hours ahead", before, after)
	}
}

func TestLocation(t *testing.T) {
	t.Parallel()
	z := New(t.TempDir())
	for name, want := range map[string]int{"": 0, "UTC": 0, "Europe/Berlin": 2, "America/New_York": -4, "America/Argentina/Buenos_Aires": -3, "Etc/GMT+5": -5} {
		if got := offset(t, z, name); got != want {
			t.Errorf("%q is %d hours ahead, want %d", name, got, want)
		}
	}
	for name, suggestion := range map[string]string{
		"europe/berlin": "Europe/Berlin", "Berlin": "Europe/Berlin", "Europe/Berln": "Europe/Berlin", "america/new york": "America/New_York", "New York": "America/New_York",
		"Local": "", "Mars/Phobos": "", "../../etc/passwd": "", "/etc/passwd": "", "Europe": "", "right/Europe/Berlin": "", "Europe/Berlin/": "Europe/Berlin",
		"Europe/../Europe/Berlin": "", "Europe/Berlin\x00": "Europe/Berlin", "\xff": "", strings.Repeat("A", 1000): "", "utc": "UTC", "x": "", "\x00": "", "tzdata.zi": "",
	} {
		_, err := z.Location(name)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || (suggestion != "" || len(name) < 3) && unknown.Suggestion != suggestion {
			t.Errorf("%.40q: %v, want %q suggested", name, err, suggestion)
		}
		if len(fmt.Sprint(err)) > 300 {
			t.Errorf("%.40q: the answer has %d bytes", name, len(err.Error()))
		}
	}
}

func TestEveryBuiltInZoneLoads(t *testing.T) {
	t.Parallel()
	z := New(t.TempDir())
	names := Names()
	if len(names) < 400 {
		t.Errorf("%d zones", len(names))
	}
	for _, name := range names {
		if _, err := z.Location(name); err != nil {
			t.Error(err)
		}
	}
}

// The machine's Go says which release its copy of the rules is. An older or newer Go is no fault of
// ours, but the one that go.mod asks for is at least as new as ours.
func TestBuiltInIsNamedRightly(t *testing.T) {
	t.Parallel()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("no Go here: ", err)
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib/time/update.bash"))
	if err != nil {
		t.Skip("this Go comes without its rules: ", err)
	}
	m := regexp.MustCompile(`(?m)^DATA=(\S+)`).FindSubmatch(script)
	if m == nil {
		t.Skip("this Go does not say")
	}
	if string(m[1]) > builtIn {
		t.Errorf("Go has release %s, zoneinfo.zip is of %s: renew it (doc.go says how)", m[1], builtIn)
	}
}
