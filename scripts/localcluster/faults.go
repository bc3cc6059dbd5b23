package localcluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Break gives a node of a binary built with the tag faults an order; see
// cmd/quorumbeat/internal/node/faults_on.go for what there is. It outlives the process.
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
	_, err := n.TakeBack(name)
	return err
}

// TakeBack is Mend, and reports whether the order was still there: a node that is to crash or to
// freeze takes it first, and then does so at once.
func (n *Node) TakeBack(name string) (bool, error) {
	err := os.Remove(filepath.Join(n.faultDir(), name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (n *Node) faultDir() string { return n.Dir + ".faults" }

// Freeze stops the process where it stands (SIGSTOP), and returns once it does; Thaw lets
// it go on. Where there is no /proc it does not wait.
func (n *Node) Freeze() error {
	if err := n.Signal(syscall.SIGSTOP); err != nil || len(n.threads()) == 0 {
		return err
	}
	for deadline := time.Now().Add(freezeLimit); !n.Frozen(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not stand still", n.Name)
		}
	}
	return nil
}

// freezeLimit is how long the threads of a stopped process may take to stop.
const freezeLimit = 10 * time.Second

// Thaw undoes Freeze.
func (n *Node) Thaw() error { return n.Signal(syscall.SIGCONT) }

// Frozen reports whether the process stands still with all its threads, by Freeze or by
// order. It reads /proc.
func (n *Node) Frozen() bool {
	threads := n.threads()
	for _, file := range threads {
		stat, err := os.ReadFile(file)
		_, after, _ := strings.Cut(string(stat), ") ") // the name before it may hold anything
		if err == nil && !strings.HasPrefix(after, "T") {
			return false
		}
	}
	return len(threads) > 0
}

// threads are the files that tell of the process's threads.
func (n *Node) threads() []string {
	files, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(n.PID()), "task", "*", "stat"))
	return files
}
