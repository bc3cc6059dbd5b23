package templates

import (
	"strings"

	"github.com/quorumbeat/quorumbeat/api/request"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/templates"
)

// Body is what a client sends: "" stands for the words that are built in.
type Body struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// JSON is what a client is told.
type JSON struct {
	Body
	Fields []string `json:"fields"` // that a template may tell
}

// Previews are what templates would say.
type Previews struct {
	Previews []Preview `json:"previews"`
}

// Preview is what templates would say of a sample.
type Preview struct {
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Of shows the templates of a cluster.
func Of(t fsm.Templates) JSON {
	return JSON{Body: Body(t), Fields: templates.Fields()}
}

// Check returns the templates that a client sends, or what is wrong with them.
func (b Body) Check() (fsm.Templates, error) {
	t := fsm.Templates{Subject: strings.TrimSpace(b.Subject), Text: strings.TrimSpace(strings.ReplaceAll(b.Text, "\r\n", "\n"))}
	if err := t.Validate(); err != nil {
		return t, err
	}
	if err := templates.Check(t.Subject); err != nil {
		return t, request.BadRequest("subject: " + err.Error())
	}
	if err := templates.Check(t.Text); err != nil {
		return t, request.BadRequest("text: " + err.Error())
	}
	return t, nil
}

// PreviewsOf tells what templates would say of each sample.
func PreviewsOf(t fsm.Templates) (out Previews) {
	for _, sample := range templates.Samples() {
		p := Preview{Kind: sample.Kind, Subject: sample.Data.Subject, Text: sample.Data.Text}
		// An error, or nothing, leaves what is built in, as in an alert.
		if words, err := templates.Subject(t.Subject, sample.Data); err == nil && words != "" {
			p.Subject = words
		}
		if words, err := templates.Text(t.Text, sample.Data); err == nil && words != "" {
			p.Text = words
		}
		out.Previews = append(out.Previews, p)
	}
	return out
}
