package localcluster

import (
	"os"
	"testing"
	"time"
)

func TestUsageIsReadFromProc(t *testing.T) {
	status := []byte("Name:\tq\nVmPeak:\t  9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n")
	if n, err := statusField(status, "VmRSS"); err != nil || n != 1<<20 {
		t.Errorf("%d %v", n, err)
	}
	if _, err := statusField(status, "VmSwap"); err == nil {
		t.Error("a field that is not there is found")
	}
	d, err := cpuTime("42 (odd) name) S 1 2 3 4 5 6 7 8 9 10 150 50 3 4 20 0 9 0 100 0 0")
	if err != nil || d != 2*time.Second {
		t.Errorf("%s %v", d, err)
	}
	for _, bad := range []string{"", "42 (q) S 1 2", "42 (q) S 1 2 3 4 5 6 7 8 9 10 x y 3"} {
		if _, err := cpuTime(bad); err == nil {
			t.Errorf("%q is understood", bad)
		}
	}
}

func TestUsageOfAProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc")
	}
	u, err := UsageOf(os.Getpid())
	if err != nil || u.Resident < 1<<20 || u.Peak < u.Resident {
		t.Errorf("%+v %v", u, err)
	}
}
