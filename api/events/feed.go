package events

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/store"
)

// atOnce is how many changes a feed looks at before others get their turn.
const atOnce = 256

// Source is what feeds tell of. One is enough for a node.
type Source struct {
	Store *store.Store
	// Nodes are the nodes as this node sees them.
	Nodes func() []Node

	turn sync.Mutex // held to render, so that all feeds together take one core
}

// Feed is what one client is told.
type Feed struct {
	from      *Source
	tag       string // only heartbeats and incidents with it; "": all
	heartbeat func(fsm.Heartbeat) any

	cluster fsm.NodeID
	after   fsm.Position
	reset   *resetJSON // to be told first; nil: nothing is
	lost    map[uint64]bool
	nodes   map[string][]byte
	looked  time.Time // at the nodes
	held    *event    // of the changes that are being told: the newest; the last of them has an ID
}

type event struct {
	name string
	data any
}

// resetJSON says that what the client knows may be old.
type resetJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

var (
	resetBegin   = &resetJSON{"begin", "the stream begins here: read the lists now, and what changes from here on is told"}
	resetForeign = &resetJSON{"unknown_id", "the ID to go on from is none of this cluster's: changes may have been missed, so read the lists anew"}
	resetExpired = &resetJSON{"expired", "this node cannot tell all that changed since the ID to go on from: read the lists anew"}
)

// Feed returns what a client is told that has seen everything up to the event lastID: "" if
// nothing. heartbeat makes the JSON of a heartbeat as that client may see it.
func (s *Source) Feed(lastID, tag string, heartbeat func(fsm.Heartbeat) any) *Feed {
	f := &Feed{from: s, tag: tag, heartbeat: heartbeat, cluster: s.Store.ClusterID()}
	at, ok := parseID(lastID, f.cluster)
	switch {
	case lastID == "":
		f.begin(resetBegin)
	case !ok:
		f.begin(resetForeign)
	default:
		f.after = at
	}
	return f
}

// begin has the client begin anew, from where the state stands.
func (f *Feed) begin(why *resetJSON) {
	f.reset, f.after, f.lost = why, f.from.Store.Position(), map[uint64]bool{}
}

// Tell writes what changed since it was last called.
func (f *Feed) Tell(w io.Writer) {
	f.from.turn.Lock()
	defer f.from.turn.Unlock()
	out := pieces{to: w, turn: &f.from.turn}
	f.render(&out)
	out.send()
}

// piece is how much of what is told is held for a client.
const piece = 32 << 10

// pieces writes in pieces, outside of the turn: a client may take its time, and what many
// that do not read are to be told must not pile up.
type pieces struct {
	to   io.Writer
	turn *sync.Mutex
	text bytes.Buffer
}

func (p *pieces) Write(b []byte) (int, error) {
	p.text.Write(b)
	if p.text.Len() >= piece {
		p.send()
	}
	return len(b), nil
}

func (p *pieces) send() {
	p.turn.Unlock()
	defer p.turn.Lock()
	_, _ = p.to.Write(p.text.Bytes()) // the stream keeps the error
	p.text.Reset()
}

func (f *Feed) render(w io.Writer) {
	list, to, ok := f.from.Store.Changes(f.after, atOnce)
	if !ok {
		f.begin(resetExpired)
		list, to = nil, f.after
	}
	if f.reset != nil {
		f.write(w, formatID(f.cluster, f.after), event{"reset", f.reset})
		f.reset = nil
	}
	f.tellNodes(w)
	f.tellChanges(w, list)
	if f.held != nil {
		f.write(w, formatID(f.cluster, to), *f.held)
	}
	f.after, f.held = to, nil
}

// tell writes an event once another follows it. Then it is no place to go on from.
func (f *Feed) tell(w io.Writer, name string, data any) {
	if f.held != nil {
		f.write(w, "", *f.held)
	}
	f.held = &event{name, data}
}

