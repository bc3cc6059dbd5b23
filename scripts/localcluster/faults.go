package localcluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Break gives a node of a binary built with the tag faults an order; see
// cmd/quorumbeat/faults_on.go for what there is. It outlives the process.
func (n *Node) Break(name, order string) error {
	if err := os.MkdirAll(n.faultDir(), 0o700); err != nil {
		return err
	}
	unfinished := filepath.Join(n.faultDir(), "."+name)
	if err := os.WriteFile(unfinished, []byte(order), 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, filepath.Join(n.faultDir(), name))
}

// Mend takes an order back.
func (n *Node) Mend(name string) error {
	err := os.Remove(filepath.Join(n.faultDir(), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (n *Node) faultDir() string { return n.Dir + ".faults" }

// Frozen reports whether the process stands still, by Freeze or by order. It
// reads /proc.
func (n *Node) Frozen() bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(n.PID()), "stat"))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name before it may hold anything
	return strings.HasPrefix(after, "T")
}
