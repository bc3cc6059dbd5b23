package client

import (
	"context"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/client/call"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/term"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// tokenForm is that of a UUID.
var tokenForm = regexp.MustCompile(`(?i)^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)

// signalFlags choose a signal and what goes with it.
type signalFlags struct {
	start, fail, log bool
	exit             int
	rid, body, at    string
	metrics          flags.Numbers
}

func (s *signalFlags) register(f *pflag.FlagSet) {
	f.BoolVar(&s.start, "start", false, "the job begins")
	f.BoolVar(&s.fail, "fail", false, "the job failed: alerts at once")
	f.BoolVar(&s.log, "log", false, "a note, which changes nothing")
	f.Var(flags.Between(&s.exit, 0, 255), "exit-code", "the job ended with this `status`, 0 to 255; not 0 is a failure")
	f.StringVar(&s.rid, "rid", "", "run `ID`, a UUID: the same for start and end of one run")
	f.StringVar(&s.body, "body", "", "`text` to be kept with it, up to 10,000 bytes; - reads the standard input")
	f.Var(&s.metrics, "metric", "a number that the run tells, `NAME=VALUE` like bytes=1048576; may be repeated, up to 16")
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
	if chosen > 1 {
		return "", usage.Errorf("--start, --fail, --log and --exit-code say different things: give one of them")
	}
	return signal, nil
}

func (s *signalFlags) params(f *pflag.FlagSet, stdin io.Reader) (p heartbeat.SignalParams, err error) {
	p.RunID, p.Body, p.Metrics = s.rid, []byte(s.body), s.metrics
	if f.Changed("rid") && s.rid == "" {
		return p, usage.Errorf("--rid is empty: use a UUID, the same for start and end of one run")
	}
	if f.Changed("at") {
		if p.At, err = time.Parse(time.RFC3339, s.at); err != nil {
			return p, usage.Errorf("--at is %q: use a time like 2026-05-02T03:04:05Z", s.at)
		}
	}
	if s.body == "-" {
		// One byte more than is kept, so that a character at the end is not cut in two.
		p.Body, err = io.ReadAll(io.LimitReader(stdin, heartbeat.MaxBody+1))
		_, _ = io.Copy(io.Discard, stdin) // or who writes there is killed for it
	}
	return p, err
}

func pingCommand(p *cli.Program) *cobra.Command {
	var s signalFlags
	var c *cobra.Command
	var settings *cli.Connection
	var token string
	c = call.NewCommand(p, "ping [TOKEN]", "Ping a heartbeat, or tell how its job goes; needs no key", usage.AtMost("TOKEN"), func(ctx context.Context, api *heartbeat.Client, args []string) (any, error) {
		signal, err := s.signal(c.Flags())
		if err != nil {
			return nil, err
		}
		if len(args) > 0 {
			token = args[0]
		}
		if token, err = tokenOf(ctx, api, strings.TrimSpace(token), settings.APIKey != ""); err != nil {
			return nil, err
		}
		params, err := s.params(c.Flags(), p.Stdin)
		if err != nil {
			return nil, err
		}
		status, err := api.Signal(ctx, token, signal, params)
		if heartbeat.IsNotFound(err) {
			err = cli.Failure("no heartbeat has this token; with an API key (QUORUMBEAT_API_KEY) a name will do", "not_found")
		}
		return map[string]string{"status": status}, err
	}, func(w *term.Table, v any) { w.Row(v.(map[string]string)["status"]) }, call.CompleteHeartbeat, func(_ *cli.Program, _ *cobra.Command, s *cli.Connection) { settings = s })
	c.Long = "Ping a heartbeat, or tell how its job goes. The token needs no API key; with one, the heartbeat's name, slug or ID will do."
	cli.TokenFlag(c.Flags(), &token)
	s.register(c.Flags())
	return c
}

// tokenOf returns the token of the heartbeat that is meant: the word itself, or that of
// the heartbeat with this ID, slug or name, which takes a key to find.
func tokenOf(ctx context.Context, api *heartbeat.Client, word string, keyed bool) (string, error) {
	switch {
	case word == "":
		return "", usage.Errorf("no token is given: 'quorumbeat ping TOKEN', or set QUORUMBEAT_TOKEN")
	case tokenForm.MatchString(word), !keyed:
		return word, nil
	}
	id, err := call.HeartbeatOf(ctx, api, word)
	if err != nil {
		return "", err
	}
	h, err := api.Get(ctx, id)
	if err != nil {
		return "", err
	}
	if h.Token == "" {
		return "", cli.Failure("the API key only reads, and so does not see the heartbeat's token: use one of scope write, or give the token", "forbidden")
	}
	return h.Token, nil
}
