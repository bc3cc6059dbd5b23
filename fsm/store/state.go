package store

import (
	"math"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/channels"
	"github.com/quorumbeat/quorumbeat/fsm/internal/dedup"
	"github.com/quorumbeat/quorumbeat/fsm/internal/dependencies"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/index"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
	"github.com/quorumbeat/quorumbeat/fsm/internal/published"
	"github.com/quorumbeat/quorumbeat/fsm/internal/rotation"
	"github.com/quorumbeat/quorumbeat/fsm/internal/system"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/internal/timetable"
	"github.com/quorumbeat/quorumbeat/fsm/internal/uptime"
	"github.com/quorumbeat/quorumbeat/fsm/internal/windows"
)

// state is everything that entries change. A restore fills a new one and swaps it in.
// The comments say which fields are derived from the others, and so not in the image.
type state struct {
	term       uint64            // of the batch being applied; not part of the image
	proposers  []*dedup.Proposer // of that batch, nil for one that may not propose; not part of the image
	current    int               // the index of the command being applied; negative: none
	newer      error             // a command of the batch that this version does not know; not part of the image
	commandKey fsm.KeyID         // the key of the command being applied, zero for none; not part of the image
	wall       int64             // stamp of the newest batch, Unix ms
	serving    int64             // ms
	horizon    int64             // the serving time before its newest advance
	horizonLog []horizonMove
	gaps       gapLog
	clusterID  fsm.NodeID
	settings   fsm.Settings
	created    uint64 // heartbeats ever created; the newest ordinal
	pings      uint64
	misses     uint64 // counted; those of failing heartbeats since they failed come on top
	table      table.Table
	keys       map[fsm.KeyID]apiKey
	nodes      map[fsm.NodeID]fsm.NodeInfo
	dedup      dedup.Log
	ledger     ledger.Ledger
	uptime     uptime.Log
	published  published.Table
	channels   channels.Table
	windows    windows.Table
	templates  fsm.Templates
	incidents  incident.Log
	system     system.Table
	clock      *timetable.Clock // of all timetables
	depends    *dependencies.Graph
	oldTokens  rotation.Table

	// Derived, or without meaning between batches.
	prefetcher prefetcher
	ids        *index.Index
	tokens     *index.Index
	slugs      index.Slugs
	keyByHash  map[[32]byte]fsm.KeyID
	madeByKey  map[fsm.KeyID]int // heartbeats, by the key that made them
	failing    map[uint64]struct{}
	paused     int
	changed    []fsm.Change  // by the batch being applied
	first      fsm.Timetable // what came with the command being applied
}

// horizonMove says that a batch stamped wall moved the horizon. The horizon log is kept
// only while judging lags behind, so that a late judgement still knows when the deadline
// passed.
type horizonMove struct{ horizon, wall int64 }

func newState() *state {
	st := &state{
		settings:  fsm.DefaultSettings(),
		keys:      map[fsm.KeyID]apiKey{},
		nodes:     map[fsm.NodeID]fsm.NodeInfo{},
		dedup:     dedup.New(),
		table:     table.New(fsm.MaxAllBodies),
		ids:       index.New(0),
		tokens:    index.New(0),
		keyByHash: map[[32]byte]fsm.KeyID{},
		madeByKey: map[fsm.KeyID]int{},
		failing:   map[uint64]struct{}{},
		clock:     &timetable.Clock{},
		incidents: incident.New(),
		depends:   dependencies.New(),
	}
	st.ledger = ledger.New(ledger.Watch{OpenIncident: st.openIncident, IsQuiet: st.isQuiet, Settled: st.tellSettled})
	st.slugs = index.NewSlugs(st.table.Slug)
	return st
}

// wallOfDeadline returns the wall time of the batch in which the horizon passed a
// deadline.
func (st *state) wallOfDeadline(deadline int64) int64 {
	for _, p := range st.horizonLog {
		if p.horizon >= deadline {
			return p.wall
		}
	}
	return st.wall
}

func (st *state) setSettings(c fsm.SetSettings) fsm.Code {
	if c.Settings.Validate() != nil {
		return fsm.CodeInvalid
	}
	st.judgeDue(math.MaxInt) // what is due already is judged under the old settings
	shrunk := c.Settings.History < st.settings.History
	reminders := c.Settings.RemindEvery != st.settings.RemindEvery
	flaps := c.Settings.FlapWindow != st.settings.FlapWindow
	st.settings = c.Settings
	st.settings.MailTo = fsm.Canonical(c.Settings.MailTo)
	st.ledger.Changed = true
	if flaps {
		st.ledger.ForgetFlaps()
	}
	if shrunk {
		st.table.LimitHistories(c.Settings.History)
	}
	if reminders {
		st.planReminders()
	}
	return fsm.CodeOK
}

func (st *state) setClusterID(c fsm.SetClusterID) fsm.Code {
	if !st.clusterID.IsZero() && st.clusterID != c.ID {
		return fsm.CodeExists
	}
	st.clusterID = c.ID
	return fsm.CodeOK
}

func (st *state) putNode(c fsm.PutNode) fsm.Code {
	if st.dedup.WasRemoved(c.Node.ID) {
		return fsm.CodeStale
	}
	st.nodes[c.Node.ID] = c.Node
	return fsm.CodeOK
}

// removeNode removes a node for good: nothing that it still proposes takes effect.
func (st *state) removeNode(c fsm.RemoveNode) fsm.Code {
	delete(st.nodes, c.ID)
	st.dedup.RemoveNode(c.ID)
	return fsm.CodeOK
}

// byToken returns the ordinal of the heartbeat with a token, 0 if there is none.
func (st *state) byToken(t fsm.Token) uint64 {
	ord, _ := st.tokens.Find(index.Key(t))
	return ord
}

// byID returns the ordinal of the heartbeat with an ID, 0 if there is none.
func (st *state) byID(id fsm.HeartbeatID) uint64 {
	ord, _ := st.ids.Find(keyOfID(id))
	return ord
}

func keyOfID(id fsm.HeartbeatID) (k index.Key) {
	copy(k[:], id[:])
	return k
}

// indexHeartbeat files a heartbeat under its ID, its token and its slug.
func (st *state) indexHeartbeat(ord uint64, id fsm.HeartbeatID, t fsm.Token, slug string) {
	st.ids.Put(keyOfID(id), ord)
	st.tokens.Put(index.Key(t), ord)
	st.slugs.Add(slug, ord)
}

// noteChange notes that a heartbeat is not what it was.
func (st *state) noteChange(ordinal uint64) {
	st.changed = append(st.changed, fsm.Change{Ordinal: ordinal})
}

// ledgerNow returns the ledger at this moment.
func (st *state) ledgerNow() ledger.Now {
	return st.ledger.At(ledger.Env{
		Term: st.term, Wall: st.wall, Serving: st.serving, Settings: &st.settings, Cluster: st.clusterID, Channels: &st.channels,
		Windows: &st.windows, Clock: st.clock, Table: &st.table, Depends: st.deferralOf,
	})
}

// openIncident returns the incident of a heartbeat that is going on, or 0.
func (st *state) openIncident(ordinal uint64) uint32 {
	if h := st.table.Hot(ordinal); h != nil && h.Is(table.Failing) {
		return h.Incident
	}
	if ordinal > fsm.SystemOrdinals {
		return st.system.OpenIncident(ordinal)
	}
	return 0
}
