package wrap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Statuses of a command that was not run, as shells have them.
const (
	statusCannotRun = 126
	statusNotFound  = 127
	statusSignal    = 128 // and the signal's number
)

// job is a command that runs. It is in this process's group, so that a terminal and
// whoever kills a group reach it as they would without a wrapper.
type job struct {
	cmd     *exec.Cmd
	started time.Time
}

// startJob starts a command, or returns an error that is for a person.
func startJob(command, environ []string, out *output) (*job, error) {
	path, err := exec.LookPath(command[0])
	if err != nil && !errors.Is(err, exec.ErrDot) { // shells run what is in "."
		out.closePipes()
		return nil, fmt.Errorf("%s cannot be run: %w", command[0], withoutExecPrefix(err))
	}
	j, err := startProcess(path, command, environ, out)
	if errors.Is(err, syscall.ENOEXEC) { // a script that does not name its shell
		j, err = startProcess("/bin/sh", append([]string{"sh", path}, command[1:]...), environ, out)
	}
	if err != nil {
		out.closePipes()
		return nil, fmt.Errorf("%s cannot be run: %w", command[0], withoutExecPrefix(err))
	}
	out.startCarrying()
	return j, nil
}

func startProcess(path string, argv, environ []string, out *output) (*job, error) {
	cmd := &exec.Cmd{Path: path, Args: argv, Stdin: os.Stdin, Stdout: out.stdout(), Stderr: out.stderr(), Env: environ}
	j := &job{cmd: cmd, started: time.Now()}
	return j, cmd.Start()
}

func (j *job) process() *os.Process { return j.cmd.Process }

// wait waits for the job itself, not for what it left in the background, and
// returns its status as a shell would.
func (j *job) wait() int {
	_ = j.cmd.Wait() // the state says it all
	state := j.cmd.ProcessState
	if state == nil {
		return statusCannotRun
	}
	if w, ok := state.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return statusSignal + int(w.Signal())
	}
	return state.ExitCode()
}

// commandStatus is the status of a command that could not be started.
func commandStatus(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return statusNotFound
	}
	return statusCannotRun
}

// withoutExecPrefix is an error without what os/exec says about where it arose.
func withoutExecPrefix(err error) error {
	var e *exec.Error
	var p *fs.PathError
	switch {
	case errors.As(err, &e):
		return e.Err
	case errors.As(err, &p):
		return p.Err
	}
	return err
}
