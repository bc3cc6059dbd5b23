// Command bench takes the figures of the design's section 8 that need no large
// state: what a ping costs next to a bare HTTP handler and next to a bare Raft.
//
// Everything runs on this machine: three nodes, the bare handler and the load
// generator, each a process of its own. What is compared is measured in turns,
// in several rounds, and the medians are printed; so what else the machine does
// meets both sides alike.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// options are what the figures depend on.
type options struct {
	binary     string
	dir        string
	conns      int
	heartbeats int
	rounds     int
	duration   time.Duration
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "bare":
			return serveBare()
		case "load":
			return generate(os.Args[2:])
		}
	}
	var o options
	flag.StringVar(&o.binary, "binary", "bin/quorumbeat", "the program to measure")
	flag.StringVar(&o.dir, "dir", "", "where the nodes keep their data; default: a temporary folder")
	flag.IntVar(&o.conns, "conns", 512, "connections of the load generator")
	flag.IntVar(&o.heartbeats, "heartbeats", 1000, "heartbeats that are pinged")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds; the table shows their medians")
	flag.DurationVar(&o.duration, "duration", 4*time.Second, "length of each measurement")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return measure(ctx, o)
}
