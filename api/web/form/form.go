package form

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// Form is what was typed in, so that nothing is lost by a mistake.
type Form struct {
	Typed    map[string]string // by field
	Problems map[string]string // likewise; "": of the whole
	Version  uint64            // of what the form was made of; 0: of none
	Filled   bool              // in part by the address of the page, as suggestions are

	// Resolve turns slugs that were typed into IDs of heartbeats; nil: they are IDs.
	Resolve func(list []string) ([]string, error)
}

// PlainWords leaves out that something is invalid: it stands beside what is.
func PlainWords(err error) string {
	words := err.Error()
	if _, after, ok := strings.Cut(words, ": "); ok && strings.HasPrefix(words, "invalid") {
		return after
	}
	return words
}

// Control is a field as it is shown.
type Control struct {
	Name, Label, Kind, Words string
	Value, Problem           string
	Choices                  []Choice
}

// Choice is a check box of a field that has several.
type Choice struct {
	Value, Words, Note string
	Chosen             bool
}

// With is the field with what was typed in a form.
func (v Control) With(f Form) Control {
	v.Value, v.Problem = f.Typed[v.Name], f.Problems[v.Name]
	for i := range v.Choices {
		v.Choices[i].Chosen = f.chose(v.Name, v.Choices[i].Value)
	}
	return v
}

// chose reports whether a check box of a field was on.
func (f Form) chose(name, value string) bool {
	return slices.Contains(strings.Split(f.Typed[name], "\n"), value)
}

// Controls are the fields of a form that is not a heartbeat's.
type Controls []Control

// Read reads what a browser sends of them.
func (list Controls) Read(args *fasthttp.Args) Form {
	f := Form{Typed: map[string]string{}, Problems: map[string]string{}, Version: versionOf(args)}
	for _, one := range list {
		f.Typed[one.Name] = typedIn(args, one.Name, one.Kind)
	}
	return f
}

// With are the fields with what was typed, and what is wrong with it.
func (list Controls) With(f Form) (out []Control) {
	for _, one := range list {
		out = append(out, one.With(f))
	}
	return out
}

// typedIn is what was typed in a field; of one with several check boxes those that are on, one
// a line.
func typedIn(args *fasthttp.Args, name, kind string) string {
	if kind == "choices" {
		return string(bytes.Join(args.PeekMulti(name), []byte("\n")))
	}
	return strings.ReplaceAll(strings.TrimSpace(string(args.Peek(name))), "\r\n", "\n")
}

// versionOf is the version of what a form was made of; 0: of nothing.
func versionOf(args *fasthttp.Args) uint64 {
	n, _ := strconv.ParseUint(string(args.Peek("version")), 10, 64)
	return n
}

// Split reads a list with commas, or one that has an entry a line.
func Split(list string) (out []string) {
	for one := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '\n' }) {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}
