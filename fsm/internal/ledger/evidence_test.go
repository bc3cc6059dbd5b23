package ledger

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

var may = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

func TestEvidenceIsWhatWasPacked(t *testing.T) {
	for name, e := range map[string]fsm.Evidence{
		"none": {},
		"full": {
			Name: strings.Repeat("ü", fsm.MaxNameLen), LastPing: may, LastFrom: "2001:db8::1", Interval: fsm.MaxInterval, Grace: 0,
			Threshold: 100, Misses: 1 << 40, Pings: 1 << 60, Due: may.Add(time.Hour), Silent: 90 * time.Second,
			Failed: true, Exit: 255, Started: may, Output: "no space left",
			Gaps: []fsm.Gap{{From: may, To: may.Add(time.Second)}, {From: may.Add(time.Minute), To: may.Add(time.Hour)}},
		},
	} {
		if got := Pack(e).Unpack(); !reflect.DeepEqual(got, e) {
			t.Errorf("%s: %+v, want %+v", name, got, e)
		}
	}
}
