package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

const monitoring = "../../../scripts/monitoring/"

// TestMonitoringRules has promtool look at the rules, and run their tests.
func TestMonitoringRules(t *testing.T) {
	t.Parallel()
	promtool := find(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "rules.yml"}, {"test", "rules", "rules_test.yml", "rules_slow_test.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = monitoring
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// find finds a program, or skips the test.
func find(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if errors.Is(err, exec.ErrNotFound) {
		t.Skipf("%s is not installed", program)
	}
	testkit.Must(t, err)
	return path
}

var metricName = regexp.MustCompile(`\bquorumbeat_[a-z0-9_]+`)

// TestMonitoringKnowsItsMetrics looks for every metric that rules and panels name in what
// a cluster exports, and for every rule's place in the runbook.
func TestMonitoringKnowsItsMetrics(t *testing.T) {
	t.Parallel()
	e := startPlain(t, 3)
	e.waitServing(t)
	h := create(t, e.Nodes[0], fields{"name": "x", "interval_secs": 3600})
	ask(t, http.StatusOK, "POST", pingURL(e.Nodes[0], h)+"/fail", nil, nil)
	testkit.Eventually(t, "the alert is exported", func() bool {
		return strings.Contains(scrape(t, e.Nodes[0].URL()+"/metrics"), `quorumbeat_alerts_total{kind="down",state="sent"} 1`)
	})
	for _, what := range []string{"/start", "/0?m.rows=4"} {
		ask(t, http.StatusOK, "POST", pingURL(e.Nodes[0], h)+what, nil, nil)
	}
	create(t, e.Nodes[0], fields{"name": "late", "interval_secs": 1, "grace_secs": 3600})
	call(t, "", "GET", e.Nodes[0].URL()+"/v1/heartbeats", nil)                      // without a key
	ask(t, http.StatusOK, "GET", e.leader().URL()+"/v1/alerts", nil, new(struct{})) // whose delivery the leader has measured
	testkit.Eventually(t, "a heartbeat is late, and the nodes hear of each other", func() bool {
		text := scrape(t, e.leader().URL()+"/metrics")
		return strings.Contains(text, "\nquorumbeat_heartbeat_late{") && strings.Count(text, "\nquorumbeat_peer_lag_entries{") == 2
	})
	exported := scrape(t, e.Nodes[0].URL()+"/metrics") + scrape(t, e.leader().URL()+"/metrics") +
		"\n# TYPE quorumbeat_outbound_last_success_timestamp_seconds gauge\nquorumbeat_outbound_last_success_timestamp_seconds 0\n" + // which a node with --outbound-url has
		"\n# TYPE quorumbeat_outbound_pings_total counter\nquorumbeat_outbound_pings_total{result=\"ok\"} 0\n" +
		"\n# TYPE quorumbeat_http_tls_not_after_timestamp_seconds gauge\nquorumbeat_http_tls_not_after_timestamp_seconds 0\n" // which a TLS port has
	checkMetricsTable(t, exported)
	named := 0
	for _, file := range append([]string{"rules.yml"}, dashboards...) {
		text, err := os.ReadFile(monitoring + file)
		testkit.Must(t, err)
		for _, name := range metricName.FindAllString(string(text), -1) {
			named++
			if !strings.Contains(exported, "\n"+name+" ") && !strings.Contains(exported, "\n"+name+"{") {
				t.Errorf("%s names %s, which no node exports", file, name)
			}
		}
		if strings.HasSuffix(file, ".json") && !json.Valid(text) {
			t.Errorf("%s is no JSON", file)
		}
	}
	if named < 50 {
		t.Errorf("only %d names were found", named)
	}
	rules, err := os.ReadFile(monitoring + "rules.yml")
	testkit.Must(t, err)
	runbook, err := os.ReadFile("../../../docs/runbook.md")
	testkit.Must(t, err)
	for _, m := range regexp.MustCompile(`runbook\.md#(\S+)`).FindAllStringSubmatch(string(rules), -1) {
		if heading := "\n## " + strings.ReplaceAll(m[1], "-", " "); !strings.Contains(strings.ToLower(string(runbook)), heading) {
			t.Errorf("the runbook has no%s", heading)
		}
	}
	if promtool, err := exec.LookPath("promtool"); err == nil {
		cmd := exec.Command(promtool, "check", "metrics")
		cmd.Stdin = strings.NewReader(scrape(t, e.Nodes[0].URL()+"/metrics"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool check metrics: %v\n%s", err, out)
		}
	}
}

// afterEvents have no series before something happens that does not happen in this test.
var afterEvents = []string{"quorumbeat_rate_limited_total", "quorumbeat_auth_failures_total", "quorumbeat_channel_attempts_total"}

// checkMetricsTable holds the table of metrics, with types and labels, against what a
// cluster exports.
func checkMetricsTable(t *testing.T, exported string) {
	t.Helper()
	text, err := os.ReadFile("../../../docs/metrics.md")
	testkit.Must(t, err)
	types, labels := map[string]string{}, map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(quorumbeat_[a-z0-9_]+)`(?: \\*\\*r\\*\\*)? \\| ([a-z]+) \\| ([^|]*) \\|").FindAllStringSubmatch(string(text), -1) {
		types[m[1]], labels[m[1]] = m[2], m[3]
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (quorumbeat_\S+) (\S+)$`).FindAllStringSubmatch(exported, -1) {
		seen[m[1]] = true
		if types[m[1]] != m[2] {
			t.Errorf("docs/metrics.md calls %s a %q, and it is a %s", m[1], types[m[1]], m[2])
		}
	}
	for name := range types {
		if !seen[name] && !slices.Contains(afterEvents, name) {
			t.Errorf("docs/metrics.md has %s, which no node exports", name)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^(quorumbeat_\S+?)(?:_bucket|_sum|_count)?\{([^}]*)\}`).FindAllStringSubmatch(exported, -1) {
		for _, label := range regexp.MustCompile(`(?:^|,)([a-z_]+)="`).FindAllStringSubmatch(m[2], -1) {
			if label[1] != "le" && !strings.Contains(labels[m[1]], "`"+label[1]+"`") {
				t.Errorf("docs/metrics.md does not tell of the label %s of %s", label[1], m[1])
			}
		}
	}
}

func scrape(t *testing.T, from string) string {
	t.Helper()
	answer, err := http.Get(from)
	testkit.Must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	testkit.Must(t, err)
	return string(text)
}

// TestPrometheusTellsOfFailures has a real Prometheus scrape three nodes and fire: for a
// heartbeat that fails, and for a node that is killed.
func TestPrometheusTellsOfFailures(t *testing.T) {
	t.Parallel()
	program := find(t, "prometheus")
	e := startPlain(t, 3)
	h := create(t, e.Nodes[0], fields{"name": "nightly", "interval_secs": 3600})
	dir := t.TempDir()
	rules, err := os.ReadFile(monitoring + "rules.yml")
	testkit.Must(t, err)
	rules = regexp.MustCompile(`\bfor: \S+`).ReplaceAll(rules, []byte("for: 1s")) // the test cannot wait so long
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "rules.yml"), rules, 0o600))
	var targets []string
	for _, n := range e.Nodes {
		targets = append(targets, strings.TrimPrefix(n.URL(), "http://"))
	}
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), fmt.Appendf(nil, `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: quorumbeat
    static_configs: [{targets: [%s]}]
`, strings.Join(targets, ", ")), 0o600))
	addr := freeAddress(t)
	cmd := exec.Command(program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr)
	testkit.Must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	firing := func(alert string) bool {
		answer, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape(`ALERTS{alertstate="firing",alertname="`+alert+`"}`))
		if err != nil {
			return false // it is not there yet
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return strings.Contains(string(text), `"alertname":"`+alert+`"`)
	}
	testkit.Eventually(t, "Prometheus knows the heartbeat", func() bool {
		answer, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape("quorumbeat:heartbeat_up == 1"))
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return strings.Contains(string(text), h.ID)
	})
	for _, name := range recordedRules(t) {
		if strings.Contains(name, "late") || strings.Contains(name, "backup") || strings.Contains(name, "missed") { // nothing is, nobody made one
			continue
		}
		testkit.Eventually(t, "Prometheus records "+name, func() bool {
			answer, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape(name))
			if err != nil {
				return false
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			return strings.Contains(string(text), `"value"`)
		})
	}
	if firing("QuorumbeatHeartbeatDown") || firing("QuorumbeatNodeDown") {
		t.Error("it tells of failures though there are none")
	}
	ask(t, http.StatusOK, "POST", pingURL(e.Nodes[0], h)+"/fail", nil, nil)
	testkit.Eventually(t, "it tells of the heartbeat", func() bool { return firing("QuorumbeatHeartbeatDown") })
	testkit.Must(t, e.Nodes[2].Kill())
	testkit.Eventually(t, "it tells of the node", func() bool { return firing("QuorumbeatNodeDown") })
}

// freeAddress is one that nobody listened at a moment ago, for a program that cannot
// choose by itself.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer ln.Close()
	return ln.Addr().String()
}
