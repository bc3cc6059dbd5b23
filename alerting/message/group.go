package message

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Sharing is what the heartbeats of a group have in common.
type Sharing int

// The kinds of it. An address says more than a tag, for a machine that dies takes its jobs with it, and a tag,
// which somebody chose, more than a name.
const (
	Prefix Sharing = iota
	Tag
	Address
)

const (
	minOfGroup    = 3 // heartbeats make a group
	maxGroups     = 5
	maxPrefixes   = 4 // of a name are looked at
	atOnce        = time.Minute
	shortestStart = 3 // bytes of a prefix
)

// weight is what an alert is worth that this explains. So a tag that everything has does not hide the machine
// on which two thirds of it ran.
func (s Sharing) weight() int { return [...]int{2, 2, 3}[s] }

// Group is some of the heartbeats of a digest that have something in common.
type Group struct {
	By      Sharing
	Value   string
	Members []int // among those that were grouped, in their order
}

// key is something that heartbeats may share.
type key struct {
	by    Sharing
	value string
}

// compare puts first what says more, of keys that explain as much.
func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(o.by, k.by), cmp.Compare(len(o.value), len(k.value)), cmp.Compare(k.value, o.value))
}

// GroupOf puts together what happened to heartbeats that share their source address, a tag or the
// beginning of their names: what explains most of them first, then what explains most of the rest. No
// heartbeat is in two groups. Those in none are in rest. The same alerts make the same groups, in any order.
func GroupOf(alerts []fsm.Alert) (groups []Group, rest []int) {
	sharers := map[key][]int{}
	for i, a := range alerts {
		for _, k := range keysOf(a) {
			sharers[k] = append(sharers[k], i)
		}
	}
	taken := make([]bool, len(alerts))
	for len(groups) < maxGroups {
		best, score := key{}, 0
		for k, members := range sharers {
			free := countFree(members, taken)
			if free < minOfGroup {
				delete(sharers, k) // it only gets less
				continue
			}
			if n := free * k.by.weight(); n > score || n == score && k.compare(best) < 0 {
				best, score = k, n
			}
		}
		if score == 0 {
			break
		}
		g := Group{By: best.by, Value: best.value}
		for _, i := range sharers[best] {
			if !taken[i] {
				taken[i] = true
				g.Members = append(g.Members, i)
			}
		}
		groups = append(groups, g)
	}
	for i := range alerts {
		if !taken[i] {
			rest = append(rest, i)
		}
	}
	return groups, rest
}

func countFree(members []int, taken []bool) (n int) {
	for _, i := range members {
		if !taken[i] {
			n++
		}
	}
	return n
}

// keysOf is what a heartbeat may share with others, each once. The monitor's own troubles are no heartbeats.
func keysOf(a fsm.Alert) (keys []key) {
	if a.OfSystem() {
		return nil
	}
	if from := a.Evidence.LastFrom; from != "" {
		keys = append(keys, key{Address, from})
	}
	for _, tag := range a.About.Tags {
		if k := (key{Tag, tag}); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	name, found := a.Evidence.Name, 0
	for i, c := range name {
		if strings.ContainsRune("-_./: ", c) && i+1 >= shortestStart && i+1 < len(name) && found < maxPrefixes {
			keys = append(keys, key{Prefix, name[:i+1]})
			found++
		}
	}
	return keys
}

// String is the word for it in JSON.
func (s Sharing) String() string { return [...]string{"name_prefix", "tag", "address"}[s] }

// with says what the heartbeats share, after their number.
func (g Group) with() string {
	switch g.By {
	case Address:
		return "from " + OneLine(g.Value)
	case Tag:
		return "tagged " + OneLine(g.Value)
	}
	return fmt.Sprintf("named %s*", OneLine(g.Value))
}

// sentence tells what happened to a group, and when.
func (g Group) sentence(alerts []fsm.Alert) string {
	words, zone := "", alerts[g.Members[0]].CreatedAt.Location()
	var times []time.Time
	for _, i := range g.Members {
		a := alerts[i]
		if said := happened(a); words == "" {
			words = said
		} else if words != said {
			words = "fail"
		}
		if a.CreatedAt.Location().String() != zone.String() {
			zone = time.UTC
		}
		times = append(times, a.CreatedAt)
	}
	first, last := slices.MinFunc(times, time.Time.Compare).In(zone), slices.MaxFunc(times, time.Time.Compare).In(zone)
	when := "at " + formatTime(first)
	if last.Sub(first) > atOnce {
		when = fmt.Sprintf("between %s and %s", formatTime(first), formatTime(last))
	}
	return fmt.Sprintf("%d heartbeats %s %s %s.", len(g.Members), g.with(), words, when)
}

// happened says in a few words what an alert tells.
func happened(a fsm.Alert) string {
	switch newsOf(a) {
	case newsRecovered:
		return "ping again"
	case newsFailed, newsFailedLater:
		return "failed"
	case newsHung:
		return "did not finish a run"
	case newsStillDown:
		return "are still down"
	}
	return "stopped"
}
