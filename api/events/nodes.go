package events

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"
)

// Node is a node as the API shows it, without what changes all the time.
type Node struct {
	ID   string
	JSON any
}

// tellNodes tells all nodes first, then those that changed. They are as this node sees them,
// and no part of the log: so no ID leads to them, and each stream begins with all of them.
func (f *Feed) tellNodes(w io.Writer) {
	if time.Since(f.looked) < lookEvery {
		return
	}
	f.looked = time.Now()
	old := f.nodes
	f.nodes = map[string][]byte{}
	for _, n := range f.from.Nodes() {
		data, err := json.Marshal(n.JSON)
		if err != nil {
			continue
		}
		f.nodes[n.ID] = data
		if !bytes.Equal(old[n.ID], data) {
			writeEvent(w, "", "node", data)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(old)) {
		if f.nodes[id] == nil {
			f.write(w, "", event{"node_removed", map[string]string{"id": id}})
		}
	}
}
