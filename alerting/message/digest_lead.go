package message

import (
	"fmt"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// digestGroups are the kinds of news that a digest counts, in the order in which it tells them.
var digestGroups = [...]struct{ one, many string }{
	{"reported a failure", "reported a failure"},
	{"did not finish a run", "did not finish a run"},
	{"stopped pinging", "stopped pinging"},
	{"failed after a silence that you were told of", "failed after a silence that you were told of"},
	{
		"was due while no ping could be taken; please check whether the job ran",
		"were due while no ping could be taken; please check whether the jobs ran",
	},
	{"pings again", "ping again"},
	{"is still down", "are still down"},
}

func digestGroupOf(a fsm.Alert) int {
	e := a.Evidence
	switch {
	case a.Kind == fsm.AlertRecovered:
		return 5
	case a.Kind == fsm.AlertUnheard:
		return 4
	case subjectTag(a) == "STILL DOWN":
		return 6
	case subjectTag(a) == "FAILED":
		return 3
	case e.Failed:
		return 0
	case !e.Started.IsZero():
		return 1
	}
	return 2
}

// leadOfDigest says how many members are in each group, and joins the tags of the groups.
func leadOfDigest(members []fsm.Alert) (tags string, lead []string) {
	var counts [len(digestGroups)]int64
	var of [len(digestGroups)]string
	for _, m := range members {
		counts[digestGroupOf(m)]++
		of[digestGroupOf(m)] = subjectTag(m)
	}
	var list []string
	for i, n := range counts {
		if n == 0 {
			continue
		}
		words := digestGroups[i].many
		if n == 1 {
			words = digestGroups[i].one
		}
		lead = append(lead, fmt.Sprintf("%s %s.", plural(n, "heartbeat", "heartbeats"), words))
		if len(list) == 0 || list[len(list)-1] != of[i] {
			list = append(list, of[i])
		}
	}
	return strings.Join(list, "/"), lead
}
