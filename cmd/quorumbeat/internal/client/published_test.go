package client

import (
	"regexp"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// TestBadgesAreListedByName: by the ID alone nobody knows of what a badge is.
func TestBadgesAreListedByName(t *testing.T) {
	w := term.Table{Wide: true}
	showBadges(&w, []heartbeat.Badge{
		{ID: "bg_1", HeartbeatID: "hb_1", HeartbeatName: "nightly", SVGURL: "http://x/bg_1.svg"},
		{ID: "bg_2", Tag: "prod", Label: "all", SVGURL: "http://x/bg_2.svg"},
		{ID: "bg_3", HeartbeatID: "hb_3"}, // which was deleted
	})
	var out strings.Builder
	if err := w.Write(&out, 200); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(` +`).ReplaceAllString(out.String(), " ")
	for _, want := range []string{"nightly - http://x/bg_1.svg bg_1", "tag prod all http://x/bg_2.svg bg_2", "hb_3 - "} {
		if !strings.Contains(got, want) {
			t.Errorf("the list lacks %q:\n%s", want, got)
		}
	}
}
