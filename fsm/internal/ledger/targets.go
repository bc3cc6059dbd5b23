package ledger

import (
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/table"
	"github.com/quorumbeat/quorumbeat/fsm/routing"
)

// target is who is told of a heartbeat: a mail address or a channel, or nobody.
type target struct {
	name    string       // an address, a channel's ID, an address in a channel, or ""
	channel *fsm.Channel // nil: an address that is in none
	by      routing.By
}

// everyKind is what mail takes.
var everyKind = fsm.SetOf(fsm.ChannelKinds...)

// on are the kinds of alerts that a target takes.
func (t target) on() fsm.AlertSet {
	if t.channel == nil {
		return everyKind
	}
	return t.channel.Spec.On
}

// after is for how long an incident must last before a target is told, in ms.
func (t target) after() int64 {
	if t.channel == nil {
		return 0
	}
	return t.channel.Spec.After * 1000
}

// address is that of a target to which mail goes; "" for others.
func (t target) address() string {
	address, _ := fsm.MailOf(t.name)
	return address
}

// targetsOf returns the targets of a heartbeat's alerts of a kind. One without a name if it has no
// target at all. An address that it has in several ways is told once: in the way that tells it first.
func (now Now) targetsOf(r *table.Record, kind fsm.AlertKind) (list []target) {
	all := now.targetsOfSpec(&r.Cold.Spec)
	if len(all) == 0 {
		return []target{{}}
	}
	for _, t := range all {
		if !t.on().Has(kind) {
			continue
		}
		switch i := slices.IndexFunc(list, t.isSameMailbox); {
		case i < 0:
			list = append(list, t)
		case t.after() < list[i].after():
			list[i] = t
		}
	}
	return list
}

// isSameMailbox takes no notice of case: servers that do may exist, people who read two mailboxes that differ in it do not.
func (t target) isSameMailbox(other target) bool {
	return t.address() != "" && strings.EqualFold(t.address(), other.address())
}

// Targets names the targets of a heartbeat with a spec: addresses, and IDs of channels.
func (now Now) Targets(spec *fsm.Spec) (names []string) {
	for _, t := range now.targetsOfSpec(spec) {
		names = append(names, t.name)
	}
	return names
}

// targetsOfSpec returns its channels, and its own addresses or, if nothing else was chosen for it, those
// of the settings.
func (now Now) targetsOfSpec(spec *fsm.Spec) (list []target) {
	routed, by := now.Channels.Route(spec)
	for _, c := range routed {
		list = append(list, targetsIn(c, by)...)
	}
	for _, to := range spec.NotifyMail {
		list = append(list, target{name: to, by: routing.ByNotify})
	}
	for _, to := range spec.Emails {
		list = append(list, target{name: to, by: routing.ByEmail})
	}
	if len(spec.Emails) == 0 && by == routing.ByDefault {
		list = append(list, now.mailTo()...)
	}
	return list
}

func (now Now) mailTo() (list []target) {
	for _, to := range now.Settings.MailTo {
		list = append(list, target{name: to, by: routing.ByMailTo})
	}
	return list
}

// targetsIn returns what a channel tells: itself, or each address of one that is mail.
func targetsIn(c *fsm.Channel, by routing.By) (list []target) {
	for _, address := range c.Spec.Addresses() {
		list = append(list, target{fsm.MailBy(c.ID, address), c, by})
	}
	if c.Spec.Kind != fsm.KindEmail {
		list = append(list, target{c.ID.String(), c, by})
	}
	return list
}

// channelOf returns the channel that a recipient names, or is in; nil if there is none, or it is gone.
func (now Now) channelOf(recipient string) *fsm.Channel {
	id, ok := fsm.ChannelOf(recipient)
	if !ok {
		_, id = fsm.MailOf(recipient)
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
