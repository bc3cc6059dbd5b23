package wrap

import (
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/length"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/spool"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// Settings are those of a wrapped job.
type Settings struct {
	URL, Token string
	Wait       time.Duration
	NoCapture  bool
	Metrics    flags.Numbers
	Spool      spool.Folder
}

const (
	// DefaultWait is how long to try to tell of a job's end.
	DefaultWait = 10 * time.Second
	maxWait     = 5 * time.Minute
)

// Validate reports what is wrong, as an error of usage.
func (s *Settings) Validate() error {
	switch {
	case strings.TrimSpace(s.Token) == "":
		return usage.Errorf("no token is given: set --token or QUORUMBEAT_TOKEN to that of the heartbeat")
	case s.Wait < 0 || s.Wait > maxWait:
		return usage.Errorf("--wait is %s: it must be 0s to 5m", length.Show(s.Wait))
	}
	s.Token = strings.TrimSpace(s.Token)
	return nil
}

func exitSignal(status int) string { return string(heartbeat.ExitStatus(status)) }

// Run runs a job to its end and returns its exit status. Whatever happens to the
// reports about it, they only cost time after its end. say tells a person one line.
func Run(s *Settings, api *heartbeat.Client, command []string, say func(string, ...any)) int {
	signals := catchSignals()
	defer signals.stop()
	out := newOutput(say, !s.NoCapture)
	report := newReport(s, api, say)
	told := newNumbers(s.Metrics, say)
	j, err := startJob(command, told.environ(), out)
	if err != nil {
		say("%v", err)
		signals.passTo(nil)
		report.tellEnd(signals.enough, spool.Signal{Signal: exitSignal(commandStatus(err)), At: time.Now(), Body: []byte(err.Error()), Metrics: told.take()})
		return commandStatus(err)
	}
	signals.passTo(j.process())
	report.tellStart(j.started)
	status := j.wait()
	ended := time.Now()
	report.tellEnd(signals.enough, spool.Signal{Signal: exitSignal(status), At: ended, Body: out.drain(), Metrics: told.take()})
	out.release()
	return status
}
