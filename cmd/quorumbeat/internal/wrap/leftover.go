package wrap

import (
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
)

// CarryCommand is the command of this program that calls CarryOutput.
const CarryCommand = "carry-output"

// handOver starts a process that carries streams on until their ends. It is in a
// session of its own: it is to last for as long as those who print.
func handOver(streams []*stream) error {
	self := "/proc/self/exe" // there is one even if the binary was replaced
	if _, err := os.Stat(self); err != nil {
		if self, err = os.Executable(); err != nil {
			return err
		}
	}
	cmd := exec.Command(self, CarryCommand)
	cmd.Args[0] = "quorumbeat"
	cmd.Dir = "/" // not to hold a folder
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	for _, s := range streams {
		cmd.Args = append(cmd.Args, strconv.Itoa(int(s.to.Fd())))
		cmd.ExtraFiles = append(cmd.ExtraFiles, s.r)
	}
	err := cmd.Start()
	for _, s := range streams {
		s.r.Close()
	}
	if err != nil {
		return err
	}
	return cmd.Process.Release()
}

// CarryOutput is the other side of handOver: the first argument is where descriptor 3
// goes, 1 or 2, the second where 4 goes.
func CarryOutput(args []string) error {
	// It ends with its pipes, and a reader that goes away is no reason to be killed.
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGPIPE)
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT)
	var carrying sync.WaitGroup
	for i, arg := range args {
		to := map[string]*os.File{"1": os.Stdout, "2": os.Stderr}[arg]
		if to == nil {
			return usage.Errorf("%s is for this program's own use", CarryCommand)
		}
		from := os.NewFile(uintptr(3+i), "pipe")
		carrying.Go(newStream(from, nil, to, &tail{}).carry)
	}
	carrying.Wait()
	return nil
}
