package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/ledger"
)

// simChannel is a channel as the model has it.
type simChannel struct {
	spec    fsm.ChannelSpec
	version uint64
}

// simTarget is who is told of a heartbeat, of what, and after how many ms.
type simTarget struct {
	name  string
	on    fsm.AlertSet
	after int64
}

func simChannelID(n uint32) string { return fsm.ChannelID{byte(1 + n%3)}.String() }

// simSets are the kinds of alerts that channels take.
var simSets = []fsm.AlertSet{
	fsm.SetOf(fsm.ChannelKinds...), fsm.SetOf(fsm.AlertDown), fsm.SetOf(fsm.ChannelKinds...), fsm.SetOf(fsm.AlertDown, fsm.AlertRecovered),
	fsm.SetOf(fsm.AlertUnheard), fsm.SetOf(fsm.ChannelKinds...),
}

// channelEdit is somebody who makes, changes or deletes one of three channels.
func channelEdit(which, how uint32) fsm.Command {
	id := fsm.ChannelID{byte(1 + which%3)}
	spec := fsm.ChannelSpec{
		Name: fmt.Sprint("channel ", which%3+how/64%2), Kind: "webhook", On: simSets[how/128%6],
		Default: how/4%3 > 0, Alone: which%3 == 1, After: []int64{0, 0, 3, 8}[how/1024%4],
	}
	if which%3 == 2 { // which is mail
		spec.Kind, spec.Alone, spec.Fields = fsm.KindEmail, false, []fsm.ChannelField{{Name: fsm.FieldTo, Value: "a@example.com, c@example.com"}}
	}
	if how/16%2 == 0 {
		spec.Tags = []string{"db"}
	}
	if how/4096%3 == 0 {
		spec.Hours = simHours
	}
	switch how % 4 {
	case 0, 1:
		return fsm.CreateChannel{ID: id, Spec: spec}
	case 2:
		return fsm.UpdateChannel{ID: id, IfVersion: uint64(how / 32 % 2), Spec: spec}
	}
	return fsm.DeleteChannel{ID: id}
}

func describeChannel(s fsm.ChannelSpec) string {
	return fmt.Sprintf("%q default %v tags %v on %b after %d", s.Name, s.Default, s.Tags, s.On, s.After)
}

func (m *model) editChannel(cmd fsm.Command) fsm.Code {
	nameTaken := func(id fsm.ChannelID, name string) bool {
		for other, c := range m.channels {
			if other != id && c.spec.Name == name {
				return true
			}
		}
		return false
	}
	switch c := cmd.(type) {
	case fsm.CreateChannel:
		if _, there := m.channels[c.ID]; there || nameTaken(c.ID, c.Spec.Name) {
			return fsm.CodeExists
		}
		m.channels[c.ID] = simChannel{c.Spec, 1}
	case fsm.UpdateChannel:
		old, there := m.channels[c.ID]
		switch {
		case !there:
			return fsm.CodeNotFound
		case c.IfVersion != 0 && c.IfVersion != old.version:
			return fsm.CodeConflict
		case nameTaken(c.ID, c.Spec.Name):
			return fsm.CodeExists
		}
		m.channels[c.ID] = simChannel{c.Spec, old.version + 1}
	case fsm.DeleteChannel:
		if _, there := m.channels[c.ID]; !there {
			return fsm.CodeNotFound
		}
		delete(m.channels, c.ID)
	}
	return fsm.CodeOK
}

// targets returns who is told of a heartbeat: the channels that it names, else those with a tag of its own, else the default
// ones; its own addresses, else, if no channel was chosen so, those of the settings.
func (m *model) targets(b *beat) (to []simTarget) {
	chosen := false
	add := func(id string, c simChannel) {
		for _, name := range namesIn(id, c.spec) {
			to = append(to, simTarget{name, c.spec.On, c.spec.After * 1000})
		}
	}
	for _, name := range b.spec.Notify {
		id, _ := fsm.ParseChannelID(name)
		if c, there := m.channels[id]; there {
			add(name, c)
			chosen = true
		}
	}
	chosen = chosen || len(b.spec.NotifyMail) > 0
	named := chosen
	for id, c := range m.channels {
		if !named && slices.ContainsFunc(c.spec.Tags, func(tag string) bool { return slices.Contains(b.spec.Tags, tag) }) {
			add(id.String(), c)
			chosen = true
		}
	}
	for id, c := range m.channels {
		if !chosen && c.spec.Default {
			add(id.String(), c)
		}
	}
	mail := b.spec.Emails
	if len(mail) == 0 && !chosen {
		mail = m.settings.MailTo
	}
	for _, name := range append(slices.Clone(b.spec.NotifyMail), mail...) {
		to = append(to, simTarget{name: name, on: fsm.SetOf(fsm.ChannelKinds...)})
	}
	if len(to) == 0 {
		to = []simTarget{{on: fsm.SetOf(fsm.ChannelKinds...)}}
	}
	return to
}

// targetsFor returns those of them that take a kind of alerts.
func (m *model) targetsFor(b *beat, kind fsm.AlertKind) (to []simTarget) {
	for _, x := range m.targets(b) {
		if x.on.Has(kind) {
			to = append(to, x)
		} else {
			m.takesLess++
		}
	}
	return eachOnce(to)
}

// namesIn returns what a channel tells: itself, or its addresses.
func namesIn(id string, c fsm.ChannelSpec) (names []string) {
	if c.Kind != fsm.KindEmail {
		return []string{id}
	}
	for _, address := range strings.Split(c.Get(fsm.FieldTo), ", ") {
		names = append(names, id+":"+address)
	}
	return names
}

