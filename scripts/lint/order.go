package main

import (
	"fmt"
	"slices"
	"strings"
)

// tree is a folder of packages and the order in which they import each other. A package
// may import those on the lines above its own, and what the tree uses; those on one line
// do not know each other. "." is the folder itself.
type tree struct {
	dir  string
	rows []string
	uses []string // packages of other trees
}

// order has a place for every package of the module (docs/design.md says what lives there). A new
// package gets its place here first.
var order = []tree{
	{dir: "internal/testkit", rows: []string{"."}},
	{dir: "internal/tick", rows: []string{"."}},
	{dir: "internal/unreachable", rows: []string{"."}},
	{dir: "fsm", rows: []string{
		"charset wire schedule/expr schedule/civil",
		"check story schedule/cron schedule/calendar schedule/weekly",
		"schedule",
		".",
		"schedule/backtest",
		"schedule/suggest",
		"kinds logentry routing templates internal/changes internal/ordered internal/index internal/image",
		"internal/rotation internal/channels internal/dedup internal/dependencies internal/history",
		"internal/results internal/timetable internal/incident",
		"internal/uptime internal/published internal/windows",
		"internal/table",
		"internal/ledger",
		"internal/system",
		"store",
	}},
	{dir: "cluster", uses: []string{"fsm", "fsm/logentry", "fsm/wire", "fsm/store", "internal/tick"}, rows: []string{
		"lifecycle durable",
		"identity disk",
		"raftlog/tail raftlog/boltfile",
		"raftlog/journal",
		"raftlog transport",
		"proposals",
		"proposals/proposalstest",
		"commit",
		"forward statemachine",
		"members leader survey",
		".",
		"salvage",
	}},
	{dir: "api", uses: []string{"fsm", "fsm/kinds", "fsm/logentry", "fsm/routing", "fsm/story", "fsm/templates", "fsm/schedule", "fsm/schedule/backtest", "fsm/schedule/suggest", "fsm/schedule/weekly", "fsm/store", "internal/tick"}, rows: []string{
		"compat deferred events limits pieces proxied request schedules tickets web/assets web/elections web/show",
		"metrics",
		"templates incidents listener pings web/advice web/roster windows",
		"channels explain web/form writable",
		"web",
		"public",
		".",
	}},
	{dir: "alerting", uses: []string{"fsm", "fsm/kinds", "fsm/logentry", "fsm/story", "fsm/store", "fsm/templates", "internal/tick", "internal/unreachable"}, rows: []string{
		"message outgoing",
		"smtp channel outbound",
		"webhook chat telegram ntfy pagerduty alertmanager shoutrrr command",
		".",
	}},
	{dir: "sdk/go", rows: []string{"."}},
	{dir: "cmd/quorumbeat", uses: []string{"api", "alerting", "alerting/outbound", "cluster", "cluster/durable", "cluster/lifecycle", "cluster/salvage", "cluster/transport", "fsm", "fsm/kinds", "fsm/logentry", "fsm/store", "fsm/schedule", "fsm/schedule/weekly", "internal/tick", "internal/unreachable", "sdk/go"}, rows: []string{
		"load internal/length internal/usage internal/tune internal/zones",
		"internal/term internal/flags",
		"internal/selfwatch",
		"internal/settings internal/timetables",
		"internal/node internal/cli internal/spool",
		"internal/client/call",
		"internal/client/alerts",
		"internal/client internal/wrap internal/bench",
		".",
	}},
	{dir: "cmd/quorumbeat/e2e", uses: []string{"fsm", "sdk/go", "cmd/quorumbeat/load", "scripts/localcluster", "scripts/smtpsink"}, rows: []string{"."}},
	{dir: "scripts", uses: []string{"fsm", "fsm/logentry", "fsm/store", "fsm/wire", "sdk/go", "cmd/quorumbeat/load"}, rows: []string{
		"burst etcd lint localcluster smtpsink yardstick",
		"bench way",
	}},
}

// testOnly are for tests alone, which may all import them: helpers, and what stands for the
// world outside. Nothing that ships does.
var testOnly = []string{"internal/testkit", "scripts/smtpsink", "cluster/proposals/proposalstest"}

// checkOrder finds packages without a place, and imports that run against the order.
func checkOrder(pkgs []pkg) []string {
	var found []string
	for _, p := range pkgs {
		dir := packageDir(p.ImportPath)
		t, row := placeOf(dir)
		if t == nil {
			found = append(found, dir+" has no place in the order of imports: give it one in scripts/lint/order.go")
			continue
		}
		for i, imports := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			inTest := i > 0
			for _, path := range imports {
				if to, ok := strings.CutPrefix(path, module+"/"); ok && !t.allowsImport(row, dir, to, inTest) {
					found = append(found, fmt.Sprintf("%s imports %s, against the order: it may import %s (scripts/lint/order.go)", dir, to, joinNames(t.mayImport(row))))
				}
			}
		}
	}
	return found
}

// placeOf finds the tree and the row of a package; nil if it has none.
func placeOf(dir string) (*tree, int) {
	for i := range order {
		t := &order[i]
		for row := range t.rows {
			if slices.Contains(t.packages(row), dir) {
				return t, row
			}
		}
	}
	return nil, 0
}

// allowsImport reports whether the package from, on the given row, may import the package to.
func (t *tree) allowsImport(row int, from, to string, inTest bool) bool {
	if inTest && (from == to || slices.Contains(testOnly, to)) { // foo_test imports foo
		return true
	}
	return slices.Contains(t.mayImport(row), to)
}

// mayImport lists what the packages on a row may import.
func (t *tree) mayImport(row int) []string {
	list := slices.Clone(t.uses)
	for above := range row {
		list = append(list, t.packages(above)...)
	}
	return list
}

// packages lists the packages on a row.
func (t *tree) packages(row int) []string {
	var list []string
	for name := range strings.FieldsSeq(t.rows[row]) {
		if name == "." {
			list = append(list, t.dir)
		} else {
			list = append(list, t.dir+"/"+name)
		}
	}
	return list
}
