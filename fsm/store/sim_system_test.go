package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
)

// simSubjects are what the incidents of the monitor itself are about.
var simSubjects = []fsm.SystemSubject{
	{Kind: fsm.SystemNodeLost, Node: fsm.NodeID{1}},
	{Kind: fsm.SystemNodeLost, Node: fsm.NodeID{2}},
	{Kind: fsm.SystemDiskLow, Node: fsm.NodeID{1}},
	{Kind: fsm.SystemCertificate, Node: fsm.NodeID{1}, Part: "HTTP"},
}

// drawSystem is a node that says something of the monitor itself: what another one may have said already.
func drawSystem(which, how uint32, wall int64) fsm.Command {
	s := simSubjects[which%4]
	switch how % 8 {
	case 0, 1, 2:
		return fsm.BeginSystem{Subject: s, Node: fmt.Sprint("n", s.Node[0]), Detail: "It is gone.", Since: wall - int64(how/8%5000)}
	case 3, 4:
		return fsm.EndSystem{Subject: s, Detail: "It is back."}
	case 7:
		return fsm.SendCanary{To: []string{"robot@example.com", fsm.ChannelID{1}.String()}[which%2], Period: wall - wall%3000, URL: "https://example.com/"}
	case 5:
		return fsm.EndSystem{Subject: s, Quiet: true}
	}
	return fsm.TellOutage{From: wall - 20_000 + int64(how/8%10_000), To: wall - int64(how/8%7000), Detail: "A majority was lost."}
}

// subject returns what stands for a heartbeat, in the model, of an incident of the monitor itself.
func (m *model) subject(s fsm.SystemSubject) *beat {
	for _, b := range m.systems {
		if b.id == s.ID() {
			return b
		}
	}
	b := &beat{id: s.ID()}
	m.systems = append(m.systems, b)
	return b
}

// openSystems returns the subjects whose incidents go on.
func (m *model) openSystems() (open []*beat) {
	for _, b := range m.systems {
		if b.failing {
			open = append(open, b)
		}
	}
	return open
}

// actOnSystem is somebody who says something of an incident of the monitor itself.
func (m *model) actOnSystem(in simIncident, f func(b *beat)) fsm.Code {
	for _, b := range m.systems {
		switch {
		case b.id != in.hb || b.last > 0: // a canary is no incident
		case b.failing && b.incident == in.number:
			f(b)
			return fsm.CodeOK
		case in.number > 0 && in.number <= b.incident && b.incident-in.number < fsm.MaxIncidentsPer:
			return fsm.CodeRejected
		}
	}
	return fsm.CodeNotFound
}

// wakeSystems tells those incidents of the monitor itself again whose time has come. No commands of an entry come before that.
func (m *model) wakeSystems() {
	for _, b := range m.systems {
		for b.tellAt > 0 && b.tellAt <= m.horizon {
			m.wakes(b)
		}
	}
}

// tellSystem has one incident of a subject at a time, and tells of each outage once.
func (m *model) tellSystem(cmd fsm.Command) {
	switch c := cmd.(type) {
	case fsm.BeginSystem:
		if b := m.subject(c.Subject); !b.failing {
			b.incident++
			b.failing, b.began, b.tellAt = true, m.serving, m.nextReminder(b, m.serving)
			m.expect(b, fsm.AlertDown, m.serving)
		}
	case fsm.EndSystem:
		b := m.subject(c.Subject)
		switch {
		case !b.failing:
		case c.Quiet:
			m.endByHand(b)
		default:
			m.ends(b)
			m.recovered(b)
		}
	case fsm.SendCanary:
		sum := sha256.Sum256([]byte(c.To))
		b := m.subject(fsm.SystemSubject{Kind: fsm.SystemCanary, Part: hex.EncodeToString(sum[:8])})
		if c.Period > b.last {
			b.incident++
			b.last = c.Period
			m.alerts[alertKey{b.id, b.incident, fsm.AlertCanary, c.To}] = &expected{}
		}
	case fsm.TellOutage:
		if n := len(m.outages); n > 0 && c.From <= m.outages[n-1].to && c.To >= m.outages[n-1].from {
			m.outages[n-1] = gap{from: min(c.From, m.outages[n-1].from), to: max(c.To, m.outages[n-1].to)}
			return
		}
		m.outages = append(m.outages, gap{from: c.From, to: c.To})
		m.outagesTold++
		part := fsm.WallTime(c.From).UTC().Format(time.RFC3339Nano)
		m.expect(&beat{id: fsm.SystemSubject{Kind: fsm.SystemOutage, Part: part}.ID(), incident: uint32(m.outagesTold)}, fsm.AlertUnheard, 0)
	}
}

// checkSeenTo compares what people said of the incidents of the monitor itself with what the model knows of that.
func (w *world) checkSeenTo() {
	for _, b := range w.model.openSystems() {
		x := w.observer.st.incidents.Get(fsm.IncidentRef{Heartbeat: b.id, Number: b.incident})
		if x == nil || x.IsQuiet() != b.quiet() || x.Tell != b.tellAt {
			w.fail("system incident %d of %x: %+v, want quiet %v, told again at %d", b.incident, b.id[:3], x, b.quiet(), b.tellAt)
		}
		w.saw(sawSeenTo, b.quiet())
	}
}

// checkNotices asks at the end that each outage, and the newest canary to each, reached those whom it was for, unless
// somebody stopped it or the other end would not have it.
func (w *world) checkNotices() {
	newest := map[fsm.HeartbeatID]uint32{}
	for _, b := range w.model.systems {
		newest[b.id] = b.incident
	}
	for k := range w.model.alerts {
		seen := w.rows[ledger.AlertIDOf(k.hb, k.incident, k.kind, k.to)]
		isNotice := k.kind == fsm.AlertCanary && k.incident == newest[k.hb] || k.kind == fsm.AlertUnheard && w.model.find(func(b *beat) bool { return b.id == k.hb }) == nil
		if !isNotice || k.to == "" || seen == nil || w.byHand(teller{k.hb, k.to}) {
			continue
		}
		if r := &seen.row; w.mail.delivered[r.ID]+w.mail.delivered[r.Digest] == 0 {
			w.fail("row %x, a %v of the monitor itself, did not reach %s: %v (%s)", r.ID[:3], k.kind, k.to, r.State, r.Err)
		}
	}
}

// checkSystem compares the incidents of the monitor itself with the model's, and asks that there are as many
// notices of outages as there were outages, for each of those who are told.
func (w *world) checkSystem() {
	open := map[fsm.HeartbeatID]uint32{}
	for _, in := range w.observer.SystemIncidents() {
		open[in.Incident.Heartbeat] = in.Incident.Number
	}
	for _, b := range w.model.systems {
		want := uint32(0)
		if b.failing {
			want = b.incident
			w.reached[sawSystem]++
		}
		if open[b.id] != want {
			w.fail("the system incident %d of %x goes on, want %d", open[b.id], b.id[:3], want)
		}
	}
	told := map[fsm.HeartbeatID]bool{}
	list, _ := w.observer.Incidents(fsm.IncidentFilter{})
	for _, in := range list {
		if in.Reason == fsm.SystemOutage.String() {
			w.reached[sawOutageTold]++
			told[in.Heartbeat] = true
			if in.Open || in.Until.Before(in.Since) {
				w.fail("an outage goes on: %+v", in)
			}
		}
	}
	if len(told) != w.model.outagesTold {
		w.fail("%d outages are told, want %d", len(told), w.model.outagesTold)
	}
}
