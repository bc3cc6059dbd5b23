package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
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
	batch fsm.Batch
	bytes []byte
	cmds  []byte
	cron  int // percent that have a cron schedule
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
	for left := d.Milliseconds(); left > 0; left -= fsm.MaxDelta {
		if err := idle.applyBatch(wall, uint32(min(left, fsm.MaxDelta))); err != nil {
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
	f.batch.Items = append(f.batch.Items, fsm.Item{Origin: fsm.NoOrigin, Cmd: f.cmds[start:len(f.cmds):len(f.cmds)]})
}

func (f *filler) addPing(t fsm.Token) {
	start := len(f.cmds)
	ordinal, _ := f.store.Ordinal(t)
	f.cmds = fsm.AppendPing(f.cmds, fsm.Ping{Ordinal: ordinal})
	f.batch.Items = append(f.batch.Items, fsm.Item{Origin: fsm.NoOrigin, Cmd: f.cmds[start:len(f.cmds):len(f.cmds)]})
}

// applyBatch applies what was added as one entry.
func (f *filler) applyBatch(wall time.Time, delta uint32) error {
	f.batch.Term, f.batch.Wall, f.batch.Delta = 1, wall.UnixMilli(), delta
	f.bytes = fsm.AppendBatch(f.bytes[:0], &f.batch)
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
