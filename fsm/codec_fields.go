package fsm

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// MethodsPost are the Methods of a heartbeat that takes no others.
var MethodsPost = []string{"POST"}

// fields are the tagged fields of a heartbeat: those that few have, in the order of their
// tags. Commands write them after everything else, and only those that are set; the state
// keeps them beside the heartbeats that have any. A new field is a line here. Tags are
// never used again.
var fields = []field{
	text(1, func(s *Spec) *string { return &s.Description }, func(p *Patch) **string { return &p.Description }),
	text(2, func(s *Spec) *string { return &s.RunbookURL }, func(p *Patch) **string { return &p.RunbookURL }),
	text(3, func(s *Spec) *string { return &s.Owner }, func(p *Patch) **string { return &p.Owner }),
	texts(10, func(s *Spec) *[]string { return &s.Schedule }, func(p *Patch) **[]string { return &p.Schedule }),
	text(11, func(s *Spec) *string { return &s.TZ }, func(p *Patch) **string { return &p.TZ }),
	number(12, func(s *Spec) *int { return &s.FailureThreshold }, func(p *Patch) **int { return &p.FailureThreshold }),
	number(13, func(s *Spec) *int64 { return &s.MaxRun }, func(p *Patch) **int64 { return &p.MaxRun }),
	number(14, func(s *Spec) *int64 { return &s.MinRun }, func(p *Patch) **int64 { return &p.MinRun }),
	texts(15, func(s *Spec) *[]string { return &s.Checks }, func(p *Patch) **[]string { return &p.Checks }),
	texts(20, func(s *Spec) *[]string { return &s.Notify }, func(p *Patch) **[]string { return &p.Notify }),
	texts(21, func(s *Spec) *[]string { return &s.DependsOn }, func(p *Patch) **[]string { return &p.DependsOn }),
	number(22, func(s *Spec) *int64 { return &s.RemindEvery }, func(p *Patch) **int64 { return &p.RemindEvery }),
	texts(23, func(s *Spec) *[]string { return &s.NotifyMail }, func(p *Patch) **[]string { return &p.NotifyMail }),
	yesNo(24, func(s *Spec) *bool { return &s.NeverRemind }, func(p *Patch) **bool { return &p.NeverRemind }),
}

// field is how one tagged field is written and read. A value of a Spec is nil if the field
// has its zero value, and one of a Patch if the field is left alone.
type field struct {
	tag       uint64
	ofSpec    func(s *Spec) []byte
	ofPatch   func(p *Patch) (value []byte, given bool)
	readSpec  func(r *wire.Reader, s *Spec)
	readPatch func(r *wire.Reader, p *Patch)
	apply     func(p *Patch, s *Spec)
}

// text is a field of text; "" is none.
func text(tag uint64, spec func(*Spec) *string, patch func(*Patch) **string) field {
	return fieldOf(tag, spec, patch,
		func(v string) bool { return v == "" },
		func(v string) []byte { return []byte(v) },
		func(r *wire.Reader) string { return string(r.Take(uint64(r.Len()))) },
		func(v string) string { return v })
}

// number is a field of a whole number; 0 is none.
func number[T ~int | ~int64](tag uint64, spec func(*Spec) *T, patch func(*Patch) **T) field {
	return fieldOf(tag, spec, patch,
		func(v T) bool { return v == 0 },
		func(v T) []byte { return wire.AppendInt(nil, int64(v)) },
		func(r *wire.Reader) T { return T(r.Int()) },
		func(v T) T { return v })
}

// yesNo is a field that is on or off; off is none.
func yesNo(tag uint64, spec func(*Spec) *bool, patch func(*Patch) **bool) field {
	return fieldOf(tag, spec, patch,
		func(v bool) bool { return !v },
		func(v bool) []byte { return wire.AppendBool(nil, v) },
		func(r *wire.Reader) bool { return r.Bool() },
		func(v bool) bool { return v })
}

// texts is a field of a list; an empty one is none.
func texts(tag uint64, spec func(*Spec) *[]string, patch func(*Patch) **[]string) field {
	return fieldOf(tag, spec, patch,
		func(v []string) bool { return len(v) == 0 },
		func(v []string) []byte { return wire.AppendStrings(nil, v) },
		func(r *wire.Reader) []string { return r.Strings() },
		Canonical)
}

func fieldOf[T any](tag uint64, spec func(*Spec) *T, patch func(*Patch) **T,
	isNone func(T) bool, write func(T) []byte, read func(*wire.Reader) T, copied func(T) T,
) field {
	return field{
		tag: tag,
		ofSpec: func(s *Spec) []byte {
			if v := *spec(s); !isNone(v) {
				return write(v)
			}
			return nil
		},
		ofPatch: func(p *Patch) ([]byte, bool) {
			if v := *patch(p); v != nil {
				return write(*v), true
			}
			return nil, false
		},
		readSpec: func(r *wire.Reader, s *Spec) {
			v := read(r)
			if *spec(s) = v; isNone(v) {
				r.Fail()
			}
		},
		readPatch: func(r *wire.Reader, p *Patch) { v := read(r); *patch(p) = &v },
		apply: func(p *Patch, s *Spec) {
			if v := *patch(p); v != nil {
				*spec(s) = copied(*v)
			}
		},
	}
}

