package localcluster

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has taken of its machine.
type Usage struct {
	Resident int64         // bytes of memory, now
	Peak     int64         // the most it ever had
	CPU      time.Duration // in user and system mode
}

// tick is the unit of times in /proc/PID/stat, on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Usage is what the node's process has taken.
func (n *Node) Usage() (Usage, error) { return UsageOf(n.PID()) }

// UsageOf reads /proc.
func UsageOf(pid int) (u Usage, err error) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return u, err
	}
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return u, err
	}
	if u.Resident, err = statusField(status, "VmRSS"); err != nil {
		return u, err
	}
	if u.Peak, err = statusField(status, "VmHWM"); err != nil {
		return u, err
	}
	u.CPU, err = cpuTime(string(stat))
	return u, err
}

// statusField reads a size in bytes.
func statusField(status []byte, name string) (int64, error) {
	m := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+) kB$`).FindSubmatch(status)
	if m == nil {
		return 0, fmt.Errorf("/proc tells no %s", name)
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	return kb << 10, err
}

// cpuTime reads utime and stime, the 14th and 15th fields.
func cpuTime(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // the name before it may hold anything
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc tells no times in %q", stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc tells no times in %q", stat)
	}
	return time.Duration(user+system) * tick, nil
}
