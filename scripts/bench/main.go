package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/yardstick"
)

// options are what the figures depend on.
type options struct {
	binary    string
	generator string
	beside    string
	only      string
	dir       string
	state     string

	conns      int
	heartbeats int
	rounds     int
	duration   time.Duration
	threads    int
	kills      int
	rate       float64
	many       int
	history    int
	cron       int
	alerts     int
	storm      int
	overload   int
	patience   time.Duration
	breakable  bool
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) > 1 && os.Args[1] == "bare" {
		return yardstick.Serve(os.Args[2:])
	}
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		return err
	}
	chosen, err := chooseParts(o.only)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return takeFigures(ctx, o, chosen)
}

func parseOptions(args []string) (o options, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.binary, "binary", "bin/quorumbeat", "the program to measure")
	f.StringVar(&o.generator, "generator", "", "the program whose `bench` makes the load; default: the one that is measured")
	f.StringVar(&o.beside, "beside", "", "the program of another version, whose pings are measured in turns with this one's")
	f.StringVar(&o.only, "only", "quick", "what to measure: quick, all, or some of "+strings.Join(partNames(parts), ","))
	f.StringVar(&o.dir, "dir", "", "where the nodes keep their data; default: a temporary folder")
	f.StringVar(&o.state, "state", "", "folder that keeps large states for the next time; default: they are made anew")
	f.IntVar(&o.conns, "conns", 512, "connections of the load generator")
	f.IntVar(&o.heartbeats, "heartbeats", 1000, "heartbeats that are pinged")
	f.IntVar(&o.rounds, "rounds", 5, "rounds of what is compared; medians are shown")
	f.DurationVar(&o.duration, "duration", 4*time.Second, "length of each measurement")
	f.IntVar(&o.threads, "threads", 2, "threads of the load generator")
	f.IntVar(&o.kills, "kills", 10, "how often the leader is killed")
	f.Float64Var(&o.rate, "rate", 4000, "moderate rate of pings, a second, for latencies beside other work")
	f.IntVar(&o.many, "many", 1_000_000, "heartbeats of the large state")
	f.IntVar(&o.history, "history", 100, "pings of each of them")
	f.IntVar(&o.cron, "cron", 0, "percent of them that have a cron schedule with a time zone")
	f.IntVar(&o.alerts, "alerts", 300, "alerts whose delay is measured")
	f.IntVar(&o.storm, "storm", 10_000, "heartbeats that fail at once")
	f.IntVar(&o.overload, "overload", 12_000, "connections of the overload")
	f.DurationVar(&o.patience, "patience", 6*time.Minute, "how long to wait for snapshots that the nodes take by themselves")
	f.BoolVar(&o.breakable, "breakable", false, "measure a build with -tags faults instead, which is told to take snapshots every few seconds, and to hold few pings in the overload")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.generator == "" { // not the breakable one, either
		o.generator = o.binary
	}
	return o, nil
}
