package alerts

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

func TestAListTellsWhoSeesToAnIncident(t *testing.T) {
	ann, now := "Ann", time.Now()
	var w term.Table
	showIncidents(&w, []heartbeat.Incident{
		{State: "open", HeartbeatName: "a"}, {State: "open", HeartbeatName: "b", AcknowledgedAt: &now, AcknowledgedBy: &ann}, {State: "open", HeartbeatName: "c", SnoozedUntil: &now},
	})
	var out strings.Builder
	if err := w.Write(&out, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"open", "acknowledged by Ann", "snoozed until "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing: %s", want, out.String())
		}
	}
}

func TestHowLongASnoozeIs(t *testing.T) {
	now := time.Date(2026, 5, 1, 7, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		set  map[string]string
		want time.Duration // 0: it is refused
	}{
		{nil, time.Hour},
		{map[string]string{"for": "2h"}, 2 * time.Hour},
		{map[string]string{"for": "31d"}, 0},
		{map[string]string{"for": "0s"}, 0},
		{map[string]string{"until": "08:30"}, 90 * time.Minute},
		{map[string]string{"until": "2026-05-01T06:00:00Z"}, 0},
		{map[string]string{"until": "2026-07-01 08:00"}, 0},
		{map[string]string{"until": "tomorrow"}, 0},
		{map[string]string{"until": "08:30", "for": "2h"}, 0},
	} {
		c := &cobra.Command{}
		length, until := flags.Seconds(3600), ""
		c.Flags().Var(&length, "for", "")
		c.Flags().StringVar(&until, "until", "", "")
		for k, v := range x.set {
			if err := c.Flags().Set(k, v); err != nil {
				t.Fatal(err)
			}
		}
		if d, err := snoozeLength(c, length, until, now); d != x.want || (err != nil) != (x.want == 0) {
			t.Errorf("%v: %v, %v, want %v", x.set, d, err, x.want)
		}
	}
}

func TestAWordThatLooksLikeAnID(t *testing.T) {
	gone := errors.New("there is no heartbeat")
	if err := orBadID(gone, "al_nope", "al_", "an alert"); !strings.Contains(err.Error(), `"al_nope" is not the ID of an alert`) {
		t.Error(err)
	}
	if err := orBadID(gone, "backup", "al_", "an alert"); err != gone {
		t.Error(err)
	}
}
