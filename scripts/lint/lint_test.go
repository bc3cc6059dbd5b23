package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestImportDirections(t *testing.T) {
	tests := []struct {
		name string
		p    pkg
		want string // part of the violation; "" for none
	}{
		{"cluster may use fsm and raft", pkg{ImportPath: module + "/cluster", Imports: []string{module + "/fsm", "github.com/hashicorp/raft", "os"}}, ""},
		{"a folder may import what is below it", pkg{ImportPath: module + "/api", Imports: []string{module + "/api/compat"}}, ""},
		{"and not the other way", pkg{ImportPath: module + "/api/compat", Imports: []string{module + "/api"}}, "against the order"},
		{"the parts of the state follow their order", pkg{ImportPath: module + "/fsm/internal/ledger", Imports: []string{module + "/fsm/internal/history", module + "/fsm"}}, ""},
		{"and not the other way", pkg{ImportPath: module + "/fsm/internal/history", Imports: []string{module + "/fsm/internal/ledger"}}, "against the order"},
		{"the vocabulary knows nothing of the state", pkg{ImportPath: module + "/fsm", Imports: []string{module + "/fsm/store"}}, "against the order"},
		{"forwarding may use group commit", pkg{ImportPath: module + "/cluster/forward", Imports: []string{module + "/cluster/commit"}}, ""},
		{"and not the other way", pkg{ImportPath: module + "/cluster/commit", Imports: []string{module + "/cluster/forward"}}, "against the order"},
		{"what stands on one line is apart", pkg{ImportPath: module + "/cluster/raftlog", Imports: []string{module + "/cluster/transport"}}, "against the order"},
		{"cmd knows cluster, not its parts", pkg{ImportPath: module + "/cmd/quorumbeat", Imports: []string{module + "/cluster/forward"}}, "against the order"},
		{"but the teardown", pkg{ImportPath: module + "/cmd/quorumbeat", Imports: []string{module + "/cluster/lifecycle"}}, ""},
		{"api must not know cluster", pkg{ImportPath: module + "/api", Imports: []string{module + "/cluster"}}, "against the order"},
		{"nor must its tests", pkg{ImportPath: module + "/api", XTestImports: []string{module + "/cluster"}}, "against the order"},
		{"a folder below api must not either", pkg{ImportPath: module + "/api/compat", Imports: []string{module + "/alerting"}}, "against the order"},
		{"a test outside its package imports it", pkg{ImportPath: module + "/api", XTestImports: []string{module + "/api"}}, ""},
		{"tests may use the mail server", pkg{ImportPath: module + "/alerting", TestImports: []string{module + "/scripts/smtpsink"}}, ""},
		{"what ships may not", pkg{ImportPath: module + "/alerting", Imports: []string{module + "/scripts/smtpsink"}}, "against the order"},
		{"fsm must not know the shell", pkg{ImportPath: module + "/fsm", TestImports: []string{module + "/api"}}, "against the order"},
		{"the SDK must not know the server", pkg{ImportPath: module + "/sdk/go", Imports: []string{module + "/fsm"}}, "may import nothing"},
		{"a package needs a place", pkg{ImportPath: module + "/fsm/zz"}, "no place in the order"},
		{"raft stays in cluster", pkg{ImportPath: module + "/cmd/quorumbeat", Imports: []string{"github.com/hashicorp/raft"}}, "only cluster may"},
		{"raft-boltdb stays in cluster", pkg{ImportPath: module + "/scripts/bench", Imports: []string{"github.com/hashicorp/raft-boltdb/v2"}}, "only cluster may"},
		{"fasthttp stays in api", pkg{ImportPath: module + "/cmd/quorumbeat", Imports: []string{"github.com/valyala/fasthttp/reuseport"}}, "only api, scripts/yardstick may"},
		{"a bare server to measure against may use fasthttp", pkg{ImportPath: module + "/scripts/yardstick", Imports: []string{"github.com/valyala/fasthttp"}}, ""},
		{"fsm must not log", pkg{ImportPath: module + "/fsm", Imports: []string{"log/slog"}}, "must stay pure"},
		{"fsm must not roll dice", pkg{ImportPath: module + "/fsm", Imports: []string{"math/rand/v2"}}, "must stay pure"},
		{"fsm must not open files", pkg{ImportPath: module + "/fsm", Imports: []string{"os"}}, "must stay pure"},
		{"nor must what is below it", pkg{ImportPath: module + "/fsm/internal/table", Imports: []string{"os"}}, "must stay pure"},
		{"fsm must not use modules", pkg{ImportPath: module + "/fsm", Imports: []string{"github.com/google/uuid"}}, "must stay pure"},
		{"fsm may compute", pkg{ImportPath: module + "/fsm", Imports: []string{"math", "time", "net/mail", "hash/crc32"}, TestImports: []string{"os", "pgregory.net/rapid"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, checkImports([]pkg{tt.p}), tt.want) })
	}
}

