package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// Numbers are the figures that a request tells of a run. What cannot be read is left out, for
// no ping is refused for a number, and Dropped and Why say so.
type Numbers struct {
	List    []fsm.Number
	Dropped int
	Why     string // the first of those
}

// add adds a number as a client wrote it.
func (n *Numbers) add(name, value string) {
	x, err := fsm.ParseNumber(strings.TrimSpace(name), strings.TrimSpace(value))
	if err != nil {
		n.drop(err.Error())
		return
	}
	var room bool
	if n.List, room = fsm.AddNumber(n.List, x); !room {
		n.drop(fmt.Sprintf("%s is one of too many: there may be %d", x.Name, fsm.MaxNumbers))
	}
}

func (n *Numbers) drop(why string) {
	if n.Dropped++; n.Why == "" {
		n.Why = why
	}
}

// Merge adds the numbers of another part of the request.
func (n *Numbers) Merge(more Numbers) {
	if len(n.List) == 0 && n.Dropped == 0 {
		*n = more
		return
	}
	for _, x := range more.List {
		var room bool
		if n.List, room = fsm.AddNumber(n.List, x); !room {
			n.drop(fmt.Sprintf("%s is one of too many: there may be %d", x.Name, fsm.MaxNumbers))
		}
	}
	if more.Dropped > 0 {
		n.Dropped += more.Dropped - 1
		n.drop(more.Why)
	}
}

// metric reads Cronitor's ?metric=NAME:VALUE,NAME:VALUE.
func (n *Numbers) metric(value string) {
	for one := range strings.SplitSeq(value, ",") {
		name, v, _ := strings.Cut(one, ":")
		n.add(name, v)
	}
}

// BodyNumbers reads the numbers of a body that is a JSON object with "metrics": an object of
// numbers. Any other body has none.
func BodyNumbers(body []byte) (n Numbers) {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 || body[0] != '{' || !bytes.Contains(body, []byte(`"metrics"`)) {
		return n
	}
	var whole struct {
		Metrics map[string]json.RawMessage `json:"metrics"`
	}
	if err := json.Unmarshal(body, &whole); err != nil {
		n.drop("the body is not JSON with an object metrics: " + ascii(err.Error()))
		return n
	}
	names := make([]string, 0, len(whole.Metrics))
	for name := range whole.Metrics {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		n.add(name, string(whole.Metrics[name]))
	}
	return n
}

// ascii makes a text fit for a header.
func ascii(text string) string { return strings.Trim(fmt.Sprintf("%+.100q", text), `"`) }

// PushNumbers reads Uptime Kuma's ?ping=, which is empty where a script has nothing to tell.
func PushNumbers(ping []byte) (n Numbers) {
	if len(ping) > 0 {
		n.add("ping_ms", string(ping))
	}
	return n
}
