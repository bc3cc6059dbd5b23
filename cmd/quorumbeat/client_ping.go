package main

import (
	"context"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// signalFlags choose a signal and what goes with it.
type signalFlags struct {
	start, fail, log bool
	exit             int
	rid, body, at    string
}

func (s *signalFlags) register(f *pflag.FlagSet) {
	f.BoolVar(&s.start, "start", false, "the job begins")
	f.BoolVar(&s.fail, "fail", false, "the job failed: alerts at once")
	f.BoolVar(&s.log, "log", false, "a note, which changes nothing")
	f.IntVar(&s.exit, "exit-code", 0, "the job ended with this `status`, 0 to 255; not 0 is a failure")
	f.StringVar(&s.rid, "rid", "", "run `ID`, a UUID: the same for start and end of one run")
	f.StringVar(&s.body, "body", "", "`text` to be kept with it, up to 10,000 bytes; - reads the standard input")
	f.StringVar(&s.at, "at", "", "when it happened, if that was a while ago: a `time` like 2026-05-02T03:04:05Z, at most 24h back")
}

// signal is what the flags say; without any it is a success.
func (s *signalFlags) signal(f *pflag.FlagSet) (heartbeat.Signal, error) {
	signal, chosen := heartbeat.SignalSuccess, 0
	for _, choice := range []struct {
		is     bool
		signal heartbeat.Signal
	}{
		{s.start, heartbeat.SignalStart},
		{s.fail, heartbeat.SignalFail},
		{s.log, heartbeat.SignalLog},
		{f.Changed("exit-code"), heartbeat.ExitStatus(s.exit)},
	} {
		if choice.is {
			signal, chosen = choice.signal, chosen+1
		}
	}
	switch {
	case chosen > 1:
		return "", usagef("--start, --fail, --log and --exit-code say different things: give one of them")
	case s.exit < 0 || s.exit > 255:
		return "", usagef("--exit-code is %d: it must be 0 to 255", s.exit)
	}
	return signal, nil
}

func (s *signalFlags) params(stdin io.Reader) (p heartbeat.SignalParams, err error) {
	p.RunID, p.Body = s.rid, []byte(s.body)
	if s.at != "" {
		if p.At, err = time.Parse(time.RFC3339, s.at); err != nil {
			return p, usagef("--at is %q: use a time like 2026-05-02T03:04:05Z", s.at)
		}
	}
	if s.body == "-" {
		// One byte more than is kept, so that a character at the end is not cut in two.
		p.Body, err = io.ReadAll(io.LimitReader(stdin, heartbeat.MaxBody+1))
		_, _ = io.Copy(io.Discard, stdin) // or who writes there is killed for it
	}
	return p, err
}

func (p *program) pingCommand() *cobra.Command {
	var s signalFlags
	var c *cobra.Command
	c = p.client("ping TOKEN", "Ping a heartbeat, or tell how its job goes; needs no key", cobra.ExactArgs(1), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		signal, err := s.signal(c.Flags())
		if err != nil {
			return nil, err
		}
		params, err := s.params(p.stdin)
		if err != nil {
			return nil, err
		}
		status, err := api.Signal(ctx, strings.TrimSpace(args[0]), signal, params)
		return map[string]string{"status": status}, err
	}, func(w *tabwriter.Writer, v any) { row(w, v.(map[string]string)["status"]) })
	s.register(c.Flags())
	return c
}