func TestEveryPackageHasOnePlace(t *testing.T) {
	seen := map[string]bool{}
	for _, tr := range order {
		for row := range tr.rows {
			for _, dir := range tr.packages(row) {
				if seen[dir] {
					t.Errorf("%s stands in the order twice", dir)
				}
				seen[dir] = true
			}
		}
	}
	for _, tr := range order {
		for _, dir := range tr.uses {
			if !seen[dir] {
				t.Errorf("%s uses %s, which has no place", tr.dir, dir)
			}
		}
	}
}

func TestSize(t *testing.T) {
	files := func(n int) []string { return slices.Repeat([]string{"x.go"}, n) }
	tests := []struct {
		name string
		p    pkg
		want string
	}{
		{"20 files are enough", pkg{ImportPath: module + "/fsm/wire", GoFiles: files(20), IgnoredGoFiles: []string{"x_test.go"}}, ""},
		{"21 are too many", pkg{ImportPath: module + "/fsm/wire", GoFiles: files(21)}, "has 21 files"},
		{"those of other systems count", pkg{ImportPath: module + "/fsm/wire", GoFiles: files(20), IgnoredGoFiles: files(1)}, "has 21 files"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, checkSize([]pkg{tt.p}), tt.want) })
	}
}

func TestMaps(t *testing.T) {
	tests := []struct {
		name, doc, want string
		files           []string
	}{
		{"each file has a line", "// Package a is.\n//\n//\tx.go, y.go  this\n//   - z_*.go: and that; see b/other.go\npackage a", "", []string{"x.go", "y.go", "z_linux.go", "z_other.go"}},
		{"one that is left out is found", "//\tx.go  this", "does not name y.go", []string{"x.go", "y.go"}},
		{"one that is gone is found", "//\tx.go  this\n//\ty.go  that", "names y.go, which is not there", []string{"x.go"}},
		{"a package without a doc.go is found", "", "does not name x.go", []string{"x.go", "y.go"}},
		{"one file needs no map", "// Package a is.", "", []string{"x.go"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, compareMap("a", tt.files, tt.doc), tt.want) })
	}
}

// TestTheWholeTreeBelowFSMIsPure lints a module with a clock, the environment and a log
// in a folder of fsm that nobody has heard of.
func TestTheWholeTreeBelowFSMIsPure(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":      "module " + module + "\n",
		"fsm/zz/x.go": "package zz\n\nimport (\n\t\"os\"\n\t\"time\"\n)\n\nvar X, Y = os.Getenv(\"X\"), time.Now()\n",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	found, err := checkCode()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"fsm/zz imports os: it must stay pure", "time.Now", "fsm/zz has no place"} {
		expect(t, found, want)
	}
}

func TestPurity(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"reading the clock is found", "package fsm\nimport \"time\"\nvar x = time.Now()", "time.Now"},
		{"under another name too", "package fsm\nimport tm \"time\"\nfunc f() { tm.Sleep(1) }", "time.Sleep"},
		{"and with a dot", "package fsm\nimport . \"time\"\nvar x = Now()", "with a dot"},
		{"the machine's zone is found", "package fsm\nimport \"time\"\nvar x = time.Unix(0, 0).In(time.Local)", "time.Local"},
		{"arithmetic is fine", "package fsm\nimport \"time\"\nvar x = 3 * time.Second", ""},
		{"a method named Now is fine", "package fsm\ntype c struct{}\nfunc (c) Now() int { return 0 }\nvar time c\nvar x = time.Now()", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := checkPurity("x.go", tt.src)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, found, tt.want)
		})
	}
}

