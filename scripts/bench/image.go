package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/store"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

const (
	day     = 24 * time.Hour
	herd    = 1000             // heartbeats that are made and pinged together: they fit the caches
	jitter  = 10 * time.Minute // of a daily job
	anchors = 12 * time.Hour   // over which the last pings are spread, and so the deadlines
)

// filler makes the state of a cluster whose jobs run daily, in the way in which it
// came about: by creating and pinging.
type filler struct {
	store *store.Store
	rand  *rand.Rand
	batch logentry.Batch
	bytes []byte
	cmds  []byte
	cron  int                      // percent that have a cron schedule
	more  func(i int, s *fsm.Spec) // what else the i-th has; nil: nothing
	now   time.Time
}

// writeImage writes a backup of n heartbeats with so many pings each, so many percent of them with cron schedules, as of now, and
// the file of their tokens. It takes about half a minute for a million of a hundred.
func writeImage(image, tokens string, n, pings, cron int, now time.Time) (err error) {
	f := &filler{store: store.New(), rand: rand.New(rand.NewPCG(1, uint64(n))), cron: cron, now: now}
	list, err := f.fill(n, pings, now)
	if err != nil {
		return err
	}
	if err := writeFile(tokens, func(w *bufio.Writer) error {
		for _, t := range list {
			fmt.Fprintln(w, t) // its error stays with w
		}
		return nil
	}); err != nil {
		return err
	}
	return writeFile(image, func(w *bufio.Writer) error {
		_, err := f.store.Snapshot().WriteTo(w)
		return err
	})
}

func writeFile(name string, write func(*bufio.Writer) error) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w)
	return errors.Join(err, w.Flush(), f.Close())
}

func (f *filler) fill(n, pings int, now time.Time) (tokens []fsm.Token, err error) {
	tokens = make([]fsm.Token, n)
	for first := 0; first < n; first += herd {
		last := min(first+herd, n)
		for i := first; i < last; i++ {
			f.addCommand(f.createCommand(i, &tokens[i]))
		}
		if err := f.applyBatch(now.Add(-time.Duration(pings+1)*day), 0); err != nil {
			return nil, err
		}
		for p := pings; p > 1; p-- { // the newest comes below
			if err := f.pingHerd(tokens[first:last], now.Add(-time.Duration(p)*day)); err != nil {
				return nil, err
			}
		}
	}
	if pings > 0 {
		err = f.pingLast(tokens, now)
	}
	return tokens, err
}

// pingHerd has every one of a herd pinged, some of them a little later.
func (f *filler) pingHerd(herd []fsm.Token, at time.Time) error {
	const steps = 8
	for s := range steps {
		for i := s; i < len(herd); i += steps {
			f.addPing(herd[i])
		}
		if err := f.applyBatch(at.Add(time.Duration(f.rand.Int64N(int64(jitter)))), 0); err != nil {
			return err
		}
	}
	return nil
}

// pingLast pings all in any order, while serving time runs: no two herds have their
// deadlines at the same time.
func (f *filler) pingLast(tokens []fsm.Token, now time.Time) error {
	order := f.rand.Perm(len(tokens))
	batches := (len(order) + herd - 1) / herd
	step := anchors / time.Duration(batches)
	for b := range batches {
		wall := now.Add(-step * time.Duration(batches-b-1))
		if err := f.advanceTime(step, wall); err != nil {
			return err
		}
		for _, i := range order[b*herd : min((b+1)*herd, len(order))] {
			f.addPing(tokens[i])
		}
		if err := f.applyBatch(wall, 0); err != nil {
			return err
		}
	}
	return nil
}

// advanceTime lets serving time pass, in as large steps as there may be.
func (f *filler) advanceTime(d time.Duration, wall time.Time) error {
	idle := filler{store: f.store}
	for left := d.Milliseconds(); left > 0; left -= logentry.MaxDelta {
		if err := idle.applyBatch(wall, uint32(min(left, logentry.MaxDelta))); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) createCommand(i int, token *fsm.Token) fsm.Command {
	var id fsm.HeartbeatID
	binary.LittleEndian.PutUint64(id[:], f.rand.Uint64())
	binary.LittleEndian.PutUint32(id[8:], uint32(i))
	binary.LittleEndian.PutUint64(token[:], f.rand.Uint64())
	binary.LittleEndian.PutUint64(token[8:], f.rand.Uint64())
	*token = wire.RandomUUID(*token)
	name := fmt.Sprintf("nightly job %d", i)
	c := fsm.Create{ID: id, Token: *token, Spec: fsm.Spec{
		Name: name, Slug: fsm.MakeSlug(name), Interval: 86400, Grace: 3600, Threshold: fsm.DefaultThreshold, Arm: fsm.ArmCreated,
	}}
	if f.more != nil {
		f.more(i, &c.Spec)
	}
	if i%100 < f.cron {
		return f.scheduled(c, i)
	}
	return c
}

// scheduled gives a heartbeat a cron schedule: it runs each day, next when those with intervals do. The first
// leader computes the timetable anew, as one does that has other rules of time zones.
func (f *filler) scheduled(c fsm.Create, i int) fsm.Command {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		zone = time.UTC
	}
	at := f.now.Add(anchors + time.Hour + time.Duration(i%600)*time.Minute).Truncate(time.Minute).In(zone)
	c.Spec.Interval, c.Spec.Schedule, c.Spec.TZ = 0, []string{fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour())}, zone.String()
	t := fsm.Timetable{Rules: 1}
	for len(t.Times) < fsm.MaxTimes {
		t.Times = append(t.Times, at.UnixMilli())
		at = at.AddDate(0, 0, 1)
	}
	return fsm.WithTimetable{Timetable: t, Command: c}
}

