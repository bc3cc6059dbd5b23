package members

import (
	"github.com/hashicorp/raft"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// NameOf returns what people call a node, its ID if that is not known.
func NameOf(id fsm.NodeID, registered []fsm.NodeInfo, members []Member) string {
	for _, info := range registered {
		if info.ID == id {
			return info.Name
		}
	}
	for _, m := range members {
		if m.ID == id {
			return m.Name
		}
	}
	return id.String()
}

func serverID(s raft.Server) fsm.NodeID {
	id, _ := fsm.ParseNodeID(string(s.ID))
	return id
}

func NodeIDOf(id raft.ServerID) fsm.NodeID {
	node, _ := fsm.ParseNodeID(string(id))
	return node
}
