package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestEvidenceIsWhatWasPacked(t *testing.T) {
	for name, e := range map[string]fsm.Evidence{
		"none": {},
		"full": {
			Name: strings.Repeat("ü", fsm.MaxNameLen), LastPing: epoch, LastFrom: "2001:db8::1", Interval: fsm.MaxInterval, Grace: 0,
			Threshold: 100, Misses: 1 << 40, Pings: 1 << 60, Due: epoch.Add(time.Hour), Silent: 90 * time.Second,
			Failed: true, Exit: 255, Started: epoch, Output: "no space left",
			Gaps: []fsm.Gap{{From: epoch, To: epoch.Add(time.Second)}, {From: epoch.Add(time.Minute), To: epoch.Add(time.Hour)}},
		},
	} {
		if got := packEvidence(e).unpack(); !reflect.DeepEqual(got, e) {
			t.Errorf("%s: %+v, want %+v", name, got, e)
		}
	}
}
