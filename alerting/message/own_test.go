package message

import (
	"mime"
	"net/mail"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/templates"
)

func TestWordsOfOnesOwn(t *testing.T) {
	a := alertFor(fsm.AlertDown, "nightly-sync")
	a.About.Owner = "ann"
	a.Dependents = []string{"child"}
	builtIn := compose(a, nil)
	for _, c := range []struct {
		name          string
		own           fsm.Templates
		subject, lead string
		note          bool
	}{
		{"none", fsm.Templates{}, builtIn.Subject, builtIn.Lead[0], false},
		{"both", fsm.Templates{Subject: "{{.State}}: {{.Name}}\nx", Text: "Call {{.Owner}}.\nNow."}, "DOWN: nightly-sync x", "Call ann.", false},
		{"around what is built in", fsm.Templates{Subject: "prod {{.Subject}}"}, "prod [DOWN] nightly-sync", builtIn.Lead[0], false},
		{"that say nothing here", fsm.Templates{Subject: "{{.ExitStatus}}", Text: " {{.Took}}"}, builtIn.Subject, builtIn.Lead[0], false},
		{"that fail", fsm.Templates{Subject: "{{lt .Name 3}}", Text: "{{range .Name}}x{{end}}"}, builtIn.Subject, builtIn.Lead[0], true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := compose(a, nil)
			got.useOwn(c.own, a, Options{})
			if got.Subject != c.subject || got.Lead[0] != c.lead || strings.Contains(strings.Join(got.Notes, ""), "Your template") != c.note {
				t.Errorf("%q, %q, %q", got.Subject, got.Lead, got.Notes)
			}
			if all := strings.Join(got.Lead, " "); strings.Count(all, "depends on it: child") != 1 {
				t.Errorf("what depends on it is told in %q", all)
			}
			var failed []string
			note := func(name string, err error) { failed = append(failed, name+": "+err.Error()) }
			raw, err := Render("monitor@example.com", a, nil, Options{Own: c.own, OwnFailed: note})
			if c.note != (len(failed) == 2 && strings.HasPrefix(failed[0], "subject: ") && strings.HasPrefix(failed[1], "text: ")) || !c.note && failed != nil {
				t.Errorf("%q are said to have failed", failed)
			}
			if err != nil || strings.Contains(string(raw), "\nx\r\n") {
				t.Errorf("%v\n%s", err, raw)
			}
			m := Compose(a, nil, Options{Own: c.own})
			if m.Tag != "DOWN" || m.Good || strings.Contains(m.Title, "\n") || strings.Contains(m.Body(4000), "Your template") != c.note {
				t.Errorf("%+v", m)
			}
		})
	}
}

// TestNoTemplateLosesAnAlert: whatever was saved, and by whatever version, each kind of alert is told, with all or with nothing
// known of it, under a subject that can be read, in one line; a canary keeps the address that confirms it.
func TestNoTemplateLosesAnAlert(t *testing.T) {
	own := []string{
		"{{.State}}: {{.Name}}", "{{.ExitStatus}}", `{{if eq .State "UNHEARD"}}{{lt .Name 3}}{{end}}`, "{{lt .Name 3}}", "{{len .Count}}", "{{.Gone}}",
		"{{range .Name}}x{{end}}", "{{if .Owner}}", "{{", "{{template \"template\"}}", `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`,
		`{{printf "%1000000000d" 1}}`, "{{call .Name}}", "{{index .Name 99}}", "{{.Name.Len}}", "\r\nBcc: all@example.com\r\n\r\nx", `{{"\r\nBcc: all@example.com"}}`,
		"\x00", `{{"\x1b[31m"}}`, "\u200b", "\u2028", "\xff\xfe", strings.Repeat("{{.Text}}", 400),
	}
	canary := fsm.Alert{Kind: fsm.AlertCanary, Evidence: fsm.Evidence{Name: "delivery check of the monitor", System: fsm.SystemFacts{Kind: fsm.SystemCanary, Detail: "https://example.com/ping/1"}}}
	lost := fsm.Alert{Kind: fsm.AlertDown, Evidence: fsm.Evidence{Name: "node n7 of the monitor", System: fsm.SystemFacts{Kind: fsm.SystemNodeLost, Node: "n7", Detail: "It is gone."}}}
	alerts := []fsm.Alert{canary, lost, recoveryFor("nightly-sync")}
	for kind := fsm.AlertDown; kind <= fsm.AlertCanary; kind++ {
		alerts = append(alerts, alertFor(kind, "nightly-sync"), fsm.Alert{Kind: kind})
	}
	for _, a := range alerts {
		a.Recipient, a.MessageID = "ops@example.com", "1@quorumbeat"
		var members []fsm.Alert
		if a.Kind == fsm.AlertDigest {
			members = []fsm.Alert{alertFor(fsm.AlertDown, "a"), recoveryFor("b")}
		}
		for _, source := range own {
			p := Options{Own: fsm.Templates{Subject: source, Text: source}}
			raw, err := Render("monitor@example.com", a, members, p)
			if err != nil {
				t.Errorf("%v, %q: %v", a.Kind, source, err)
				continue
			}
			got, err := mail.ReadMessage(strings.NewReader(string(raw)))
			if err != nil || got.Header.Get("Bcc") != "" {
				t.Errorf("%v, %q: %v, Bcc %q", a.Kind, source, err, got.Header.Get("Bcc"))
				continue
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
			m := Compose(a, members, p)
			for _, s := range []string{subject, m.Title, m.Body(4000)} {
				if err != nil || templates.SaysNothing(s) || !utf8.ValidString(s) {
					t.Errorf("%v, %q: %q, %v", a.Kind, source, s, err)
				}
			}
			if a.Evidence.System.Kind == fsm.SystemCanary && !strings.Contains(m.Body(4000), a.Evidence.System.Detail) {
				t.Errorf("%q hides what confirms a canary: %q", source, m.Body(4000))
			}
		}
	}
}
