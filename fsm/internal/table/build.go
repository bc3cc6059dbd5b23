package table

import (
	"bytes"

	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
)

// Builder puts the heartbeats of an image into a table, in the order of their ordinals.
// It gathers the texts and histories of a page, and copies them into memory of the right
// size when the page is complete.
type Builder struct {
	Table     *Table
	page      *Page
	Last      uint64 // the newest ordinal
	text      []byte
	histories history.Builder
}

// Stored is a record as an image has it.
type Stored struct {
	Hot
	Text    []byte // the cold fields, encoded
	Entries []byte // of the history
	Runs    *RunState
}

// Add puts a heartbeat into the table. Its ordinal must be higher than the last one.
func (b *Builder) Add(ord uint64, x *Stored) {
	if b.page == nil || (ord-1)/PageSize != (b.Last-1)/PageSize {
		b.Finish()
		b.page = &Page{}
		b.Table.putPage((ord-1)/PageSize, b.page)
	}
	b.Last = ord
	p, slot := b.page, int((ord-1)%PageSize)
	v := &p.hots[slot]
	*v = x.Hot
	v.Set(Live)
	v.textAt, v.textLen = uint32(len(b.text)), uint16(len(x.Text))
	b.text = append(b.text, x.Text...)
	p.text = b.text
	b.histories.Add(&p.History, slot, &v.Head, x.Entries)
	if x.Runs != nil {
		if p.runs == nil {
			p.runs = &[PageSize]*RunState{}
		}
		p.runs[slot] = x.Runs
		b.Table.Bodies += x.Runs.Size
	}
	p.live++
	b.Table.OnlyPost.Put(ord, x.Is(OnlyPost))
}

// Finish completes the newest page.
func (b *Builder) Finish() {
	if b.page == nil {
		return
	}
	b.page.text = bytes.Clone(b.text)
	b.histories.Finish(&b.page.History)
	b.Table.Live += b.page.live
	_, deadline := b.page.firstDue()
	b.Table.Schedule(b.Last, deadline)
	b.text = b.text[:0]
}
