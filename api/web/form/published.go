package form

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
)

// StatusPage are the fields of a new status page.
var StatusPage = Controls{
	{Name: "title", Label: "Title", Kind: "text", Words: fmt.Sprintf("What it says at its top, 1 to %d characters.", fsm.MaxNameLen)},
	{Name: "slug", Label: "Address", Kind: "text", Words: "/status/ and this, of a to z, 0 to 9, - and _; empty: made of the title."},
	{Name: "tags", Label: "Tags", Kind: "text", Words: "With commas between: all heartbeats with one of them are on it."},
	{Name: "heartbeats", Label: "Heartbeats", Kind: "area", Words: fmt.Sprintf("One a line, at most %d: its slug, or slug = what the page calls it.", fsm.MaxPageHeartbeats)},
}

// Badge are the fields of a new badge.
var Badge = Controls{
	{Name: "heartbeat", Label: "Heartbeat", Kind: "text", Words: "Its slug; or leave it empty, and give a tag."},
	{Name: "tag", Label: "Tag", Kind: "text", Words: "How all heartbeats of a tag are."},
	{Name: "label", Label: "Label", Kind: "text", Words: fmt.Sprintf("What stands on its left, at most %d characters; empty: the heartbeat's name, or the tag.", fsm.MaxNameLen)},
}

// CheckPage checks each field of a status page by itself, and then all together.
func (f *Form) CheckPage(p fsm.StatusPage) {
	fine := fsm.StatusPage{Title: "x", Slug: "x", Tags: []string{"x"}, Heartbeats: []fsm.PageHeartbeat{{}}}
	for name, set := range map[string]func(one *fsm.StatusPage){
		"title": func(one *fsm.StatusPage) { one.Title = p.Title }, "slug": func(one *fsm.StatusPage) { one.Slug = p.Slug },
		"tags": func(one *fsm.StatusPage) { one.Tags = p.Tags }, "heartbeats": func(one *fsm.StatusPage) { one.Heartbeats = p.Heartbeats },
	} {
		one := fine
		set(&one)
		if err := one.Validate(); err != nil && f.Problems[name] == "" {
			f.Problems[name] = show.Sentence(strings.Replace(PlainWords(err), "slug is", "address is", 1))
		}
	}
	if f.Problems["title"] != "" && f.Typed["slug"] == "" {
		delete(f.Problems, "slug") // it is made of the title
	}
	if err := p.Validate(); err != nil && len(f.Problems) == 0 {
		f.Problems["tags"] = show.Sentence(PlainWords(err))
	}
}

// CheckBadge checks each field of a badge by itself, and that it is of one thing.
func (f *Form) CheckBadge(b fsm.Badge) {
	any := fsm.HeartbeatID{1}
	for name, one := range map[string]fsm.Badge{"tag": {Tag: b.Tag}, "label": {Heartbeat: any, Label: b.Label}} {
		if err := one.Validate(); err != nil && (name != "tag" || b.Tag != "") {
			f.Problems[name] = show.Sentence(PlainWords(err))
		}
	}
	if given := f.Typed["heartbeat"] != ""; given == (b.Tag != "") {
		f.Problems["heartbeat"] = "Give either the slug of a heartbeat or a tag."
	}
}
