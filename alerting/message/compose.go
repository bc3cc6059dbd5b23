package message

import (
	"strings"
	"unicode/utf8"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Message is what an alert says, for channels that have a form of their own.
type Message struct {
	Tag    string   // DOWN, FAILED, RECOVERED or UNHEARD; several, with / between, for a digest
	Title  string   // the tag in brackets, and which heartbeat or how many
	Lead   []string // what happened, first of all; a sentence or two each
	Facts  []Fact   // the evidence
	Output string   // what the run printed last
	Lines  []Line   // of a digest: one for each heartbeat
	Groups []Shared // of a digest
	More   int      // heartbeats that are not shown
	Repeat bool     // an earlier attempt may have arrived
	Good   bool     // nothing of it fails

	Description string // of the heartbeat
	Command     string // that pauses it; "": none
}

// Shared is what some heartbeats of a digest have in common.
type Shared struct {
	By, Value  string // address, tag or name_prefix
	Heartbeats int
}

// Fact is one piece of evidence.
type Fact struct{ Label, Value string }

// Line tells of one heartbeat in a digest.
type Line struct{ Tag, Name, Text, Head string }

// Compose says what a row tells; members are those of a digest.
func Compose(a fsm.Alert, members []fsm.Alert, p Options) Message {
	c := compose(a, members)
	tag := c.Tag()
	notes := len(c.Notes)
	c.useOwn(p.Own, a, p)
	c.Lead = append(c.Lead, c.Notes[notes:]...) // that a template failed; the others are for mails
	m := Message{Title: OneLine(c.Subject), Lead: c.Lead, Output: c.Output, More: c.More, Repeat: a.InDoubt, Groups: c.Groups, Description: c.Description, Command: c.Command}
	m.Tag = tag
	m.Good = m.Tag == "RECOVERED" || a.Kind == fsm.AlertCanary
	for _, f := range c.Facts {
		m.Facts = append(m.Facts, Fact(f))
	}
	for _, l := range c.Lines {
		m.Lines = append(m.Lines, Line{l.Tag, OneLine(l.Name), OneLine(l.Text), OneLine(l.Head)})
	}
	return m
}

// ComposeTest says that a channel works.
func ComposeTest(node string) Message {
	return Message{
		Tag: "TEST", Title: "[TEST] quorumbeat can reach you", Good: true,
		Lead:  []string{"This is a test, which somebody asked for. Nothing has failed.", "Alerts for this channel go the same way."},
		Facts: []Fact{{"Sent by", node}},
	}
}

// repeatWords tell that an alert may have arrived before.
const repeatWords = "This may be a repeat: an earlier attempt got no answer."

// Body is the message without its title, as text within a number of bytes. What does not fit
// is left out, first of the end of the list or the output, and that is said.
func (m Message) Body(most int) string {
	var b strings.Builder
	b.WriteString(strings.Join(m.Lead, "\n"))
	if len(m.Facts) > 0 {
		b.WriteString("\n")
	}
	for _, f := range m.Facts {
		b.WriteString("\n" + f.Label + ": " + f.Value)
	}
	if m.Repeat {
		b.WriteString("\n\n" + repeatWords)
	}
	if m.Description != "" {
		b.WriteString("\n\n" + Clip(m.Description, most/4))
	}
	if m.Command != "" {
		b.WriteString("\n\nTo pause it: " + m.Command)
	}
	head := Clip(strings.TrimSpace(b.String()), most)
	switch {
	case m.Output != "":
		const intro = "\n\nThe run printed last:\n"
		if room := most - len(head) - len(intro); room > 0 {
			head += intro + clipStart(m.Output, room)
		}
	case len(m.Lines) > 0:
		head += m.list(most - len(head))
	}
	return head
}

// list writes the lines of a digest within a number of bytes.
func (m Message) list(most int) string {
	var b strings.Builder
	const room = 40 // for the words about the rest
	for i, l := range m.Lines {
		line := "\n[" + l.Tag + "] " + l.Name + ": " + l.Text
		if l.Head != "" {
			line = "\n\n" + l.Head + line
		} else if i == 0 {
			line = "\n" + line
		}
		if b.Len()+len(line)+room > most {
			if rest := "\n… and " + plural(int64(len(m.Lines)-i+m.More), "more", "more") + "."; b.Len()+len(rest) <= most {
				b.WriteString(rest)
			}
			return b.String()
		}
		b.WriteString(line)
	}
	if m.More > 0 {
		b.WriteString("\n… and " + plural(int64(m.More), "more", "more") + ".")
	}
	return b.String()
}

// Clip cuts a text to a number of bytes, at a character, and says so by an ellipsis.
func Clip(s string, most int) string {
	const dots = "…"
	if len(s) <= most {
		return s
	}
	if most < len(dots) {
		return ""
	}
	s = s[:most-len(dots)]
	for len(s) > 0 {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
			break
		}
		s = s[:len(s)-1] // the beginning of a character
	}
	return s + dots
}

// clipStart keeps the end of a text.
func clipStart(s string, most int) string {
	const dots = "…"
	if len(s) <= most {
		return s
	}
	if most < len(dots) {
		return ""
	}
	s = s[len(s)-most+len(dots):]
	for len(s) > 0 && !utf8.RuneStart(s[0]) {
		s = s[1:]
	}
	return dots + s
}