// Alive shows that the feed lives, and up to where everything was told.
func (f *Feed) Alive(w io.Writer) {
	_, _ = io.WriteString(w, ": nothing new\nid: "+formatID(f.cluster, f.after)+"\n\n")
}

// Wake returns a channel that closes when there is something to tell.
func (f *Feed) Wake() <-chan struct{} { return f.from.Store.Changed(f.after) }

func (f *Feed) write(w io.Writer, id string, e event) {
	data, err := json.Marshal(e.data)
	if err != nil {
		return
	}
	writeEvent(w, id, e.name, data)
}

// tellChanges makes the events of changes: one for each heartbeat, and one for each incident.
func (f *Feed) tellChanges(w io.Writer, list []fsm.Change) {
	byHeartbeat := map[uint64][]fsm.Change{}
	var order []uint64
	for _, c := range list {
		if byHeartbeat[c.Ordinal] == nil {
			order = append(order, c.Ordinal)
		}
		byHeartbeat[c.Ordinal] = append(byHeartbeat[c.Ordinal], c)
	}
	for _, ordinal := range order {
		f.tellOne(w, ordinal, byHeartbeat[ordinal])
	}
}

func (f *Feed) tellOne(w io.Writer, ordinal uint64, changes []fsm.Change) {
	h, err := f.from.Store.HeartbeatAt(ordinal)
	deleted := slices.IndexFunc(changes, func(c fsm.Change) bool { return c.Deleted })
	had := f.lost[ordinal] || slices.ContainsFunc(changes, func(c fsm.Change) bool { return slices.Contains(c.Lost, f.tag) })
	if f.tag != "" && !had && !slices.Contains(h.Spec.Tags, f.tag) {
		return
	}
	delete(f.lost, ordinal)
	switch {
	case err == nil:
		f.tell(w, "heartbeat", f.heartbeat(h))
	case deleted >= 0:
		f.tell(w, "heartbeat_deleted", map[string]string{"id": changes[deleted].ID.String()})
	case had: // its end is among the next changes, and may not know of this tag
		if f.lost == nil {
			f.lost = map[uint64]bool{}
		}
		f.lost[ordinal] = true
	}
	for i, c := range changes {
		isLast := !slices.ContainsFunc(changes[i+1:], func(o fsm.Change) bool { return o.Incident == c.Incident })
		if c.Incident != 0 && isLast {
			f.tell(w, "incident", f.incidentToJSON(c, h))
		}
	}
}

// incidentJSON is an incident that began or ended.
type incidentJSON struct {
	ID            string  `json:"id"`
	HeartbeatID   string  `json:"heartbeat_id"`
	HeartbeatName *string `json:"heartbeat_name"` // null: it was deleted
	System        bool    `json:"system"`         // of the monitor itself
	State         string  `json:"state"`          // open or ended
	Reason        *string `json:"reason"`         // why it began; null once it ended
	Since         *string `json:"since"`
	EndedAt       *string `json:"ended_at"`
}

func (f *Feed) incidentToJSON(c fsm.Change, h fsm.Heartbeat) incidentJSON {
	out := incidentJSON{ID: c.IncidentID(), HeartbeatID: c.ID.String(), State: "open", Since: stamp(c.Since), EndedAt: stamp(c.Until), System: c.Ordinal > fsm.SystemOrdinals}
	if h.ID == c.ID {
		out.HeartbeatName = &h.Spec.Name
	}
	if in, err := f.from.Store.Incident(fsm.IncidentRef{Heartbeat: c.ID, Number: c.Incident}); out.System && err == nil {
		out.HeartbeatName = &in.Name
	}
	if c.Reason != "" {
		out.Reason = &c.Reason
	}
	if c.Until != 0 {
		out.State = "ended"
	}
	return out
}

// stamp writes a time as the API does; null for none.
func stamp(ms int64) *string {
	if ms == 0 {
		return nil
	}
	return new(time.UnixMilli(ms).UTC().Format(fsm.TimeLayout))
}
