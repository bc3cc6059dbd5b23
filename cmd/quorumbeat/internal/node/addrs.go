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

type addrs struct {
	HTTP    string `json:"http"`
	Cluster string `json:"cluster"`
	Gossip  string `json:"gossip"`
}

// writeAddrs replaces the file at once: a reader sees the old one or the new one.
func writeAddrs(path string, a addrs) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if err := durable.ReplaceUnsynced(path, append(b, '\n')); err != nil {
		return fmt.Errorf("the addresses of this node cannot be written: %w", err)
	}
	return nil
}

// lastPort returns the HTTP port of the last start, "" if that is not known.
func lastPort(path string) string {
	var a addrs
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &a) != nil {
		return ""
	}
	_, port, _ := net.SplitHostPort(a.HTTP)
	return port
}
