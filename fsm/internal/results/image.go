package results

import (
	"encoding/binary"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/check"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Append appends the encoding of a state.
func (s *State) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.Failures))
	dst = binary.AppendUvarint(dst, uint64(len(s.names)))
	for _, n := range s.names {
		dst = binary.AppendUvarint(wire.AppendString(dst, n.text), n.used)
	}
	dst = check.AppendNumbers(dst, s.latest)
	dst = binary.AppendUvarint(dst, uint64(len(s.past)))
	for _, x := range s.past {
		dst = binary.AppendUvarint(wire.AppendString(dst, x.name), uint64(x.broke))
		dst = binary.AppendUvarint(dst, uint64(len(x.values)))
		for _, v := range x.values {
			dst = check.AppendValue(dst, v)
		}
	}
	return dst
}

// Read reads what Append wrote, to the end of r; nil if it is none that this program writes.
func Read(r *wire.Reader) *State {
	s := &State{Failures: int(r.Uint32())}
	seen := map[string]bool{}
	for n := r.CountOf(2, fsm.MaxNumbers); n > 0 && r.OK(); n-- {
		x := name{r.String(), r.Uint()}
		if !check.IsName(x.text) || x.used == 0 || seen[x.text] {
			r.Fail()
		}
		seen[x.text] = true
		s.names = append(s.names, x)
	}
	s.latest = check.ReadNumbers(r)
	clear(seen)
	for n := r.CountOf(4, check.MaxChecks); n > 0 && r.OK(); n-- {
		x := readSeries(r)
		if seen[x.name] {
			r.Fail()
		}
		seen[x.name] = true
		s.past = append(s.past, x)
	}
	if r.End() != nil {
		return nil
	}
	return s.orNil()
}

func readSeries(r *wire.Reader) series {
	x := series{name: r.String(), broke: r.Uint32()}
	n := r.CountOf(1, check.Kept)
	if !check.IsName(x.name) || n == 0 || x.broke>>n != 0 {
		r.Fail()
	}
	for ; n > 0 && r.OK(); n-- {
		x.values = append(x.values, check.ReadValue(r))
	}
	return x
}
