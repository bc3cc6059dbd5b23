package channels

import (
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/routing"
)

// Route returns the channels for the alerts of a heartbeat with a spec: those that it names, else
// those that share a tag with it, else the default ones; and which of these rules it was. One that names
// addresses names somebody; a channel that is gone counts as not named.
func (t *Table) Route(spec *fsm.Spec) (list []*fsm.Channel, by routing.By) {
	if t == nil {
		t = &Table{}
	}
	for _, name := range spec.Notify {
		id, err := fsm.ParseChannelID(name)
		if c := t.byID[id]; c != nil && err == nil {
			list = append(list, c)
		}
	}
	if len(list) > 0 || len(spec.NotifyMail) > 0 {
		return list, routing.ByNotify
	}
	for _, tag := range spec.Tags {
		list = append(list, t.byTag[tag]...)
	}
	if len(list) > 0 {
		slices.SortFunc(list, byID)
		return slices.Compact(list), routing.ByTag
	}
	return t.defaults, routing.ByDefault
}

// Defaults are the default channels.
func (t *Table) Defaults() []*fsm.Channel {
	if t == nil {
		return nil
	}
	return t.defaults
}
