package channels

import (
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Route returns the channels for a heartbeat's alerts: those that it names, else those
// that share a tag with it, else the default ones. byDefault tells that it is the default
// ones, so that the default mail goes out as well. A channel that is gone counts as not
// named.
func (t *Table) Route(named []string, tags []string) (list []*fsm.Channel, byDefault bool) {
	if t == nil {
		return nil, true
	}
	for _, name := range named {
		id, err := fsm.ParseChannelID(name)
		if c := t.byID[id]; c != nil && err == nil {
			list = append(list, c)
		}
	}
	if len(list) > 0 {
		return list, false
	}
	for _, tag := range tags {
		list = append(list, t.byTag[tag]...)
	}
	if len(list) > 0 {
		slices.SortFunc(list, func(a, b *fsm.Channel) int { return strings.Compare(string(a.ID[:]), string(b.ID[:])) })
		return slices.Compact(list), false
	}
	return t.defaults, true
}
