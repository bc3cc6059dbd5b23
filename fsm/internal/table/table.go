package table

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/history"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
)

// Table holds the heartbeats by ordinal, in pages. Snapshots share the pages: the first
// write copies a page while a snapshot still needs it. Ordinals are never used again.
type Table struct {
	pages     []*Page
	epoch     uint64 // counts snapshots
	snapshots []*SnapshotRef
	Live      int
	due       dueTree     // derived
	wanted    wantedTimes // derived
	Bodies    int         // bytes of all heartbeats' bodies; derived
	MaxBodies int         // the most that they may take
	Histories history.Writer
	OnlyPost  *index.OrdinalSet // heartbeats with Methods; derived
	drained   []drainedFields   // of an image that is being written
	results   []drainedResults  // likewise
	timed     []drainedTimes    // likewise
	pauses    []drainedPause    // likewise
	Trip      func()            // for tests only: called at each write and after each command, and may panic
}

// New returns an empty table, which keeps at most so many bytes of bodies.
func New(maxBodies int) Table {
	return Table{MaxBodies: maxBodies, OnlyPost: index.NewOrdinalSet()}
}

// At returns the page and slot of an ordinal, nil if there is no such heartbeat. Ordinals
// start at 1.
func (t *Table) At(ord uint64) (*Page, int) {
	i := (ord - 1) / PageSize
	if ord == 0 || i >= uint64(len(t.pages)) || t.pages[i] == nil {
		return nil, 0
	}
	p, slot := t.pages[i], int((ord-1)%PageSize)
	if !p.hots[slot].Is(Live) {
		return nil, 0
	}
	return p, slot
}

// pageOf returns the page of an ordinal.
func pageOf(ord uint64) int { return int((ord - 1) / PageSize) }

// Has reports whether there is a heartbeat with an ordinal.
func (t *Table) Has(ord uint64) bool {
	p, _ := t.At(ord)
	return p != nil
}

// Hot returns a heartbeat's hot fields for reading, nil if there is no such heartbeat.
func (t *Table) Hot(ord uint64) *Hot {
	p, slot := t.At(ord)
	if p == nil {
		return nil
	}
	return &p.hots[slot]
}

// Record returns a heartbeat for reading. It must be there.
func (t *Table) Record(ord uint64) *Record {
	p, slot := t.At(ord)
	return p.Record(slot, ord)
}

// Own returns the page and slot of a heartbeat for writing. They are good until the next
// snapshot.
func (t *Table) Own(ord uint64) (*Page, int) {
	if t.Trip != nil {
		t.Trip()
	}
	i := (ord - 1) / PageSize
	p := t.pages[i]
	if p.epoch != t.epoch {
		if t.isShared(p, int(i)) {
			c := *p
			if c.runs != nil {
				shared := *c.runs
				c.runs = &shared
			}
			p = &c
			t.pages[i] = p
		}
		p.epoch = t.epoch
	}
	return p, int((ord - 1) % PageSize)
}

// OwnHot returns a heartbeat's hot fields for writing.
func (t *Table) OwnHot(ord uint64) *Hot {
	p, slot := t.Own(ord)
	return &p.hots[slot]
}

// OwnRecord returns a heartbeat for writing. Changed cold fields take effect by SetCold.
func (t *Table) OwnRecord(ord uint64) *Record {
	p, slot := t.Own(ord)
	r := p.Record(slot, ord)
	if r.Runs != nil {
		r.Runs = t.OwnRuns(ord)
	}
	return r
}

// SetCold stores the cold fields of a record from OwnRecord.
func (t *Table) SetCold(r *Record) {
	p, slot := t.Own(r.Ordinal)
	r.setCold(&r.Cold)
	t.OnlyPost.Put(r.Ordinal, r.Is(OnlyPost))
	p.setText(slot, r.Cold.AppendText(nil))
	p.setFields(slot, fsm.AppendFields(nil, &r.Cold.Spec))
}

