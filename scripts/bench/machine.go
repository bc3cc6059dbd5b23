package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

var (
	cpuName  = regexp.MustCompile(`model name\s*: (.*)`)
	memTotal = regexp.MustCompile(`MemTotal:\s*(\d+) kB`)
)

// machine describes where the figures are taken, as far as it can be found out.
func machine(dir string) string {
	first := func(file string, re *regexp.Regexp) string {
		text, _ := os.ReadFile(file)
		if m := re.FindSubmatch(text); m != nil {
			return string(m[1])
		}
		return "?"
	}
	output := func(name string, args ...string) string {
		out, err := exec.Command(name, args...).Output()
		if err != nil {
			return "?"
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return strings.TrimSpace(lines[len(lines)-1])
	}
	return fmt.Sprintf("%d cores (%s), %s kB, kernel %s, %s, data on %s",
		runtime.NumCPU(), first("/proc/cpuinfo", cpuName), first("/proc/meminfo", memTotal),
		output("uname", "-r"), runtime.Version(), output("df", "--output=fstype", dir))
}

// busyWarning tells if others keep the machine busy, for then no figure is worth much.
func busyWarning() string {
	busy1, all1 := cpuTicks()
	time.Sleep(500 * time.Millisecond)
	busy2, all2 := cpuTicks()
	if all2 <= all1 {
		return "" // no /proc
	}
	if share := (busy2 - busy1) / (all2 - all1); share > 0.15 {
		return fmt.Sprintf("the machine is %.0f %% busy with other things: take these figures again", share*100)
	}
	return ""
}

// cpuTicks reads how long the cores have been busy, and how long they have been there.
func cpuTicks() (busy, all float64) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil || i > 8 { // the rest is counted already
			continue
		}
		all += n
		if i != 4 && i != 5 { // idle, and waiting for the disk
			busy += n
		}
	}
	return busy, all
}
