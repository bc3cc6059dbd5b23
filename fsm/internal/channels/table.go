package channels

import (
	"bytes"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Table holds the channels. The zero Table is empty, and so is nil for those who read.
type Table struct {
	byID map[fsm.ChannelID]*fsm.Channel

	// Derived.
	byName   map[string]*fsm.Channel
	byTag    map[string][]*fsm.Channel // in the order of their IDs
	defaults []*fsm.Channel            // likewise
}

// Run applies a command at a wall time.
func (t *Table) Run(c fsm.Command, wall int64) fsm.Code {
	switch c := c.(type) {
	case fsm.CreateChannel:
		return t.create(c, wall)
	case fsm.UpdateChannel:
		return t.update(c, wall)
	case fsm.DeleteChannel:
		return t.remove(c)
	}
	return fsm.CodeInvalid
}

func (t *Table) create(c fsm.CreateChannel, wall int64) fsm.Code {
	switch {
	case t.byID[c.ID] != nil || t.byName[c.Spec.Name] != nil:
		return fsm.CodeExists
	case len(t.byID) >= fsm.MaxChannels:
		return fsm.CodeQuota
	case c.Spec.Validate() != nil:
		return fsm.CodeInvalid
	}
	now := fsm.WallTime(wall)
	t.put(&fsm.Channel{ID: c.ID, Spec: clone(c.Spec), Version: 1, CreatedAt: now, UpdatedAt: now})
	t.derive()
	return fsm.CodeOK
}

func (t *Table) update(c fsm.UpdateChannel, wall int64) fsm.Code {
	old := t.byID[c.ID]
	switch {
	case old == nil:
		return fsm.CodeNotFound
	case c.IfVersion != 0 && c.IfVersion != old.Version:
		return fsm.CodeConflict
	case c.Spec.Validate() != nil || c.Spec.Kind != old.Spec.Kind:
		return fsm.CodeInvalid
	}
	if other := t.byName[c.Spec.Name]; other != nil && other.ID != c.ID {
		return fsm.CodeExists
	}
	t.put(&fsm.Channel{ID: c.ID, Spec: clone(c.Spec), Version: old.Version + 1, CreatedAt: old.CreatedAt, UpdatedAt: fsm.WallTime(wall)})
	t.derive()
	return fsm.CodeOK
}

func (t *Table) remove(c fsm.DeleteChannel) fsm.Code {
	old := t.byID[c.ID]
	switch {
	case old == nil:
		return fsm.CodeNotFound
	case c.IfVersion != 0 && c.IfVersion != old.Version:
		return fsm.CodeConflict
	}
	delete(t.byID, c.ID)
	t.derive()
	return fsm.CodeOK
}

func (t *Table) put(c *fsm.Channel) {
	if t.byID == nil {
		t.byID = map[fsm.ChannelID]*fsm.Channel{}
	}
	t.byID[c.ID] = c
}

// clone makes a spec that shares no lists, in the canonical form.
func clone(s fsm.ChannelSpec) fsm.ChannelSpec {
	s.Fields, s.Tags = slices.Clone(s.Fields), fsm.Canonical(s.Tags)
	return s
}

// derive makes the indexes anew: channels are few and change seldom.
func (t *Table) derive() {
	t.byName, t.byTag, t.defaults = map[string]*fsm.Channel{}, map[string][]*fsm.Channel{}, nil
	for _, c := range t.inOrder() {
		t.byName[c.Spec.Name] = c
		for _, tag := range c.Spec.Tags {
			t.byTag[tag] = append(t.byTag[tag], c)
		}
		if c.Spec.Default {
			t.defaults = append(t.defaults, c)
		}
	}
}

func (t *Table) inOrder() []*fsm.Channel {
	return slices.SortedFunc(maps.Values(t.byID), byID)
}

func byID(a, b *fsm.Channel) int { return bytes.Compare(a.ID[:], b.ID[:]) }

// Get returns a channel; nil if there is none.
func (t *Table) Get(id fsm.ChannelID) *fsm.Channel {
	if t == nil {
		return nil
	}
	return t.byID[id]
}

// List returns all channels, the newest first.
func (t *Table) List() []fsm.Channel {
	list := make([]fsm.Channel, 0, len(t.byID))
	for _, c := range t.inOrder() {
		list = append(list, *c)
	}
	slices.SortStableFunc(list, func(a, b fsm.Channel) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return list
}

// Snapshot returns a table for an image.
func (t *Table) Snapshot() Table { return Table{byID: maps.Clone(t.byID)} }

// Write writes the channels to an image, but for those that are mail.
func (t *Table) Write(w *image.Section) {
	for _, c := range t.inOrder() {
		if c.Spec.Kind != fsm.KindEmail {
			w.Add(fsm.AppendChannel(nil, *c))
		}
	}
}

// WriteMail writes those that are mail, each after a prefix: a version that does not know them refuses
// their section.
func (t *Table) WriteMail(w *image.Section, prefix byte) {
	for _, c := range t.inOrder() {
		if c.Spec.Kind == fsm.KindEmail {
			w.Add(fsm.AppendChannel([]byte{prefix}, *c))
		}
	}
}

// Read reads a channel of an image. The error is ErrCorrupt.
func (t *Table) Read(item *wire.Reader) error {
	c := fsm.ReadChannel(item)
	if !item.OK() || c.Spec.Validate() != nil || c.Version == 0 || t.byID[c.ID] != nil || t.byName[c.Spec.Name] != nil {
		return fsm.ErrCorrupt
	}
	t.put(&c)
	t.derive()
	return nil
}
