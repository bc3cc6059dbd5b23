package events

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// IDs look like 3f2a9c1e.7.48213: the cluster, and a place in its log. Clients take them as
// they are.

func formatID(cluster fsm.NodeID, at fsm.Position) string {
	return hex.EncodeToString(cluster[:4]) + "." + strconv.FormatUint(at.Term, 10) + "." + strconv.FormatUint(at.Index, 10)
}

// parseID returns the place that an ID names in a cluster's log; false if it is none of that
// cluster's.
func parseID(id string, cluster fsm.NodeID) (at fsm.Position, ok bool) {
	rest, ok := strings.CutPrefix(id, hex.EncodeToString(cluster[:4])+".")
	term, index, both := strings.Cut(rest, ".")
	if !ok || !both {
		return at, false
	}
	var err1, err2 error
	at.Term, err1 = strconv.ParseUint(term, 10, 64)
	at.Index, err2 = strconv.ParseUint(index, 10, 64)
	return at, err1 == nil && err2 == nil
}
