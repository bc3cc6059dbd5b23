package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/scripts/localcluster"
)

// part is something that is measured on its own.
type part struct {
	name  string
	quick bool // belongs to a run of a few minutes
	do    func(context.Context, *bench) error
}

// parts are in the order in which they are measured. Those from memory on share a
// cluster with the large state; the last two kill its nodes.
var parts = []part{
	{"ping", true, measurePings},
	{"beside", false, measureBeside},
	{"kill", true, measureKills},
	{"latency", true, measureLatency},
	{"rates", false, measureRates},
	{"nodes", false, measureNodes},
	{"growth", false, measureGrowth},
	{"overload", false, measureOverload},
	{"minute", false, measureMinute},
	{"scrape", false, measureScrapes},
	{"costly", false, measureCostly},
	{"kinds", false, measureKinds},
	{"memory", false, measureMemory},
	{"lists", false, measureLists},
	{"many", false, measureMany},
	{"snapshot", false, measureSnapshot},
	{"alerts", false, measureAlerts},
	{"storm", false, measureStorm},
	{"mails", false, measureMails},
	{"killmany", false, measureKillsOfMany},
	{"restart", false, measureRestart},
}

func partNames(list []part) (out []string) {
	for _, p := range list {
		out = append(out, p.name)
	}
	return out
}

// groups are names for several parts.
var groups = map[string]func(part) bool{
	"quick": func(p part) bool { return p.quick },
	"all":   func(part) bool { return true },
	"idle":  func(p part) bool { return p.name == "memory" },
	"scale": func(p part) bool { return slices.Contains([]string{"memory", "snapshot", "restart"}, p.name) },
}

// chooseParts returns the parts that a list of names and groups stands for.
func chooseParts(list string) (chosen []part, err error) {
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		known := false
		for _, p := range parts {
			if in := groups[name]; p.name == name || in != nil && in(p) {
				wanted[p.name], known = true, true
			}
		}
		if !known {
			return nil, fmt.Errorf("there is nothing called %q to measure: use quick, all, scale, idle, or some of %s", name, strings.Join(partNames(parts), ","))
		}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !wanted[p.name] }), nil
}

// bench is what the parts share.
type bench struct {
	options
	self  string // this program
	dir   string // temporary
	found []finding
	large *large // once a part needed it
}

// takeFigures measures the parts, and shows the table of what they found in the end,
// also if one fails.
func takeFigures(ctx context.Context, o options, chosen []part) (err error) {
	b := &bench{options: o}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(o.dir, "quorumbeat-bench-"); err != nil {
		return err
	}
	defer func() {
		b.large.close()
		err = errors.Join(err, os.RemoveAll(b.dir))
	}()
	if b.breakable {
		if b.binary, err = localcluster.Build(b.dir, false, "faults"); err != nil {
			return err
		}
	}
	fmt.Println(machine(b.dir))
	for _, p := range chosen {
		fmt.Printf("\n%s\n%s\n", p.name, strings.Repeat("-", len(p.name)))
		if words := busyWarning(); words != "" {
			fmt.Println(words)
		}
		began := time.Now()
		if err = p.do(ctx, b); err != nil {
			err = fmt.Errorf("%s: %w", p.name, err)
			break
		}
		say("%s took %s", p.name, time.Since(began).Round(time.Second))
	}
	showFindings(os.Stdout, b.found)
	return err
}

// say tells who watches how it goes.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
