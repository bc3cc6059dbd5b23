package alerting

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// groups are what a digest counts, in the order in which it tells them.
var groups = [...]struct{ one, many string }{
	{"reported a failure", "reported a failure"},
	{"did not finish a run", "did not finish a run"},
	{"stopped pinging", "stopped pinging"},
	{"failed after a silence that you were told of", "failed after a silence that you were told of"},
	{
		"was due while no ping could be taken; please check whether the job ran",
		"were due while no ping could be taken; please check whether the jobs ran",
	},
	{"pings again", "ping again"},
}

func group(a fsm.Alert) int {
	e := a.Evidence
	switch {
	case a.Kind == fsm.AlertRecovered:
		return 5
	case a.Kind == fsm.AlertUnheard:
		return 4
	case tag(a) == "FAILED":
		return 3
	case e.Failed:
		return 0
	case !e.Started.IsZero():
		return 1
	}
	return 2
}

// digestLead counts the groups, and gathers their tags.
func digestLead(members []fsm.Alert) (tags string, lead []string) {
	var counts [len(groups)]int64
	var of [len(groups)]string
	for _, m := range members {
		counts[group(m)]++
		of[group(m)] = tag(m)
	}
	var list []string
	for i, n := range counts {
		if n == 0 {
			continue
		}
		words := groups[i].many
		if n == 1 {
			words = groups[i].one
		}
		lead = append(lead, fmt.Sprintf("%s %s.", plural(n, "heartbeat", "heartbeats"), words))
		if len(list) == 0 || list[len(list)-1] != of[i] {
			list = append(list, of[i])
		}
	}
	return strings.Join(list, "/"), lead
}
