package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

var dashboards = []string{"grafana-jobs.json", "grafana-cluster.json"}

// TestGrafanaKnowsTheDashboards reads the dashboards by the schema that Grafana publishes:
// strictly, each panel and query by that of its kind. A real Grafana is no part of the tests.
func TestGrafanaKnowsTheDashboards(t *testing.T) {
	t.Parallel()
	plugins.RegisterDefaultPlugins()
	recorded := recordedRules(t)
	for _, file := range dashboards {
		text, err := os.ReadFile(monitoring + file)
		testkit.Must(t, err)
		var d dashboard.Dashboard //lint:ignore SA1019 every Grafana since version 10 imports this form, and none before 12 the next one
		// Not err != nil: where nothing is wrong it may be an empty list of errors.
		if err := d.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if err := d.Validate(); err != nil && err.Error() != "" {
			t.Errorf("%s: %v", file, err)
		}
		checkPanels(t, file, text, recorded)
	}
}

// recordedRules are the series that the rules make.
func recordedRules(t *testing.T) []string {
	t.Helper()
	rules, err := os.ReadFile(monitoring + "rules.yml")
	testkit.Must(t, err)
	var names []string
	for _, m := range regexp.MustCompile(`record: (\S+)`).FindAllStringSubmatch(string(rules), -1) {
		names = append(names, m[1])
	}
	return names
}

// checkPanels looks at what a schema does not: panels that cover each other, that have no
// title or share an ID, and series that no rule records.
func checkPanels(t *testing.T, file string, text []byte, recorded []string) {
	t.Helper()
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	testkit.Must(t, json.Unmarshal(text, &d))
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("%s: panel %d %q: its ID is another's, or it has no title, or shows nothing", file, p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s: panel %q covers %q, or leaves the page", file, p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			for _, name := range regexp.MustCompile(`quorumbeat(:[a-z0-9_]+)+`).FindAllString(q.Expr, -1) {
				if !slices.Contains(recorded, name) {
					t.Errorf("%s: panel %q shows %s, which no rule records", file, p.Title, name)
				}
			}
		}
	}
	if n := strings.Count(string(text), `"expr"`); n < len(d.Panels) {
		t.Errorf("%s: %d panels, %d queries", file, len(d.Panels), n)
	}
}
