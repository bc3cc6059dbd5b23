package store

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/image"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// imageMagic comes first in an image, its version next. A change of the format
// takes a new version, and Restore goes on reading the old ones. (Versions 1 to 3
// were never released; 4 has no sections.)
const (
	imageMagic   = "QBIMAGE\x00"
	imageVersion = 5
	imageOldest  = 4
)

// sections are the optional parts of an image, after everything else, in the order of
// their tags. A new part of the state is a line here, and no new version: a program that
// does not know a section refuses an image that has it. Tags are never used again.
var sections = []section{
	{1, (*state).writeFields, (*state).readFields},
	{2, (*state).writeUptime, (*state).readUptime},
	{3, (*state).writePublished, (*state).readPublished},
	{4, (*state).writePauses, (*state).readPauses},
	{10, (*state).writeTimetables, (*state).readTimetables},
	{11, (*state).writeResults, (*state).readResults},
	{20, (*state).writeChannels, (*state).readChannels},
	{21, (*state).writeIncidents, (*state).readIncidents},
	{22, (*state).writeWindows, (*state).readWindows},
	{23, (*state).writeRecoveries, (*state).readRecoveries},
	{24, (*state).writeTelling, (*state).readTelling},
	{25, (*state).writeTemplates, (*state).readTemplates},
	{26, (*state).writeSystem, (*state).readSystem},
	{27, (*state).writeFlaps, (*state).readFlaps},
	{29, (*state).writePausedTimes, (*state).readPausedTimes},
	{30, (*state).writeOldTokens, (*state).readOldTokens},
}

// section is how one of them is written and read. write adds its items in an order that
// depends on the state alone; read gets them one by one. Its error is ErrCorrupt or
// ErrVersion; what it leaves of the item is damage.
type section struct {
	tag   uint64
	write func(st *state, w *image.Section)
	read  func(st *state, item *wire.Reader) error
}

// Image is the state at one moment, to be written once. It shares memory with the
// store, which copies what it changes from then on, until it is written or
// released.
type Image struct {
	st    state
	share *table.SnapshotRef
}

// Snapshot captures the state. Its cost is a pointer for every page of heartbeats
// and every row of the ledger; encoding is left to WriteTo.
func (s *Store) Snapshot() *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := *s.st
	c.horizonLog = slices.Clone(c.horizonLog)
	table, share := s.st.table.Snapshot()
	c.table = table
	c.keys = maps.Clone(c.keys)
	c.nodes = maps.Clone(c.nodes)
	c.dedup = s.st.dedup.Clone()
	c.ledger = c.ledger.Snapshot()
	c.uptime = s.st.uptime.Snapshot()
	c.published = s.st.published.Snapshot()
	c.channels = c.channels.Snapshot()
	c.windows = c.windows.Snapshot()
	c.incidents = s.st.incidents.Snapshot()
	c.system = s.st.system.Snapshot()
	c.clock = c.clock.Copy()
	c.depends = c.depends.Snapshot()
	c.oldTokens = s.st.oldTokens.Snapshot()
	c.ids, c.tokens, c.slugs, c.keyByHash, c.madeByKey, c.failing = nil, nil, index.Slugs{}, nil, nil, nil
	return &Image{st: c, share: share}
}

// Release tells that an image will not be written. WriteTo releases it, too.
func (i *Image) Release() { i.share.Release() }

var errWritten = errors.New("an image can be written only once")

// WriteTo encodes the image. Two stores with the same state write the same bytes.
// It often gives way to others, for it has seconds of work.
func (i *Image) WriteTo(to io.Writer) (int64, error) {
	if i.share.Done() {
		return 0, errWritten
	}
	defer i.Release()
	w := image.NewWriter(to)
	st := &i.st
	w.Raw([]byte(imageMagic))
	w.Uint(imageVersion)
	st.writeHead(w)
	st.writeHeartbeats(w, i.share)
	st.writeKeys(w)
	st.writeNodes(w)
	st.dedup.Write(w)
	st.ledger.Write(w)
	for _, x := range sections {
		s := w.Section(x.tag)
		x.write(st, s)
		s.End()
	}
	w.EndSections()
	return w.Close()
}

func (st *state) writeHead(w *image.Writer) {
	w.Int(st.wall)
	w.Int(st.serving)
	w.Int(st.horizon)
	w.Count(len(st.horizonLog))
	for _, p := range st.horizonLog {
		w.Int(p.horizon)
		w.Int(p.wall)
	}
	w.Int(st.gaps.total)
	w.Count(len(st.gaps.list))
	for _, g := range st.gaps.list {
		w.Int(g.serving)
		w.Int(g.from)
		w.Int(g.to)
	}
	w.Raw(st.clusterID[:])
	w.Count(st.settings.History)
	w.Strings(st.settings.MailTo)
	w.Count(st.settings.Burst)
	w.Int(st.settings.GroupWait)
	w.Int(st.settings.FlapWindow)
	w.Count(st.settings.MaxHeartbeats)
	w.Uint(st.created)
	w.Uint(st.pings)
	w.Uint(st.misses)
}

