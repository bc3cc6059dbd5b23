package windows

import (
	"fmt"
	"slices"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Warnings says of a window what its maker may not have meant: tags that no heartbeat has, and that another
// window holds all of it already. has reports whether a heartbeat has a tag.
func Warnings(spec fsm.WindowSpec, others []fsm.Window, has func(tag string) bool) (list []string) {
	for _, tag := range spec.Tags {
		if !has(tag) {
			list = append(list, fmt.Sprintf("no heartbeat has the tag %s: the window holds nothing back for it until one does", tag))
		}
	}
	for _, x := range others {
		if covers(x.Spec, spec) {
			list = append(list, fmt.Sprintf("the window %s (%s) is for the same tags and times already", x.Spec.Name, x.ID))
		}
	}
	return list
}

// covers reports whether a window is on whenever another one is, for all its tags.
func covers(a, b fsm.WindowSpec) bool {
	for _, tag := range b.Tags {
		if !slices.Contains(a.Tags, tag) {
			return false
		}
	}
	if a.Once() || b.Once() {
		return a.Once() && b.Once() && a.From <= b.From && a.To >= b.To
	}
	return slices.Equal(a.Schedule, b.Schedule) && zoneOf(a) == zoneOf(b) && a.For >= b.For
}

func zoneOf(s fsm.WindowSpec) string {
	if s.TZ == "" {
		return "UTC"
	}
	return s.TZ
}
