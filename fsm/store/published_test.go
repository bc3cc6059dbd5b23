package store

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestPublishingIsHeldToItsLimits(t *testing.T) {
	r := newRig(t)
	r.create(1, testSpec(60, 5, 2))
	page := func(change func(*fsm.StatusPage)) fsm.Command {
		p := fsm.StatusPage{Slug: "jobs", Title: "Jobs", Heartbeats: []fsm.PageHeartbeat{{ID: testID(1)}}}
		change(&p)
		return fsm.PutStatusPage{Page: p}
	}
	badge := func(b fsm.Badge) fsm.Command { return fsm.PutBadge{Badge: b} }
	r.must(page(func(*fsm.StatusPage) {}))
	r.must(badge(fsm.Badge{ID: fsm.BadgeID{1}, Heartbeat: testID(1)}))
	for what, c := range map[string]struct {
		cmd  fsm.Command
		want fsm.Code
	}{
		"a slug that is taken":      {page(func(p *fsm.StatusPage) { p.Title = "Others" }), fsm.CodeExists},
		"a slug of nonsense":        {page(func(p *fsm.StatusPage) { p.Slug = "a/b" }), fsm.CodeInvalid},
		"a title of nothing":        {page(func(p *fsm.StatusPage) { p.Slug, p.Title = "b", " " }), fsm.CodeInvalid},
		"a page of nothing":         {page(func(p *fsm.StatusPage) { p.Slug, p.Heartbeats = "b", nil }), fsm.CodeInvalid},
		"a heartbeat that is gone":  {page(func(p *fsm.StatusPage) { p.Slug = "b"; p.Heartbeats[0].ID = testID(9) }), fsm.CodeNotFound},
		"a heartbeat twice":         {page(func(p *fsm.StatusPage) { p.Slug = "b"; p.Heartbeats = append(p.Heartbeats, p.Heartbeats[0]) }), fsm.CodeInvalid},
		"an alias turned round":     {page(func(p *fsm.StatusPage) { p.Slug = "b"; p.Heartbeats[0].Alias = "a\u202eb" }), fsm.CodeInvalid},
		"too many heartbeats":       {page(func(p *fsm.StatusPage) { p.Slug = "b"; p.Heartbeats = make([]fsm.PageHeartbeat, 201) }), fsm.CodeInvalid},
		"a tag too long":            {page(func(p *fsm.StatusPage) { p.Slug, p.Tags = "b", []string{strings.Repeat("x", 65)} }), fsm.CodeInvalid},
		"no such page":              {fsm.DeleteStatusPage{Slug: "b"}, fsm.CodeNotFound},
		"a badge of nothing":        {badge(fsm.Badge{ID: fsm.BadgeID{2}}), fsm.CodeInvalid},
		"a badge of both":           {badge(fsm.Badge{ID: fsm.BadgeID{2}, Heartbeat: testID(1), Tag: "db"}), fsm.CodeInvalid},
		"a badge of nobody":         {badge(fsm.Badge{ID: fsm.BadgeID{2}, Heartbeat: testID(9)}), fsm.CodeNotFound},
		"a badge twice":             {badge(fsm.Badge{ID: fsm.BadgeID{1}, Heartbeat: testID(1)}), fsm.CodeExists},
		"a label with a line break": {badge(fsm.Badge{ID: fsm.BadgeID{2}, Tag: "db", Label: "a\nb"}), fsm.CodeInvalid},
		"no such badge":             {fsm.DeleteBadge{ID: fsm.BadgeID{2}}, fsm.CodeNotFound},
	} {
		before := imageOf(t, r.s)
		if res := r.do(c.cmd); res.Code != c.want {
			t.Errorf("%s: code %d, want %d", what, res.Code, c.want)
		}
		if !bytes.Equal(before, imageOf(t, r.s)) {
			t.Errorf("%s changed something", what)
		}
	}
	for i := 1; i < fsm.MaxStatusPages; i++ {
		r.must(page(func(p *fsm.StatusPage) { p.Slug = fmt.Sprint("page-", i) }))
	}
	if res := r.do(page(func(p *fsm.StatusPage) { p.Slug = "one-more" })); res.Code != fsm.CodeQuota {
		t.Errorf("a page too many: code %d", res.Code)
	}
	r.must(fsm.DeleteStatusPage{Slug: "jobs"})
	r.must(fsm.DeleteBadge{ID: fsm.BadgeID{1}})
	if _, found := r.s.StatusPage("jobs"); found || len(r.s.Badges()) != 0 {
		t.Error("what was taken back is still there")
	}
}
