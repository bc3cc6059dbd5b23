package bench

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
)

func TestTheTableOfABench(t *testing.T) {
	b := &report{Heartbeats: 1000, CreatedPerSecond: 9222.4, DeletedPerSecond: 15290, Report: &load.Report{
		Connections: 512, Rate: 5000, Seconds: 10, PerSecond: 1234567.8, Answers: map[int]int64{503: 1000, 200: 1},
		Failures: map[string]int64{"timeout": 3}, Unsent: 4000,
		Latency: load.Percentiles{Min: 0.123, P50: 1.5, P90: 12.34, P99: 123.4, P999: 1234.5, Max: 15000},
		Late:    &load.Percentiles{Max: 15000}, Refusals: &load.Percentiles{Max: 7},
		BySecond: []load.Second{{Acknowledged: 4999, Refused: 2, Failed: 3, Unsent: 4}},
	}}
	var w term.Table
	showReport(&w, b)
	var stdout strings.Builder
	if err := w.Write(&stdout, 0); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		"1,234,568 acknowledged a second, for 10.0 s; 5,000 a second wanted", "200: 1, 503: 1,000", "timeout: 3",
		"made at 9,222 a second, deleted at 15,290", "0.12  1.50  12.3  123   1234   15000", "4,000: no connection",
	} {
		if !strings.Contains(stdout.String(), words) {
			t.Errorf("no %q in\n%s", words, stdout.String())
		}
	}
	if fields := strings.Fields(stdout.String()[strings.LastIndex(stdout.String(), "\n1 "):]); len(fields) != 7 || fields[3] != "7" {
		t.Errorf("the row of a second is %v", fields)
	}
}
