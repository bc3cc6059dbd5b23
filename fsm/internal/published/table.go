package published

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Table holds status pages and badges. The zero Table is empty.
type Table struct {
	pages  map[string]fsm.StatusPage
	badges map[fsm.BadgeID]fsm.Badge
}

// Run applies a command at a wall time. exists reports whether there is a heartbeat.
func (t *Table) Run(c fsm.Command, wall int64, exists func(fsm.HeartbeatID) bool) fsm.Code {
	switch c := c.(type) {
	case fsm.PutStatusPage:
		return t.putPage(c.Page, wall, exists)
	case fsm.DeleteStatusPage:
		if _, found := t.pages[c.Slug]; !found {
			return fsm.CodeNotFound
		}
		delete(t.pages, c.Slug)
		return fsm.CodeOK
	case fsm.PutBadge:
		return t.putBadge(c.Badge, wall, exists)
	case fsm.DeleteBadge:
		if _, found := t.badges[c.ID]; !found {
			return fsm.CodeNotFound
		}
		delete(t.badges, c.ID)
		return fsm.CodeOK
	}
	return fsm.CodeInvalid
}

func (t *Table) putPage(p fsm.StatusPage, wall int64, exists func(fsm.HeartbeatID) bool) fsm.Code {
	_, taken := t.pages[p.Slug]
	switch {
	case p.Validate() != nil:
		return fsm.CodeInvalid
	case taken:
		return fsm.CodeExists
	case len(t.pages) >= fsm.MaxStatusPages:
		return fsm.CodeQuota
	case slices.ContainsFunc(p.Heartbeats, func(h fsm.PageHeartbeat) bool { return !exists(h.ID) }):
		return fsm.CodeNotFound
	}
	p = p.Clone()
	p.CreatedAt = fsm.WallTime(wall)
	t.addPage(p)
	return fsm.CodeOK
}

func (t *Table) putBadge(b fsm.Badge, wall int64, exists func(fsm.HeartbeatID) bool) fsm.Code {
	_, taken := t.badges[b.ID]
	switch {
	case b.Validate() != nil:
		return fsm.CodeInvalid
	case taken:
		return fsm.CodeExists
	case len(t.badges) >= fsm.MaxBadges:
		return fsm.CodeQuota
	case b.Tag == "" && !exists(b.Heartbeat):
		return fsm.CodeNotFound
	}
	b.CreatedAt = fsm.WallTime(wall)
	t.addBadge(b)
	return fsm.CodeOK
}

func (t *Table) addPage(p fsm.StatusPage) {
	if t.pages == nil {
		t.pages = map[string]fsm.StatusPage{}
	}
	t.pages[p.Slug] = p
}

func (t *Table) addBadge(b fsm.Badge) {
	if t.badges == nil {
		t.badges = map[fsm.BadgeID]fsm.Badge{}
	}
	t.badges[b.ID] = b
}

// Page finds a status page by its slug.
func (t *Table) Page(slug string) (fsm.StatusPage, bool) {
	p, ok := t.pages[slug]
	return p.Clone(), ok
}

// Badge finds a badge.
func (t *Table) Badge(id fsm.BadgeID) (fsm.Badge, bool) {
	b, ok := t.badges[id]
	return b, ok
}

// Pages lists the status pages by slug.
func (t *Table) Pages() []fsm.StatusPage {
	list := make([]fsm.StatusPage, 0, len(t.pages))
	for _, slug := range slices.Sorted(maps.Keys(t.pages)) {
		list = append(list, t.pages[slug].Clone())
	}
	return list
}

// Badges lists the badges, the newest first.
func (t *Table) Badges() []fsm.Badge {
	return slices.SortedFunc(maps.Values(t.badges), func(a, b fsm.Badge) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), bytes.Compare(a.ID[:], b.ID[:]))
	})
}

// Snapshot returns a table for an image.
func (t *Table) Snapshot() Table {
	return Table{pages: maps.Clone(t.pages), badges: maps.Clone(t.badges)}
}

// Write writes the table to an image.
func (t *Table) Write(w *image.Section) {
	for _, p := range t.Pages() {
		w.Add(fsm.AppendPublished(nil, p))
	}
	for _, b := range t.Badges() {
		w.Add(fsm.AppendPublished(nil, b))
	}
}

// Read reads an item of an image. The error is ErrCorrupt.
func (t *Table) Read(item *wire.Reader) error {
	x := fsm.ReadPublished(item)
	if !item.OK() {
		return fsm.ErrCorrupt
	}
	switch x := x.(type) {
	case fsm.StatusPage:
		if _, twice := t.pages[x.Slug]; !twice && x.Validate() == nil {
			t.addPage(x)
			return nil
		}
	case fsm.Badge:
		if _, twice := t.badges[x.ID]; !twice && x.Validate() == nil {
			t.addBadge(x)
			return nil
		}
	}
	return fsm.ErrCorrupt
}
