package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	sdk "github.com/quorumbeat/quorumbeat/sdk/go"
)

// TestGoSDK pings through the Go SDK while nodes are lost: no call may fail, and
// each is one ping.
func TestGoSDK(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3, "--history", "1000000")
	e.waitServing(t)
	t.Run("no ping is lost or counted twice when the leader is killed", func(t *testing.T) { goLoad(t, e, (*localcluster.Node).Kill, restarted(e)) })
	t.Run("nor when it stops and goes on", func(t *testing.T) {
		goLoad(t, e, (*localcluster.Node).Freeze, (*localcluster.Node).Thaw)
	})
	t.Run("events miss nothing when the node that streams them is killed", func(t *testing.T) { goEvents(t, e) })
	t.Run("README's examples work, the leader killed in the middle", func(t *testing.T) { goExamples(t, e) })
}

func restarted(e *env) func(*localcluster.Node) error {
	return func(n *localcluster.Node) error {
		defer e.waitReady()
		return n.Start()
	}
}

// worker is a client of its own that pings one heartbeat again and again.
type worker struct {
	h      heartbeat
	client *sdk.Client
	calls  atomic.Int64
}

// goLoad has workers ping through the leader, mostly, while it is lost and comes back.
func goLoad(t *testing.T, e *env, lose, bringBack func(*localcluster.Node) error) {
	leader := e.leader()
	survivors := e.Followers(leader)
	urls := []string{leader.URL(), survivors[0].URL(), survivors[1].URL()}
	var over atomic.Bool
	var all sync.WaitGroup
	var workers []*worker
	for range 8 {
		w := &worker{
			h:      create(t, survivors[0], fields{"name": "go", "interval_secs": 3600}),
			client: sdk.New("", sdk.WithBaseURL(urls...)),
		}
		workers = append(workers, w)
		all.Go(func() {
			for ; !over.Load(); time.Sleep(5 * time.Millisecond) { // the work
				w.calls.Add(1)
				if err := w.client.Ping(t.Context(), w.h.Token); err != nil {
					t.Errorf("a ping failed: %v", err)
				}
			}
		})
	}
	each := func(what string, more int64) {
		until := map[*worker]int64{}
		for _, w := range workers {
			until[w] = w.calls.Load() + more
		}
		for _, w := range workers {
			testkit.Eventually(t, what, func() bool { return w.calls.Load() >= until[w] })
		}
	}
	each("each has pinged", 20)
	testkit.Must(t, lose(leader))
	each("each pings again", 50)
	testkit.Must(t, bringBack(leader))
	each("each pings when it is back", 50)
	over.Store(true)
	all.Wait()
	total := int64(0)
	for _, w := range workers {
		counted, listed := int64(get(t, survivors[1], w.h.ID).PingsTotal), int64(history(t, survivors[1], w.h))
		if counted != w.calls.Load() || listed != counted {
			t.Errorf("%d calls are %d pings, %d in the history", w.calls.Load(), counted, listed)
		}
		total += counted
	}
	t.Logf("%d calls, each of them one ping", total)
}

// goExamples builds README's programs as somebody else's module would, and runs them
// with only the nodes' addresses changed.
func goExamples(t *testing.T, e *env) {
	blocks := goBlocks(t)
	if len(blocks) < 2 {
		t.Fatalf("README shows %d programs in Go", len(blocks))
	}
	for _, block := range blocks {
		for i, port := range []string{"8080", "8180", "8280"} {
			block = strings.ReplaceAll(block, "http://127.0.0.1:"+port, e.Nodes[i].URL())
		}
		name := regexp.MustCompile(`Ensure\(ctx, "([^"]+)"`).FindStringSubmatch(block)
		if name == nil {
			t.Fatalf("the program does not have one heartbeat at every start:\n%s", block)
		}
		program := goProgram(t, block)
		var out strings.Builder
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = []string{"QUORUMBEAT_API_KEY=" + adminKey, "PATH=" + os.Getenv("PATH")}
		cmd.Stdout, cmd.Stderr = &out, &out
		began := time.Now()
		testkit.Must(t, cmd.Start())
		leader := e.leader()
		testkit.Eventually(t, "the program has pinged", func() bool { return named(t, leader, name[1]).PingsTotal > 0 })
		testkit.Must(t, leader.Kill())
		if err := cmd.Wait(); err != nil || strings.Contains(out.String(), "not told") {
			t.Errorf("%s: %v after %s\n%s", name[1], err, time.Since(began), out.String())
		}
		n := e.leader()
		h := named(t, n, name[1])
		wanted := map[string]int{"report-queue": 5, "nightly-report": 2}[name[1]]
		if listed := history(t, n, h); h.PingsTotal != wanted || listed != wanted || h.Status != "active" {
			t.Errorf("%d pings are counted, %d listed, want %d: %+v", h.PingsTotal, listed, wanted, h)
		}
		t.Logf("%s: %d pings while %s was killed", name[1], wanted, leader.Name)
		testkit.Must(t, leader.Start())
		e.waitReady()
	}
}

var goMarked = regexp.MustCompile("(?s)<!-- run: go -->\n```go\n(.*?)```")

func goBlocks(t *testing.T) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repoRoot(t), "README.md"))
	testkit.Must(t, err)
	for _, m := range goMarked.FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(m[1]))
	}
	return blocks
}

// goProgram compiles a program in a module of its own, which needs this one and
// nothing else: whoever uses the SDK downloads and compiles nothing of the server.
func goProgram(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600))
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(`module example.com/job

go 1.26

require github.com/quorumbeat/quorumbeat v0.0.0

replace github.com/quorumbeat/quorumbeat => `+repoRoot(t)+"\n"), 0o600))
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("vet", ".")
	run("build", "-o", "job", ".")
	for pkg := range strings.FieldsSeq(run("list", "-deps", ".")) {
		first, _, _ := strings.Cut(pkg, "/")
		if strings.Contains(first, ".") && pkg != "example.com/job" && pkg != "github.com/quorumbeat/quorumbeat/sdk/go" {
			t.Errorf("the program compiles %s", pkg)
		}
	}
	return filepath.Join(dir, "job")
}
