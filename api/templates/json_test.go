package templates

import (
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// TestAPreviewIsWhatIsSent: a subject in one line, and the words that are built in for one that says nothing.
func TestAPreviewIsWhatIsSent(t *testing.T) {
	own := fsm.Templates{Subject: "{{.State}}:\n{{if ne .Count 1}}{{\"\\u202e\"}}{{.Name}}{{end}}", Text: `{{if .Down}}for {{.Down}}{{else}}{{"\u200b"}}{{end}}`}
	for i, want := range []Preview{
		{Kind: "down", Subject: "DOWN:", Text: PreviewsOf(fsm.Templates{}).Previews[0].Text},
		{Kind: "recovered", Subject: "RECOVERED:", Text: "for 22 min"},
		{Kind: "digest", Subject: "DOWN: 14 heartbeats: 14 tagged db-3", Text: PreviewsOf(fsm.Templates{}).Previews[2].Text},
	} {
		if got := PreviewsOf(own).Previews[i]; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
