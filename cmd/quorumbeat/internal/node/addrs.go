package node

import (
	"encoding/json"
	"fmt"
	"net"
	"os"

	"github.com/quorumbeat/quorumbeat/cluster/durable"
)

// addrsFile tells in the data folder where a node listens, for programs that start
// nodes on port 0.
const addrsFile = "addrs.json"

type boundAddrs struct {
	HTTP    string `json:"http"`
	Cluster string `json:"cluster"`
	Gossip  string `json:"gossip"`
}

// writeBoundAddrs replaces the file at once: a reader sees the old one or the new one.
func writeBoundAddrs(path string, a boundAddrs) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if err := durable.ReplaceUnsynced(path, append(b, '\n')); err != nil {
		return fmt.Errorf("the addresses of this node cannot be written: %w", err)
	}
	return nil
}

// lastHTTPPort returns the HTTP port of the last start, "" if that is not known.
func lastHTTPPort(path string) string {
	var a boundAddrs
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &a) != nil {
		return ""
	}
	_, port, _ := net.SplitHostPort(a.HTTP)
	return port
}
