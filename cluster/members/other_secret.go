package members

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/quorumbeat/quorumbeat/cluster/transport"
)

// otherSecretDetector reads memberlist's log for peers that have another key than this node,
// or none, and tells of them in plain words.
type otherSecretDetector struct{ trouble *Troubles }

var gossipPeer = regexp.MustCompile(`from=(\[[^\]]*\]|[0-9.]+)`)

func (w otherSecretDetector) Write(line []byte) (int, error) {
	if saysOtherSecret(string(line)) {
		from := "an address of --join"
		if m := gossipPeer.FindSubmatch(line); m != nil {
			from = string(m[1])
		}
		w.trouble.Note("gossip "+from, 0, fmt.Sprintf("a node with another cluster secret, or with none, was met by gossip (%s) and is not listened to: %s", from, transport.OtherSecretAdvice))
	}
	return len(line), nil
}

// saysOtherSecret recognises memberlist's words, on the side that asks and on the other.
func saysOtherSecret(line string) bool {
	for _, words := range []string{"no installed keys could decrypt", "state is not encrypted", "encryption is not configured"} {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}