// eachOnce leaves, of an address that is told in several ways, the one that tells it first.
func eachOnce(list []simTarget) (to []simTarget) {
	place := map[string]int{}
	for _, x := range list {
		address := x.name
		if strings.Contains(address, "@") {
			address = address[strings.Index(address, ":")+1:]
		}
		at, seen := place[address]
		switch {
		case !seen:
			place[address] = len(to)
			to = append(to, x)
		case x.after < to[at].after:
			to[at] = x
		}
	}
	return to
}

// expect notes the alerts of an incident that begins at a serving time.
func (m *model) expect(b *beat, kind fsm.AlertKind, at int64) {
	for _, x := range m.targetsFor(b, kind) {
		e := &expected{}
		if kind == fsm.AlertDown && x.after > 0 {
			e.lasts = at + x.after
		}
		m.alerts[alertKey{b.id, b.incident, kind, x.name}] = e
	}
}

// expectFailures expects a failure to be told to each who was to be told of the silence before it, or,
// if that was nobody, to those who are told of failures now.
func (m *model) expectFailures(b *beat) {
	told := m.toldOf(b)
	if len(told) == 0 {
		for _, x := range m.targetsFor(b, fsm.AlertFailure) {
			told = append(told, x.name)
		}
	}
	for _, to := range told {
		m.alerts[alertKey{b.id, b.incident, fsm.AlertFailure, to}] = &expected{}
	}
}

// recovered expects an answer to each alarm of the incident that ends.
func (m *model) recovered(b *beat) {
	for _, to := range m.toldOf(b) {
		if m.takes(to, fsm.AlertRecovered) {
			m.alerts[alertKey{b.id, b.incident, fsm.AlertRecovered, to}] = &expected{misses: b.missed, failures: b.failures}
		}
	}
	for id, c := range m.channels {
		if !c.spec.On.Has(fsm.AlertRecovered) {
			for _, name := range namesIn(id.String(), c.spec) {
				m.unanswered[alertKey{b.id, b.incident, fsm.AlertRecovered, name}] = true
			}
		}
	}
}

// takes reports whether a target takes a kind by now.
func (m *model) takes(to string, kind fsm.AlertKind) bool {
	id, is := fsm.ChannelOf(to)
	if !is && strings.HasPrefix(to, "ch_") {
		id, _ = fsm.ParseChannelID(to[:strings.Index(to, ":")])
	}
	c, there := m.channels[id]
	return !there || c.spec.On.Has(kind)
}

// toldOf returns who was to be told of the incident that is going on.
func (m *model) toldOf(b *beat) (to []string) {
	for k := range m.alerts {
		if k.hb == b.id && k.incident == b.incident && k.kind.Alarms() && !slices.Contains(to, k.to) {
			to = append(to, k.to)
		}
	}
	return to
}

// isGone reports whether the channel was deleted that an attempt is for.
func (w *world) isGone(t *task) bool {
	a, err := t.n.store.Alert(t.row)
	id, is := fsm.ChannelOf(a.Recipient)
	if err != nil || !is {
		return false
	}
	_, err = t.n.store.Channel(id)
	w.saw(sawChannelGone, err != nil)
	return err != nil
}

// checkLasts asks, when an alert reaches a target that is told of what lasts, that its incident has
// lasted. What somebody had delivered at once, and what tells of flapping, is another matter.
func (w *world) checkLasts(r *ledger.Row) {
	if r == nil || !r.Kind.Alarms() || r.Evidence.Unpack().Flaps > 0 || w.wasHurried(teller{r.Heartbeat, r.Recipient}) {
		return
	}
	until := int64(0)
	down := w.model.alerts[alertKey{r.Heartbeat, r.Incident, fsm.AlertDown, r.Recipient}]
	switch n := r.Evidence.Unpack().Reminder; {
	case down != nil:
		until = down.lasts
	case r.Kind == fsm.AlertReminder:
		x := w.model.reminders[simIncident{r.Heartbeat, r.Incident}][n-1]
		i := slices.IndexFunc(x.targets, func(t simTarget) bool { return t.name == r.Recipient })
		if after := x.targets[i].after; after > 0 {
			until = x.began + after
		}
	}
	w.saw(sawEscalated, until > 0)
	if w.observer.st.serving < until {
		w.fail("row %x, a %v, reaches %s at %d, and its incident has to last until %d", r.ID[:3], r.Kind, r.Recipient, w.observer.st.serving, until)
	}
}

// checkEachIsTold asks at the end of each heartbeat that fails, and that nobody has seen to, that
// all who are to be told of it have an alarm of the incident that was delivered.
func (w *world) checkEachIsTold() {
	for _, b := range append(slices.Clone(w.model.beats), w.model.systems...) {
		if b.deleted || !b.failing || w.model.quieted[simIncident{b.id, b.incident}] {
			continue
		}
		for k := range w.model.alerts {
			if k.hb != b.id || k.incident != b.incident || !k.kind.Alarms() || k.to == "" || w.byHand(teller{b.id, k.to}) {
				continue
			}
			if !w.wasDelivered(k) {
				w.fail("hb%d fails in incident %d, and no alarm of it reached %s", b.id[7], b.incident, k.to)
			}
		}
	}
}

func (w *world) wasDelivered(k alertKey) bool {
	for _, seen := range w.rows {
		r := &seen.row
		if r.Heartbeat == k.hb && r.Incident == k.incident && r.Recipient == k.to && r.Kind.Alarms() && w.mail.delivered[r.ID]+w.mail.delivered[r.Digest] > 0 {
			return true
		}
	}
	return false
}

// lasts returns until when the incident of a row must last before it is told; 0: it need not.
func (m *model) lasts(r *ledger.Row) int64 {
	if e := m.alerts[alertKey{r.Heartbeat, r.Incident, fsm.AlertDown, r.Recipient}]; e != nil {
		return e.lasts
	}
	return 0
}