// Add adds a heartbeat.
func (t *Table) Add(ord uint64, c Cold) *Record {
	i := (ord - 1) / PageSize
	if i >= uint64(len(t.pages)) || t.pages[i] == nil {
		t.putPage(i, &Page{epoch: t.epoch})
	}
	p, slot := t.Own(ord)
	r := &Record{Hot: &p.hots[slot], Ordinal: ord, Cold: c}
	r.Set(Live)
	t.SetCold(r)
	t.pages[i].live++
	t.Live++
	return r
}

// putPage makes p page i.
func (t *Table) putPage(i uint64, p *Page) {
	for uint64(len(t.pages)) <= i {
		t.pages = append(t.pages, nil)
	}
	t.pages[i] = p
}

func (t *Table) Remove(ord uint64) {
	p, slot := t.Own(ord)
	p.hots[slot] = Hot{}
	t.OnlyPost.Put(ord, false)
	if x := p.Runs(slot); x != nil {
		t.Bodies -= x.Size
		p.runs[slot] = nil
	}
	p.setFields(slot, nil)
	p.setTimes(slot, nil)
	t.wanted.note(pageOf(ord), p)
	p.History.Drop(slot)
	t.Live--
	if p.live--; p.live == 0 {
		t.pages[(ord-1)/PageSize] = nil
	}
}

// EachNewest calls f for the heartbeats with ordinals below before (0: all), the newest
// first, until f returns false.
func (t *Table) EachNewest(before uint64, f func(ord uint64, p *Page, slot int) bool) {
	top := uint64(len(t.pages)) * PageSize
	if before > 0 && before-1 < top {
		top = before - 1
	}
	for ord := top; ord > 0; ord-- {
		if p, slot := t.At(ord); p != nil && !f(ord, p, slot) {
			return
		}
	}
}

// LimitHistories drops the pings of each history beyond a limit.
func (t *Table) LimitHistories(limit int) {
	for i, p := range t.pages {
		if p == nil {
			continue
		}
		p, _ = t.Own(uint64(i)*PageSize + 1)
		p.History.Limit(p, limit)
		for slot := range p.hots {
			if p.Runs(slot) != nil {
				x := t.OwnRuns(uint64(i)*PageSize + uint64(slot) + 1)
				t.countBodies(x, func() { x.pruneBodies(p.hots[slot].Pings - uint64(p.Head(slot).Kept)) })
			}
		}
	}
}

// PageCount returns the number of pages, including empty ones.
func (t *Table) PageCount() int { return len(t.pages) }

// PageAt returns a page, nil if it is empty.
func (t *Table) PageAt(i int) *Page { return t.pages[i] }

// UncountedMisses returns the misses of all heartbeats at a horizon that are not counted yet.
func (t *Table) UncountedMisses(horizon int64) (misses uint64) {
	for _, p := range t.pages {
		for slot := 0; p != nil && slot < PageSize; slot++ {
			if v := &p.hots[slot]; v.Is(Live) {
				misses += v.UncountedMisses(p.Times(slot), horizon)
			}
		}
	}
	return misses
}

type Due struct {
	Deadline int64
	Ord      uint64
}

// NextDue returns the heartbeat whose deadline is first, if that is not after limit; of
// several the oldest. It looks at no more than so many pages, and has not finished if it
// would have to look at more.
func (t *Table) NextDue(limit int64, pages int) (e Due, found, finished bool) {
	d := &t.due
	for ; len(d.times) > 0 && d.times[1] <= limit && d.times[1] != never; pages-- {
		if pages == 0 {
			return Due{}, false, false
		}
		page := d.firstPage()
		slot, deadline := t.pages[page].firstDue()
		if deadline == d.times[1] {
			return Due{deadline, uint64(page)*PageSize + uint64(slot) + 1}, true, true
		}
		d.setTime(page, deadline)
	}
	return Due{}, false, true
}
