package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/cli"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/flags"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/settings"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/internal/usage"
	"github.com/quorumbeat/quorumbeat/cmd/quorumbeat/load"
	heartbeat "github.com/quorumbeat/quorumbeat/sdk/go"
)

// options are the flags of `bench`.
type options struct {
	cli.Connection
	urls       flags.Addresses
	tokensFile string
	heartbeats int
	keep       string
	threads    int
	load       load.Config
}

// maxHeartbeats is what a cluster takes at most.
const maxHeartbeats = 4_000_000

func Command(p *cli.Program) *cobra.Command {
	s := &options{urls: flags.Addresses{heartbeat.DefaultBaseURL}, heartbeats: 1000, load: load.DefaultConfig()}
	c := &cobra.Command{
		Use:   "bench",
		Short: "Ping as fast as the cluster can take it, or at a rate",
		Long: "Ping heartbeats from many connections, and tell how many pings were acknowledged and how long they took.\n\n" +
			"Without --rate, each connection sends its next ping when it has the last one's answer: that shows the capacity.\n" +
			"With --rate, each ping has its time on a schedule and its latency counts from there, whether or not a connection\n" +
			"was free: that shows what clients would feel at that load. A stall of the server is never hidden.\n\n" +
			"The heartbeats are made for the run, with the tag " + tag + ", and deleted after it, also on Ctrl-C.\n" +
			"With --tokens-file, existing ones are pinged instead, and no key is needed.",
		Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.resolve(p, c); err != nil {
				return err
			}
			return run(p, c.Context(), s)
		},
	}
	s.register(c.Flags())
	return c
}

func (s *options) register(f *pflag.FlagSet) {
	l := &s.load
	f.Var(&s.urls, "url", "`addresses` of nodes or a load balancer, with commas between: connections are spread over them (QUORUMBEAT_URL)")
	settings.SecretFlag(f, &s.APIKey, "api-key", "API `key` that the heartbeats are made with (QUORUMBEAT_API_KEY)")
	f.BoolVar(&s.JSON, "json", false, "print JSON for programs")
	f.StringVar(&s.tokensFile, "tokens-file", "", "`file` of tokens, one a line, to ping instead; \"-\" for the standard input")
	f.IntVar(&s.heartbeats, "heartbeats", s.heartbeats, "how many to make and ping, 1 to 4000000")
	f.StringVar(&s.keep, "keep", "", "do not delete them, and write their tokens to this `file`, for --tokens-file")
	f.IntVar(&l.Connections, "connections", l.Connections, "keep-alive connections, each with one ping under way at a time")
	f.Float64Var(&l.Rate, "rate", 0, "pings a second on a schedule; 0: as fast as they are answered")
	f.Var((*flags.Length)(&l.Duration), "duration", "how long to measure")
	f.Var((*flags.Length)(&l.Warmup), "warmup", "how long to ping before that")
	f.Var((*flags.Length)(&l.Timeout), "timeout", "for one ping; a cluster may hold one for 10s")
	f.IntVar(&s.threads, "threads", runtime.GOMAXPROCS(0), "threads to ping with")
	f.BoolVar(&l.BySecond, "verbose", false, "tell of every second")
}

// resolve fills in the settings and checks them, before anything is made.
func (s *options) resolve(p *cli.Program, c *cobra.Command) error {
	if err := p.Resolve(c.Flags()); err != nil {
		return err
	}
	p.Warn(c)
	s.load.URLs, s.URL = s.urls, s.urls.String()
	switch {
	case s.tokensFile == "" && s.APIKey == "":
		return usage.Errorf("set --api-key or QUORUMBEAT_API_KEY to make heartbeats with, or --tokens-file with those to ping")
	case s.heartbeats < 1 || s.heartbeats > maxHeartbeats:
		return usage.Errorf("--heartbeats is %d: use 1 to %d", s.heartbeats, maxHeartbeats)
	case s.threads < 1 || s.threads > 1024:
		return usage.Errorf("--threads is %d: use 1 to 1024", s.threads)
	case s.keep != "" && s.tokensFile != "":
		return usage.Errorf("--keep is for heartbeats that the run makes: leave it out with --tokens-file")
	}
	checked := s.load
	if checked.Tokens == nil {
		checked.Tokens = []string{"made later"}
	}
	if err := checked.Validate(); err != nil {
		return usage.Errorf("%v; see 'quorumbeat bench --help'", err)
	}
	return nil
}

// report is what `bench` tells.
type report struct {
	URLs             []string `json:"urls"`
	Heartbeats       int      `json:"heartbeats"`
	CreatedPerSecond float64  `json:"created_per_second,omitempty"`
	DeletedPerSecond float64  `json:"deleted_per_second,omitempty"`
	*load.Report
}

var errInterrupted = errors.New("interrupted: figures are of the time until then")

// run makes the heartbeats, pings them, deletes them, and prints the figures.
func run(p *cli.Program, ctx context.Context, s *options) (err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(s.threads))
	out := &report{URLs: s.urls}
	if s.tokensFile != "" {
		if s.load.Tokens, err = readTokens(p, s.tokensFile); err != nil {
			return err
		}
		out.Heartbeats = len(s.load.Tokens)
		out.Report, err = load.Run(ctx, s.load)
	} else {
		err = runOwn(p, ctx, s, out)
	}
	if out.Report != nil {
		err = errors.Join(p.Print(&s.Connection, out, showReport), err)
	}
	switch {
	case errors.Is(err, context.Canceled), err == nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return cli.Explain(&s.Connection, err)
	case out.Whole.Acknowledged == 0:
		return fmt.Errorf("no ping was acknowledged: see the answers above, and that the tokens belong to %s", s.URL)
	}
	return nil
}

// runOwn pings heartbeats that it makes, and deletes them whatever happens.
func runOwn(p *cli.Program, ctx context.Context, s *options, out *report) (err error) {
	end := func(f *fixture) (err error) {
		out.DeletedPerSecond, err = f.deleteAll(ctx)
		return err
	}
	if s.keep != "" {
		file, err := os.OpenFile(s.keep, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // before there is anything to keep
		if err != nil {
			return usage.Errorf("--keep: the tokens cannot be written: %v", err)
		}
		end = func(f *fixture) error { return errors.Join(f.writeTokens(file), file.Close()) }
	}
	made := newFixture(s, p.Stderr)
	defer func() { err = errors.Join(err, end(made)) }()
	if out.CreatedPerSecond, err = made.create(ctx, s.heartbeats); err != nil {
		return err
	}
	s.load.Tokens = made.tokens()
	out.Heartbeats = len(s.load.Tokens)
	out.Report, err = load.Run(ctx, s.load)
	return err
}

// readTokens reads one token a line; empty lines and ends of lines do not matter.
func readTokens(p *cli.Program, file string) ([]string, error) {
	text, err := p.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the tokens cannot be read: %w", err)
	}
	tokens := strings.Fields(string(text))
	for _, t := range tokens {
		if strings.ContainsAny(t, "/?#%") {
			return nil, usage.Errorf("%s: %q is no token: a file of tokens holds one a line, as 'quorumbeat get' shows them", file, t)
		}
	}
	if len(tokens) == 0 {
		return nil, usage.Errorf("%s holds no token", file)
	}
	return tokens, nil
}
