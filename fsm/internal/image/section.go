package image

import (
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Section is an optional part of an image: a tag, and items of some bytes each. It is
// written in blocks, each behind its tag and its length, so that who reads it can pass
// over what it does not know. A section without items takes no room.
type Section struct {
	to    *Writer
	tag   uint64
	begin int // of the open block; 0: none is
}

// blockMost is how long a block of a section grows, but for its last item.
const blockMost = 1 << 16

// Section begins a section. The tags of an image rise, from 1.
func (w *Writer) Section(tag uint64) *Section { return &Section{to: w, tag: tag} }

// Add writes an item.
func (s *Section) Add(item []byte) {
	if s.begin == 0 {
		s.to.Uint(s.tag)
		s.begin = s.to.BeginBlock()
	}
	s.to.Buf = wire.AppendBytes(s.to.Buf, item)
	if len(s.to.Buf)-s.begin >= blockMost {
		s.End()
	}
}

// End completes the section.
func (s *Section) End() {
	if s.begin > 0 {
		s.to.EndBlock(s.begin)
		s.begin = 0
	}
}

// EndSections says that no section follows.
func (w *Writer) EndSections() { w.Uint(0) }

// Sections reads the sections to their end, and passes f the items of each with its tag.
// f reports whether the item is one that it could have written.
func (r *Reader) Sections(f func(tag uint64, item *wire.Reader) bool) {
	var block []byte
	for last := uint64(0); ; {
		tag := r.Uint()
		if tag == 0 {
			return
		}
		if block = r.Block(block); tag < last || len(block) == 0 {
			r.Fail()
			return
		}
		last = tag
		for in := wire.NewReader(block); r.OK() && in.Len() > 0; {
			item := wire.NewReader(in.Take(in.Uint()))
			if !in.OK() || !f(tag, &item) {
				r.Fail()
				return
			}
		}
	}
}
