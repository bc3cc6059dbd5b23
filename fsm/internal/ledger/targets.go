package ledger

import (
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
)

// target is who is told of a heartbeat: a mail address or a channel, or nobody.
type target struct {
	name  string       // an address, a channel's ID, or ""
	on    fsm.AlertSet // the kinds of alerts that it takes
	after int64        // ms that an incident must last before it is told
}

// everyKind is what mail takes.
var everyKind = fsm.SetOf(fsm.ChannelKinds...)

// targetsOf returns the targets of a heartbeat's alerts: its channels, and its own addresses or,
// if nothing else was chosen for it, those of the settings. One without a name if there is none.
func (now Now) targetsOf(r *table.Record) []target {
	list := now.targetsOfSpec(&r.Cold.Spec)
	if len(list) == 0 {
		return []target{{on: everyKind}}
	}
	return list
}

// Targets names the targets of a heartbeat with a spec: addresses, and IDs of channels.
func (now Now) Targets(spec *fsm.Spec) (names []string) {
	for _, t := range now.targetsOfSpec(spec) {
		names = append(names, t.name)
	}
	return names
}

func (now Now) targetsOfSpec(spec *fsm.Spec) (list []target) {
	routed, byDefault := now.Channels.Route(spec.Notify, spec.Tags)
	for _, c := range routed {
		list = append(list, target{c.ID.String(), c.Spec.On, c.Spec.After * 1000})
	}
	mail := spec.Emails
	if len(mail) == 0 && byDefault {
		mail = now.Settings.MailTo
	}
	for _, to := range mail {
		list = append(list, target{name: to, on: everyKind})
	}
	return list
}

// channelOf returns the channel that a recipient names; nil if it is none, or gone.
func (now Now) channelOf(recipient string) *fsm.Channel {
	id, ok := fsm.ChannelOf(recipient)
	if !ok {
		return nil
	}
	return now.Channels.Get(id)
}

// takes reports whether a recipient takes a kind of alerts.
func (now Now) takes(recipient string, k fsm.AlertKind) bool {
	c := now.channelOf(recipient)
	return c == nil || c.Spec.On.Has(k)
}

// isAlone reports whether a recipient gets each alert alone, and none in a digest.
func (now Now) isAlone(recipient string) bool {
	c := now.channelOf(recipient)
	return c != nil && c.Spec.Alone
}
