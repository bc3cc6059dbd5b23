package localcluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Patience with a process that was told to start or to stop.
const (
	startWait = 30 * time.Second
	stopWait  = 30 * time.Second
)

// Node is one process and its data folder. It may be used by one goroutine at a time.
type Node struct {
	Name  string
	Dir   string // the data folder
	Addrs Addrs  // of the last start

	opts   *Options
	host   Host
	join   string   // a gossip address, for the first start
	expect int      // --bootstrap-expect; 0: not given
	extra  []string // flags of this node alone

	cmd  *exec.Cmd
	done chan struct{} // closed when the process ended
}

// Addrs is what DATA_DIR/addrs.json tells.
type Addrs struct{ HTTP, Cluster, Gossip string }

// Start runs the node and returns once it has written its addresses. If the
// process ends before that, the error holds what it printed.
func (n *Node) Start() error {
	if n.Running() {
		return fmt.Errorf("%s is running", n.Name)
	}
	if err := os.MkdirAll(n.Dir, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(n.logFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	before, _ := os.Stat(n.addrsFile())
	line := slices.Concat(n.host.Enter, []string{n.opts.Binary}, n.args())
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(n.env(), n.opts.Env...)
	cmd.Stdout, cmd.Stderr = log, cmp.Or(n.opts.Stderr, log)
	cmd.SysProcAttr = childAttr()
	if err := cmd.Start(); err != nil {
		return err
	}
	n.cmd, n.done = cmd, make(chan struct{})
	go func(done chan struct{}) {
		_ = cmd.Wait() // told by ExitCode
		close(done)
	}(n.done)
	return n.waitAddrs(before)
}

// args joins only at the first start: a node with data needs nobody's address.
func (n *Node) args() []string {
	anyPort := net.JoinHostPort(n.host.Addr, "0")
	args := []string{
		"serve", "--node-name", n.Name, "--data-dir", n.Dir,
		"--http-addr", anyPort, "--cluster-addr", anyPort, "--gossip-addr", anyPort,
	}
	if n.opts.AdminKey != "" {
		args = append(args, "--admin-key", n.opts.AdminKey)
	}
	if n.expect > 0 {
		args = append(args, "--bootstrap-expect", strconv.Itoa(n.expect))
	}
	if n.join != "" && n.Addrs == (Addrs{}) {
		args = append(args, "--join", n.join)
	}
	if n.opts.Cert != "" {
		args = append(args, "--http-tls-cert", n.opts.Cert, "--http-tls-key", n.opts.Key)
	}
	return append(append(args, n.opts.Flags...), n.extra...)
}

// waitAddrs waits until addrs.json is another file than the one before.
func (n *Node) waitAddrs(before os.FileInfo) error {
	deadline := time.After(startWait)
	for {
		now, err := os.Stat(n.addrsFile())
		if err == nil && (before == nil || !os.SameFile(before, now)) {
			return n.readAddrs()
		}
		select {
		case <-n.done:
			return fmt.Errorf("%s ended with exit code %d:\n%s", n.Name, n.ExitCode(), n.Log())
		case <-deadline:
			return errors.Join(fmt.Errorf("%s wrote no addrs.json in %s:\n%s", n.Name, startWait, n.Log()), n.Kill())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (n *Node) readAddrs() error {
	text, err := os.ReadFile(n.addrsFile())
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &n.Addrs)
}

// Kill ends the process as a power cut would, and waits for its end. A node that
// is down stays down.
func (n *Node) Kill() error { return n.end(syscall.SIGKILL) }

// Wipe kills the process and removes its data folder. At its next start the node is
// new, and joins by the gossip address of another.
func (n *Node) Wipe(join string) error {
	if err := n.Kill(); err != nil {
		return err
	}
	n.Addrs, n.join, n.expect = Addrs{}, join, 0
	return os.RemoveAll(n.Dir)
}

// Stop tells the process to leave, and waits for its end.
func (n *Node) Stop() error { return n.end(syscall.SIGTERM) }

func (n *Node) end(sig syscall.Signal) error {
	if !n.Running() {
		return nil
	}
	if err := n.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-n.done:
		return nil
	case <-time.After(stopWait):
		_ = n.cmd.Process.Kill()
		<-n.done
		return fmt.Errorf("%s did not end within %s of %s", n.Name, stopWait, sig)
	}
}

// Signal sends the process a signal.
func (n *Node) Signal(sig syscall.Signal) error { return n.cmd.Process.Signal(sig) }

// Running reports whether the process lives; a frozen one does.
func (n *Node) Running() bool {
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.done:
		return false
	default:
		return true
	}
}

// Wait waits for the process to end by itself.
func (n *Node) Wait(ctx context.Context) error {
	select {
	case <-n.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s still runs", n.Name)
	}
}

// ExitCode is that of a process that ended; -1 after a signal.
func (n *Node) ExitCode() int { return n.cmd.ProcessState.ExitCode() }

// PID is the process's.
func (n *Node) PID() int { return n.cmd.Process.Pid }

// URL is the node's HTTP address.
func (n *Node) URL() string {
	if n.opts.Cert != "" {
		return "https://" + n.Addrs.HTTP
	}
	return "http://" + n.Addrs.HTTP
}

// Log is everything the node has printed, in all its starts.
func (n *Node) Log() string {
	text, err := os.ReadFile(n.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// WaitReady returns once /readyz answers 200.
func (n *Node) WaitReady(ctx context.Context) error {
	last := "no answer"
	for wait := newPoll(); ; {
		status, body, err := get(ctx, n.URL()+"/readyz", "")
		if err == nil && status == http.StatusOK {
			return nil
		}
		if err == nil {
			last = string(body)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %s", n.Name, last)
		case <-n.done:
			return fmt.Errorf("%s ended:\n%s", n.Name, n.Log())
		case <-wait.next():
		}
	}
}

// leader is the name of the node that this one takes for the leader, or "".
func (n *Node) leader(ctx context.Context) (string, error) {
	_, body, err := get(ctx, n.URL()+"/v1/cluster", n.opts.AdminKey)
	if err != nil {
		return "", err
	}
	var answer struct{ Leader *string }
	if err := json.Unmarshal(body, &answer); err != nil || answer.Leader == nil {
		return "", err
	}
	return *answer.Leader, nil
}

func (n *Node) logFile() string   { return n.Dir + ".log" }
func (n *Node) addrsFile() string { return filepath.Join(n.Dir, "addrs.json") }

// env tells the cluster's secret to a process.
func (n *Node) env() []string {
	if n.opts.Secret == NoSecret {
		return cleanEnv()
	}
	return append(cleanEnv(), "QUORUMBEAT_CLUSTER_SECRET="+n.opts.Secret)
}

// cleanEnv is this process's environment without settings of quorumbeat.
func cleanEnv() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "QUORUMBEAT_") {
			env = append(env, e)
		}
	}
	return env
}
