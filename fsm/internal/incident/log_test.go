package incident

import (
	"bytes"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/story"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

func record(hb byte, number uint32, due int64, end End) Record {
	return Record{
		IncidentRef: fsm.IncidentRef{Heartbeat: fsm.HeartbeatID{hb}, Number: number}, Ordinal: 1, Due: due, Since: due, End: end, Reason: "silence",
		Story: story.Packed("").With(story.Event{At: due, What: story.Began, Text: "silence"}),
	}
}

// listed are the numbers of the incidents in their order, newest first.
func listed(l *Log) (numbers []uint32) {
	l.Page(nil, 1000, func(x *Record) bool {
		numbers = append(numbers, x.Number)
		return true
	})
	return numbers
}

// TestANewRecordTakesTheOldPlace of a deleted heartbeat with the same ID, in every order.
func TestANewRecordTakesTheOldPlace(t *testing.T) {
	l := New()
	l.Add(record(1, 1, 10, Deleted))
	l.Add(record(2, 7, 20, GoesOn))
	l.Add(record(1, 1, 30, GoesOn))
	if got := listed(&l); len(got) != 2 || got[0] != 1 || got[1] != 7 || l.over.Len() != 0 || l.size != 0 || len(l.Of(fsm.HeartbeatID{1})) != 1 {
		t.Errorf("listed %v, %d over with %d bytes", got, l.over.Len(), l.size)
	}
}

// TestTheOldestGoFirst of those that are over; one that goes on stays.
func TestTheOldestGoFirst(t *testing.T) {
	l := New()
	l.Add(record(1, 1, 0, GoesOn))
	for n := uint32(2); n < 100; n++ {
		l.Add(record(1, n, int64(n), Recovered))
	}
	if got := listed(&l); len(got) != fsm.MaxIncidentsPer || got[0] != 99 || got[len(got)-1] != 1 {
		t.Errorf("kept %v", got)
	}
	l.Change(fsm.IncidentRef{Heartbeat: fsm.HeartbeatID{1}, Number: 1}, func(x *Record) { x.End = Recovered })
	l.Add(record(1, 100, 100, GoesOn))
	if got := listed(&l); len(got) != fsm.MaxIncidentsPer || got[0] != 100 || got[len(got)-1] != 81 {
		t.Errorf("kept %v", got)
	}
	if want := l.over.Len() * l.records[fsm.IncidentRef{Heartbeat: fsm.HeartbeatID{1}, Number: 99}].size(); l.size != want {
		t.Errorf("%d bytes, want %d", l.size, want)
	}
}

func TestDamagedRecordsAreRefused(t *testing.T) {
	x := record(1, 1, 10, GoesOn)
	b := x.append(nil)
	for cut := range b {
		l := New()
		if r := wire.NewReader(b[:cut]); r.Len() > 0 {
			if _, err := l.Read(&r); err == nil && r.End() == nil {
				t.Errorf("cut to %d of %d bytes, and read", cut, len(b))
			}
		}
	}
	l := New()
	for i := range 2 {
		r := wire.NewReader(bytes.Clone(b))
		if _, err := l.Read(&r); (err != nil) != (i == 1) {
			t.Errorf("read for the %d. time: %v", i+1, err)
		}
	}
}
