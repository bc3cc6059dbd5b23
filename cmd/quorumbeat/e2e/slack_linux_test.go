package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// timerSlack finds that a node lets the kernel wake it late, and is still the
// process that was started. Only root may read another process's slack.
func timerSlack(t *testing.T, e *env) {
	for _, n := range e.Nodes {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", n.PID()))
		if err != nil {
			t.Skip(err)
		}
		if got := strings.TrimSpace(string(b)); got != "2000000" {
			t.Errorf("%s: a slack of %s ns", n.Name, got)
		}
	}
}

func init() { onThreeNodes["a node's timers may be late by two milliseconds"] = timerSlack }