func (st *state) writeKeys(w *image.Writer) {
	keys := slices.SortedFunc(maps.Values(st.keys), func(a, b apiKey) int { return bytes.Compare(a.id[:], b.id[:]) })
	w.Count(len(keys))
	for _, k := range keys {
		w.Raw(k.id[:])
		w.String(k.name)
		w.String(k.scope)
		w.Raw(k.hash[:])
		w.Int(k.created)
		w.Count(k.max)
		w.FlushIfFull()
	}
}

func (st *state) writeNodes(w *image.Writer) {
	nodes := slices.SortedFunc(maps.Values(st.nodes), func(a, b fsm.NodeInfo) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	w.Count(len(nodes))
	for _, n := range nodes {
		w.Raw(n.ID[:])
		w.String(n.Name)
		w.String(n.HTTP)
		w.String(n.Cluster)
		w.String(n.Version)
	}
}

func (st *state) writePublished(s *image.Section)       { st.published.Write(s) }
func (st *state) readPublished(item *wire.Reader) error { return st.published.Read(item) }

func (st *state) writeChannels(s *image.Section)       { st.channels.Write(s) }
func (st *state) readChannels(item *wire.Reader) error { return st.channels.Read(item) }

// What the items of the section about whom to tell begin with.
const (
	tellingMail     = 1 // a channel that is mail
	tellingReminder = 2 // the settings' time between reminders
	tellingRef      = 3 // how a service names the message of a row
)

func (st *state) writeTelling(s *image.Section) {
	st.channels.WriteMail(s, tellingMail)
	if st.settings.RemindEvery != 0 {
		s.Add(wire.AppendInt([]byte{tellingReminder}, st.settings.RemindEvery))
	}
	st.ledger.EachRef(func(id fsm.AlertID, ref string) {
		s.Add(wire.AppendString(append([]byte{tellingRef}, id[:]...), ref))
	})
}

func (st *state) readTelling(item *wire.Reader) error {
	switch item.Byte() {
	case tellingMail:
		return st.channels.Read(item)
	case tellingRef:
		var id fsm.AlertID
		item.Fill(id[:])
		if ref := item.String(); !item.OK() || !st.ledger.KeepRef(id, ref) {
			return fsm.ErrCorrupt
		}
		return nil
	case tellingReminder:
		if st.settings.RemindEvery != 0 {
			return fsm.ErrCorrupt // it is there twice
		}
		st.settings.RemindEvery = item.Int()
		if !item.OK() || st.settings.RemindEvery == 0 || st.settings.Validate() != nil {
			return fsm.ErrCorrupt
		}
		return nil
	}
	return fsm.ErrVersion
}

func (st *state) writeWindows(s *image.Section)       { st.windows.Write(s) }
func (st *state) readWindows(item *wire.Reader) error { return st.windows.Read(item) }

func (st *state) writeSystem(s *image.Section)       { st.system.Write(s) }
func (st *state) readSystem(item *wire.Reader) error { return st.system.Read(item) }

func (st *state) writeFlaps(s *image.Section)       { st.ledger.WriteFlaps(s) }
func (st *state) readFlaps(item *wire.Reader) error { return st.ledger.ReadFlap(item) }

func (st *state) writeIncidents(s *image.Section) { st.incidents.Write(s) }

// readIncidents reads one, and has its heartbeat looked at when it is told again.
func (st *state) readIncidents(item *wire.Reader) error {
	x, err := st.incidents.Read(item)
	if err != nil || x.End != incident.GoesOn || x.Ordinal > fsm.SystemOrdinals {
		return err
	}
	if st.openIncident(x.Ordinal) != x.Number || st.table.Record(x.Ordinal).Cold.ID != x.Heartbeat {
		return fsm.ErrCorrupt
	}
	st.table.OwnRuns(x.Ordinal).Incident.Tell = x.Tell
	if x.Tell > 0 {
		st.table.Schedule(x.Ordinal, x.Tell)
	}
	return nil
}

func (st *state) writeRecoveries(s *image.Section) { st.depends.Write(s) }

func (st *state) readRecoveries(item *wire.Reader) error {
	return st.depends.Read(item, func(ord uint64) (tags []string, ok bool) {
		if !st.table.Has(ord) || st.openIncident(ord) != 0 {
			return nil, false
		}
		return st.table.Record(ord).Cold.Spec.Tags, true
	})
}

func (st *state) writeTemplates(s *image.Section) {
	if t := st.templates; t != (fsm.Templates{}) {
		s.Add(wire.AppendString(wire.AppendString(nil, t.Subject), t.Text))
	}
}

func (st *state) readTemplates(item *wire.Reader) error {
	if st.templates != (fsm.Templates{}) {
		return fsm.ErrCorrupt
	}
	st.templates = fsm.Templates{Subject: item.String(), Text: item.String()}
	if item.OK() && (st.templates == (fsm.Templates{}) || st.templates.Validate() != nil) {
		return fsm.ErrCorrupt
	}
	return nil
}

func (st *state) writeOldTokens(s *image.Section) { st.oldTokens.Write(s, st.serving) }

func (st *state) readOldTokens(item *wire.Reader) error {
	return st.oldTokens.Read(item, st.serving, func(ordinal uint64, token fsm.Token) bool {
		if !st.table.Has(ordinal) || st.byToken(token) != 0 {
			return false
		}
		st.tokens.Put(index.Key(token), ordinal)
		return true
	})
}
