package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
	"github.com/quorumbeat/quorumbeat/scripts/smtpsink"
)

// Operators read of nodes that go and come, once each and by name, and nothing of what
// Raft and the gossip say to each other meanwhile.
func TestLogsTellAnOperatorWhatHappens(t *testing.T) {
	t.Parallel()
	sink := newSink(t, smtpsink.Config{})
	e := startWith(t, sink, localcluster.Options{Nodes: 3, Flags: append(mailFlags(sink, "none"), "--log-format", "json")})
	leader := e.leader()
	rest := e.Followers(leader)
	says := func(n *localcluster.Node, peer, words string, times int) {
		t.Helper()
		testkit.Eventually(t, fmt.Sprintf("%s says %d times of %s: %s", n.Name, times, peer, words), func() bool { return lines(t, n, peer, words) == times })
	}

	testkit.Must(t, rest[0].Kill())
	says(leader, rest[0].Name, "a node is lost", 1)
	says(rest[1], rest[0].Name, "a node is lost", 1)
	testkit.Must(t, rest[1].Kill())
	says(leader, "", "the majority is lost", 1)
	testkit.Must(t, rest[0].Start())
	testkit.Must(t, rest[1].Start())
	says(leader, "", "a majority is there again", 1)
	says(leader, rest[0].Name, "a node is back", 1)
	e.waitReady()
	for _, n := range e.Nodes {
		checkLog(t, n)
	}
}

type logLine struct{ Level, Msg, Peer, Node string }

// lines counts the lines of a node's log that begin with words, about a peer.
func lines(t *testing.T, n *localcluster.Node, peer, words string) (count int) {
	t.Helper()
	for _, text := range strings.Split(strings.TrimSpace(n.Log()), "\n") {
		var l logLine
		if err := json.Unmarshal([]byte(text), &l); err == nil && strings.HasPrefix(l.Msg, words) && (peer == "" || l.Peer == peer) {
			count++
		}
	}
	return count
}

var (
	raftSpeak = regexp.MustCompile(`(?i)heartbeat timeout|election timeout|rollback|term mis-?match|pre-?vote|requestVote|appendEntries|failed to (contact|heartbeat|make|dial)|stepping down|memberlist|pipeline|"part"`)
	aUUID     = regexp.MustCompile(`"(node|peer|leader)":"[0-9a-f]{8}-[0-9a-f]{4}-`)
)

// checkLog looks at every line: its keys are unique, it speaks plainly, and of nodes by
// name; and that there are not many of them.
func checkLog(t *testing.T, n *localcluster.Node) {
	t.Helper()
	all := strings.Split(strings.TrimSpace(n.Log()), "\n")
	if len(all) > 60 {
		t.Errorf("%s wrote %d lines", n.Name, len(all))
	}
	for _, line := range all {
		if key := doubled(line); key != "" {
			t.Errorf("%s has %s twice in %s", n.Name, key, line)
		}
		if raftSpeak.MatchString(line) || aUUID.MatchString(line) {
			t.Errorf("%s is not for an operator: %s", n.Name, line)
		}
	}
}

// doubled returns a key that a JSON object has twice, "" if none is.
func doubled(object string) string {
	dec := json.NewDecoder(strings.NewReader(object))
	seen := map[string]bool{}
	if _, err := dec.Token(); err != nil {
		return ""
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return ""
		}
		if name := fmt.Sprint(key); seen[name] {
			return name
		} else {
			seen[name] = true
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return ""
		}
	}
	return ""
}
