package templates

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatATemplateMayDo(t *testing.T) {
	for source, wrong := range map[string]string{
		"":                      "",
		"{{.State}}: {{.Name}}": "",
		"{{if .Owner}}{{.Owner}}: {{end}}{{.Subject}}":                                                      "",
		`{{if and (eq .State "DOWN") (gt .Count 1)}}many{{else if .Runbook}}{{.Runbook}}{{else}}one{{end}}`: "",
		"{{.Name | upper}} {{/* a note */}} {{lower .State}}":                                               "",
		"{{.Nam}}":                        "there is no field .Nam",
		"{{.Name.Foo}}":                   "there is no field .Name.Foo",
		"{{range .Tags}}x{{end}}":         "not allowed",
		"{{range 1000000000}}x{{end}}":    "not allowed",
		"{{with .Name}}x{{end}}":          "not allowed",
		"{{$x := .Name}}{{$x}}":           "variables",
		`{{define "a"}}x{{end}}{{.Name}}`: "another template",
		`{{define "a"}}x{{template "a"}}{{end}}{{template "a"}}`: "another template",
		`{{template "template"}}`:                                "not allowed",
		`{{block "b" .}}x{{end}}`:                                "another template",
		`{{printf "%1000000000d" 1}}`:                            "it calls printf",
		"{{html .Name}}":                                         "it calls html",
		"{{call .Name}}":                                         "it calls call",
		"{{index .Name 0}}":                                      "it calls index",
		"{{.}}":                                                  "not allowed",
		"{{(.Name).Foo}}":                                        "not allowed",
		"{{nil}}":                                                "", // refused by the parser, with words of its own
		"{{.Name":                                                "",
		"{{end}}":                                                "",
		"{{break}}":                                              "",
		"{{lt .Name 3}}":                                         "",
		"   \n":                                                  "says nothing",
		"{{if false}}x{{end}}":                                   "says nothing",
		`{{"\x00"}}`:                                             "says nothing",
		"\u200b\u2060":                                           "says nothing",
		"{{range .Tags}}x":                                       "{{range}} is not allowed: use text",
		"{{- with .Name}}x":                                      "{{with}} is not allowed",
		`{{define "a"}}`:                                         "{{define}} is not allowed",
		"{{if .Runbook}}x":                                       "line 1: an {{if}} is not closed: write {{end}}",
		"\n{{.Nam":                                               "line 2: a \"{{\" is not closed",
		"{{}}":                                                   "name a field, as in {{.Name}}",
		"{{$x}}":                                                 "variables",
		"x{{end}}":                                               "line 1: a {{end}} without an {{if}}",
		"{{Name}}":                                               "there is no function Name",
		"{{.Name}":                                               "a field is written {{.Name}}",
		"{{lt .Count \"3\"}}":                                    "line 1, {{lt .Count \"3\"}}: incompatible types for comparison: int and string; .Count is a number",
		"{{upper .Count}}":                                       "expected string; got int",
		"{{eq .Owner}}":                                          "missing argument",
		"{{.Owner}}{{if not .Owner}}{{len 3}}":                   "an {{if}} is not closed",
		// What no sample comes to:
		`{{.Owner}}{{if eq .Owner "none"}}{{lt .Owner 3}}{{end}}`:                      "{{lt .Owner 3}}: incompatible types",
		`{{.Owner}}{{if and (eq .Owner "none") (lt .Owner 3)}}x{{end}}`:                "{{lt .Owner 3}}: incompatible types",
		`{{.Owner}}{{or .Owner (len 3)}}`:                                              "{{len 3}}: len of type int",
		`{{.Owner}}{{if .Owner}}{{else if eq .Count .Owner}}x{{end}}`:                  "incompatible types",
		"{{" + strings.Repeat("(", 1000) + ".Owner" + strings.Repeat(")", 1000) + "}}": "parentheses",
	} {
		err := Check(source)
		good := source == "" || strings.Contains(source, ".State") && !strings.Contains(source, "$") || strings.HasPrefix(source, "{{if .Owner") || strings.HasPrefix(source, "{{.Name |")
		if good != (err == nil) || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v, want %q", source, err, wrong)
		}
	}
}

func TestWhatATemplateSaysIsBounded(t *testing.T) {
	d := Samples()[0].Data
	d.Description = strings.Repeat("Größe ", 400)
	got, err := Fill(strings.Repeat("{{.Description}}", 200), d, MaxSubject)
	if err != nil || len(got) > MaxSubject || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
		t.Errorf("%d bytes, %v: %q", len(got), err, got)
	}
	if got, err := Fill("{{.Name}}", d, MaxSubject); got != "nightly-sync" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzCheck: what is taken fills in, quickly and within its bounds, for every sample.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"{{.State}}: {{.Name}}", "{{if .Owner}}a{{else}}b{{end}}", "{{range .}}x{{end}}", `{{printf "%9d" 1}}`, "{{\xff}}", "{{.Name|upper|len}}", "{{- .ID -}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 4096 || Check(source) != nil || source == "" {
			return
		}
		for _, s := range Samples() {
			got, err := Fill(source, s.Data, MaxSubject)
			if err != nil || len(got) > MaxSubject || !utf8.ValidString(got) {
				t.Errorf("%q of %s: %d bytes, %v", source, s.Kind, len(got), err)
			}
		}
	})
}

// TestASubjectIsOneLine without anything that hides or turns round what it says, whatever its template writes: also in
// characters that are named by numbers, which nobody looks at when the template is saved.
func TestASubjectIsOneLine(t *testing.T) {
	d := Data{Name: "nightly", Description: "one\ntwo\tthree"}
	for source, want := range map[string]string{
		"{{.Name}}\nBcc: a@example.com":                  "nightly Bcc: a@example.com",
		`{{"a\r\n\r\nBcc: a@example.com"}}`:              "a Bcc: a@example.com",
		`{{"\u202e"}}{{.Name}}{{"\u2066\u2028\u0085x"}}`: "nightly x",
		`{{"\x1b[31m"}}{{.Name}}{{"\x00"}}`:              "[31mnightly",
		`{{"a\xff"}}`:                                    "a\uFFFD",
		"{{.Description}}  x":                            "one two three  x",
		`{{if eq .State "RECOVERED"}}x{{end}} `:          "",
		`{{"\u200b\u2060"}}`:                             "",
	} {
		if got, err := Subject(source, d); got != want || err != nil {
			t.Errorf("%s: %q, want %q (%v)", source, got, want, err)
		}
	}
}