func TestPins(t *testing.T) {
	gomod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, old, new, want string }{
		{"this repository's go.mod passes", "", "", ""},
		{"a newer raft-boltdb is found", "raft-boltdb/v2 v2.3.0", "raft-boltdb/v2 v2.3.1", "raft-boltdb/v2 is v2.3.1, it must be v2.3.0"},
		{"an older bbolt is found", "go.etcd.io/bbolt v1.5.0", "go.etcd.io/bbolt v1.3.5", "it must be v1.4.3 or newer"},
		{"a missing module is found", "github.com/hashicorp/memberlist v0.7.0", "github.com/hashicorp/else v0.7.0", "memberlist is missing"},
		{"a replacement is found", "tool (", "replace github.com/hashicorp/raft => ../raft\n\ntool (", "is replaced"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(string(gomod), tt.old, tt.new, 1)
			expect(t, checkPins(text), tt.want)
		})
	}
}

func TestMentions(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a registry's host is found", "resolved https://registry." + "npmjs.org/x", "registry host"},
		{"a home folder is found", "cd /" + "home/someone/src", "path of the machine"},
		{"this checkout's own path is found", "see /opt/checkout" + "/fsm", "path of the machine"},
		{"a system path is fine", "--data-dir /var/lib/quorumbeat # or /etc/quorumbeat", ""},
		{"a route is fine", "GET /v1/heartbeats, github.com/x/work/y", ""},
		{"what is not text is passed over", "\x00cd /" + "root/x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, checkMentions("f", []byte(tt.text), "/opt/checkout"), tt.want) })
	}
}

func TestCommands(t *testing.T) {
	testsOf := func(dir string) []string {
		return map[string][]string{"./api": {"TestOne", "TestTwo"}, "./cmd/quorumbeat/e2e": {"TestAll"}}[dir]
	}
	tests := []struct{ name, text, want string }{
		{"a test that is there is fine", "see `go test ./api -run One`", ""},
		{"so are two of a table", "| `go test -v -run 'One\\|Two' ./api` |", ""},
		{"and one of the Makefile's", "\tgo test -count 1 -run 'TestAll$$' $(E2E)", ""},
		{"benchmarks alone run no test", "`go test -run xxx -bench . ./api`", ""},
		{"one that is gone is found", "see `go test ./api -run 'One|Three'`", "like Three"},
		{"so is one that moved", "see `go test ./fsm -run One`", "like One"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, checkCommands("f", tt.text, testsOf), tt.want) })
	}
}

func TestFileNames(t *testing.T) {
	const comment = "x := 1 /" + "/ "
	exists := func(name string) bool {
		return name == "api/ping.go" || name == "api/conn.go" || name == "fsm/sim_*_test.go"
	}
	tests := []struct{ name, file, text, want string }{
		{"files that are there are fine", "f.md", "see `api/{ping,conn}.go` and `fsm/sim_*_test.go`, and ping.go", ""},
		{"one that is gone is found", "f.md", "see `api/{ping,owed}.go`", "api/owed.go, which is not there"},
		{"comments may name files", "f.go", comment + "see api/ping.go, and other/ping.go", ""},
		{"one that is gone is found in them, too", "f.go", comment + "see api/owed.go for more", "f.go:1: names api/owed.go, which is not there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, checkFileNames(tt.file, tt.text, exists), tt.want) })
	}
}

func expect(t *testing.T, found []string, want string) {
	t.Helper()
	got := strings.Join(found, "\n")
	if want == "" && got != "" {
		t.Errorf("found %q in something that is fine", got)
	}
	if !strings.Contains(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestTestsOfFsmTellThatTheyStartGoroutines(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"a go statement", `func TestIt(t *testing.T) { go work() }`, "TestIt starts a goroutine"},
		{"a group", `func TestIt(t *testing.T) { t.Run("x", func(t *testing.T) { wg.Go(work) }) }`, "TestIt starts a goroutine"},
		{"a name that tells", `func TestReadsBesideApply(t *testing.T) { wg.Go(work) }`, ""},
		{"another", `func TestReadsWhileItIsApplied(t *testing.T) { go work() }`, ""},
		{"one goroutine", `func TestIt(t *testing.T) { work() }`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := checkBeside("x_test.go", "package x\n"+tt.src)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, found, tt.want)
		})
	}
}