// AppendFields appends the tagged fields of a spec; nothing if it has none.
func AppendFields(dst []byte, s *Spec) []byte {
	for i := range fields {
		if v := fields[i].ofSpec(s); v != nil {
			dst = wire.AppendBytes(binary.AppendUvarint(dst, fields[i].tag), v)
		}
	}
	return dst
}

// ReadFields reads what AppendFields wrote into a spec. The error is ErrCorrupt or
// ErrVersion.
func ReadFields(b []byte, s *Spec) error {
	r := &reader{Reader: wire.NewReader(b)}
	r.fields(func(f *field, v *wire.Reader) { f.readSpec(v, s) })
	if r.newer != "" {
		return fmt.Errorf("%s: %w", r.newer, ErrVersion)
	}
	return r.End()
}

// hasFields reports whether any tagged field is set.
func hasFields(s *Spec) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.ofSpec(s) != nil })
}

func appendPatchFields(dst []byte, p *Patch) []byte {
	for i := range fields {
		if v, given := fields[i].ofPatch(p); given {
			dst = wire.AppendBytes(binary.AppendUvarint(dst, fields[i].tag), v)
		}
	}
	return dst
}

// fields reads tagged fields to the end of what r has, in the order of their tags.
func (r *reader) fields(read func(f *field, v *wire.Reader)) {
	for last := uint64(0); r.Len() > 0; {
		tag := r.Uint()
		value := wire.NewReader(r.Take(r.Uint()))
		if tag <= last || !r.OK() {
			r.Fail()
			return
		}
		last = tag
		i := slices.IndexFunc(fields, func(f field) bool { return f.tag == tag })
		if i < 0 {
			r.newer = fmt.Sprintf("a heartbeat's field of tag %d, which this version does not know", tag)
			return
		}
		if read(&fields[i], &value); value.End() != nil {
			r.Fail()
			return
		}
	}
}

// The ending of commands about a heartbeat's settings. Commands from before there were
// endings are without, and so are those that have nothing to say in it. The others end
// with a byte of these, and then with the fields that it announces, each behind their
// length.
const (
	methodsSpec  = 1 << 0 // the spec takes POST alone
	methodsPatch = 1 << 1 // the patch says which it takes:
	methodsPost  = 1 << 2 // POST alone
	fieldsSpec   = 1 << 3 // tagged fields of the spec follow
	fieldsPatch  = 1 << 4 // tagged fields of the patch follow

	endingSpec  = methodsSpec | fieldsSpec
	endingPatch = methodsPatch | methodsPost | fieldsPatch
)

// appendEnding writes the ending of a command with a spec, a patch or both.
func appendEnding(dst []byte, s *Spec, p *Patch) []byte {
	b := byte(0)
	var ofSpec, ofPatch []byte
	if s != nil {
		ofSpec = AppendFields(nil, s)
		b |= bit(methodsSpec, len(s.Methods) > 0) | bit(fieldsSpec, len(ofSpec) > 0)
	}
	if p != nil {
		ofPatch = appendPatchFields(nil, p)
		b |= bit(methodsPatch, p.Methods != nil) | bit(methodsPost, p.Methods != nil && len(*p.Methods) > 0) | bit(fieldsPatch, len(ofPatch) > 0)
	}
	if b == 0 {
		return dst
	}
	dst = append(dst, b)
	for _, f := range [][]byte{ofSpec, ofPatch} {
		if len(f) > 0 {
			dst = wire.AppendBytes(dst, f)
		}
	}
	return dst
}

func bit(b byte, set bool) byte {
	if set {
		return b
	}
	return 0
}

// ending reads what appendEnding wrote, into what a command has of both.
func (r *reader) ending(s *Spec, p *Patch) {
	if !r.OK() || r.Len() == 0 {
		return
	}
	b, may := r.Byte(), bit(endingSpec, s != nil)|bit(endingPatch, p != nil)
	if b == 0 || b&^may != 0 || b&methodsPost != 0 && b&methodsPatch == 0 {
		r.Fail()
		return
	}
	if b&methodsSpec != 0 {
		s.Methods = MethodsPost
	}
	if b&methodsPatch != 0 {
		p.Methods = new([]string)
		if b&methodsPost != 0 {
			*p.Methods = MethodsPost
		}
	}
	if b&fieldsSpec != 0 {
		r.someFields(func(f *field, v *wire.Reader) { f.readSpec(v, s) })
	}
	if b&fieldsPatch != 0 {
		r.someFields(func(f *field, v *wire.Reader) { f.readPatch(v, p) })
	}
}

// someFields reads tagged fields behind their length, of which there is one or more.
func (r *reader) someFields(read func(f *field, v *wire.Reader)) {
	b := r.Take(r.Uint())
	in := &reader{Reader: wire.NewReader(b)}
	in.fields(read)
	if in.newer != "" {
		r.newer = in.newer
		return
	}
	if len(b) == 0 || in.End() != nil {
		r.Fail()
	}
}