func (f *filler) addCommand(c fsm.Command) {
	start := len(f.cmds)
	f.cmds = fsm.AppendCommand(f.cmds, c)
	f.batch.Items = append(f.batch.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: f.cmds[start:len(f.cmds):len(f.cmds)]})
}

func (f *filler) addPing(t fsm.Token) {
	start := len(f.cmds)
	ordinal, _ := f.store.Ordinal(t)
	f.cmds = fsm.AppendPing(f.cmds, fsm.Ping{Ordinal: ordinal})
	f.batch.Items = append(f.batch.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: f.cmds[start:len(f.cmds):len(f.cmds)]})
}

// applyBatch applies what was added as one entry.
func (f *filler) applyBatch(wall time.Time, delta uint32) error {
	f.batch.Term, f.batch.Wall, f.batch.Delta = 1, wall.UnixMilli(), delta
	f.bytes = logentry.Append(f.bytes[:0], &f.batch)
	results, err := f.store.Apply(f.bytes, 1)
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Code != fsm.CodeOK {
			return fmt.Errorf("a command of the large state is answered with code %d", r.Code)
		}
	}
	f.batch.Items, f.cmds = f.batch.Items[:0], f.cmds[:0]
	return nil
}

// kindsOf is how many heartbeats of each kind are weighed.
const kindsOf = 50_000

// measureKinds tells what memory heartbeats of several kinds take, in a state that was read from an image as at a start.
func measureKinds(_ context.Context, b *bench) error {
	fmt.Printf("bytes of live heap a heartbeat, of %d in a state that was restored: names of 13 to 17 bytes\n\n", kindsOf)
	t := newTable(os.Stdout, "kind", "bytes", "in an image")
	for _, k := range []struct {
		what  string
		pings int
		cron  int
		more  func(int, *fsm.Spec)
		late  bool
	}{
		{what: "an interval, no pings yet"},
		{what: "the same, 100 pings", pings: 100},
		{what: "the same, a cron schedule with a zone", pings: 100, cron: 100},
		{what: "interval, 100 pings, a tag, an address", pings: 100, more: func(i int, s *fsm.Spec) {
			s.Tags, s.Emails = []string{fmt.Sprintf("team-%d", i%20)}, []string{fmt.Sprintf("team-%d@example.com", i%20)}
		}},
		{what: "the same, a description of 200 bytes and a runbook", pings: 100, more: func(i int, s *fsm.Spec) {
			s.Tags, s.Emails = []string{fmt.Sprintf("team-%d", i%20)}, []string{fmt.Sprintf("team-%d@example.com", i%20)}
			s.Description, s.RunbookURL = strings.Repeat("It copies. ", 18), "https://wiki.example.com/runbooks/backups"
		}},
		{what: "an interval, no pings, an address, failing: an incident and its alert", late: true, more: func(i int, s *fsm.Spec) {
			s.Emails = []string{fmt.Sprintf("team-%d@example.com", i%20)}
		}},
	} {
		heap, image, err := weigh(&filler{store: store.New(), rand: rand.New(rand.NewPCG(1, 1)), cron: k.cron, more: k.more, now: time.Now()}, k.pings, k.late)
		if err != nil {
			return fmt.Errorf("%s: %w", k.what, err)
		}
		t.row(k.what, fmt.Sprintf("%.0f", heap), fmt.Sprintf("%.0f", image))
	}
	t.Flush()
	return nil
}

// weigh fills a state, restores it, and returns what a heartbeat takes in memory and in the image.
func weigh(f *filler, pings int, late bool) (heap, image float64, err error) {
	if _, err := f.fill(kindsOf, pings, f.now); err != nil {
		return 0, 0, err
	}
	if late {
		if err := f.advanceTime(5*day, f.now.Add(5*day)); err != nil {
			return 0, 0, err
		}
	}
	var whole bytes.Buffer
	if _, err := f.store.Snapshot().WriteTo(&whole); err != nil {
		return 0, 0, err
	}
	f.store = nil
	before := liveHeap()
	s := store.New()
	if err := s.Restore(bytes.NewReader(whole.Bytes())); err != nil {
		return 0, 0, err
	}
	heap = float64(liveHeap()-before) / kindsOf
	if x := s.Totals(); x.Active+x.Failing != kindsOf || late != (x.Failing == kindsOf) {
		return 0, 0, fmt.Errorf("%d heartbeats were restored, of which %d fail", x.Active+x.Failing, x.Failing)
	}
	return heap, float64(whole.Len()) / kindsOf, nil
}

// liveHeap is what is in use, garbage left out.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what the first one finalizes
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
