package wrap

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// passedOn are the signals that a job gets from its wrapper.
var passedOn = []os.Signal{
	syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGTSTP,
}

// ignoredAtStart are the signals that whoever started this program had it ignore, as
// nohup does: they stay ignored, for the job too. It is read before anything asks
// for signals.
var ignoredAtStart = ignoredOf(passedOn)

func ignoredOf(signals []os.Signal) (ignored []os.Signal) {
	for _, s := range signals {
		if signal.Ignored(s) {
			ignored = append(ignored, s)
		}
	}
	return ignored
}

// signals are those that come while a job runs, and after.
type signals struct {
	came   chan os.Signal
	enough chan struct{} // closed by a signal that would have the wrapper end, when the job has
	over   chan struct{}
	wg     sync.WaitGroup
	once   sync.Once
}

// catchSignals holds signals back until there is a job to pass them to.
func catchSignals() *signals {
	s := &signals{came: make(chan os.Signal, 64), enough: make(chan struct{}), over: make(chan struct{})}
	// A reader of the output that went away must not kill the wrapper: see stream.
	signal.Notify(s.came, append([]os.Signal{syscall.SIGPIPE}, passedOn...)...)
	for _, ignored := range ignoredAtStart {
		signal.Ignore(ignored)
	}
	return s
}

// passTo passes signals on to a job; nil stands for one that has ended.
func (s *signals) passTo(p *os.Process) {
	s.wg.Go(func() {
		for {
			select {
			case sig := <-s.came:
				s.takeSignal(sig, p)
			case <-s.over:
				return
			}
		}
	})
}

func (s *signals) takeSignal(sig os.Signal, p *os.Process) {
	if sig == syscall.SIGPIPE {
		return
	}
	pass := sig
	if fromKeyboard(sig) {
		pass = syscall.Signal(0) // only asks whether the job is there
	}
	if p == nil || p.Signal(pass) != nil {
		s.cutShort(sig)
	}
	if sig == syscall.SIGTSTP { // a shell waits for the wrapper to stop, too
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	}
}

func (s *signals) cutShort(sig os.Signal) {
	switch sig {
	case syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT:
		s.once.Do(func() { close(s.enough) })
	}
}

func (s *signals) stop() {
	signal.Stop(s.came)
	close(s.over)
	s.wg.Wait()
}

// fromKeyboard reports whether the job was given a signal by the terminal, which
// gives it to every process of its foreground group.
func fromKeyboard(sig os.Signal) bool {
	switch sig {
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGWINCH:
		return inForeground()
	}
	return false
}

func inForeground() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
