package fsm

import (
	"encoding/binary"
	"time"
)

// evidence is an Evidence in the form that images have, which takes a fraction of
// the memory. Rows that tell of one event share it.
type evidence string

// noEvidence is that of a digest, whose members have theirs.
var noEvidence = packEvidence(Evidence{})

func packEvidence(e Evidence) evidence {
	b := make([]byte, 0, 256)
	b = appendInt(appendString(b, e.Name), wallMillis(e.LastPing))
	b = appendInt(appendInt(appendString(b, e.LastFrom), e.Interval), e.Grace)
	b = appendInt(binary.AppendUvarint(b, uint64(e.Threshold)), e.Misses)
	b = appendInt(binary.AppendUvarint(b, e.Pings), wallMillis(e.Due))
	b = binary.AppendUvarint(appendInt(b, e.Silent.Milliseconds()), uint64(len(e.Gaps)))
	for _, g := range e.Gaps {
		b = appendInt(appendInt(b, wallMillis(g.From)), wallMillis(g.To))
	}
	b = binary.AppendUvarint(appendBool(b, e.Failed), uint64(e.Exit))
	b = appendString(appendInt(b, wallMillis(e.Started)), e.Output)
	b = appendInt(appendInt(b, e.Flaps), e.Within.Milliseconds())
	b = appendInt(appendInt(b, wallMillis(e.Since)), e.Down.Milliseconds())
	b = append(appendBool(appendInt(b, e.Failures), e.Clean), byte(e.Rule))
	return evidence(appendInt(b, wallMillis(e.Resumed)))
}

// withoutOutput lets go of what a run printed, when nobody will read it again.
func (packed evidence) withoutOutput() evidence {
	e := packed.unpack()
	if e.Output == "" {
		return packed
	}
	e.Output = ""
	return packEvidence(e)
}

// withFlaps tells of the flapping that another evidence tells of.
func (packed evidence) withFlaps(of Evidence) evidence {
	e := packed.unpack()
	e.Flaps, e.Within = of.Flaps, of.Within
	return packEvidence(e)
}

func (packed evidence) unpack() (e Evidence) {
	r := &reader{b: []byte(packed)}
	e = Evidence{
		Name: r.str(), LastPing: wallTime(r.int()), LastFrom: r.str(), Interval: r.int(), Grace: r.int(),
		Threshold: int(r.uint()), Misses: r.int(), Pings: r.uint(), Due: wallTime(r.int()),
		Silent: time.Duration(r.int()) * time.Millisecond,
	}
	for n := r.uint(); n > 0; n-- {
		e.Gaps = append(e.Gaps, Gap{wallTime(r.int()), wallTime(r.int())})
	}
	e.Failed, e.Exit, e.Started, e.Output = r.bool(), int(r.uint()), wallTime(r.int()), r.str()
	e.Flaps, e.Within = r.int(), time.Duration(r.int())*time.Millisecond
	e.Since, e.Down = wallTime(r.int()), time.Duration(r.int())*time.Millisecond
	e.Failures, e.Clean, e.Rule, e.Resumed = r.int(), r.bool(), Rule(r.byte()), wallTime(r.int())
	return e
}
