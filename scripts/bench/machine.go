package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
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
