package node

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func TestALogThatNobodyReadsHoldsUpNobody(t *testing.T) {
	r, w := io.Pipe() // a write waits until it is read
	q := NewLogQueue(w, func(n int) []byte { return fmt.Appendf(nil, "left out: %d\n", n) })
	const lines = 3 * logLines
	for i := range lines {
		fmt.Fprintf(q, "line %d\n", i)
	}
	began := time.Now()
	read := make(chan string)
	go func() {
		time.AfterFunc(10*time.Millisecond, func() {
			fmt.Fprintln(q, "the last line")
			time.AfterFunc(100*time.Millisecond, func() { q.Close(); w.Close() })
		})
		text, _ := io.ReadAll(r)
		read <- string(text)
	}()
	text := <-read
	if !strings.HasPrefix(text, "line 0\nline 1\n") || strings.Count(text, "line ") > logLines+3 {
		t.Errorf("the first lines are not those that were kept: %.200s", text)
	}
	kept, leftOut := strings.Count(text, "\nline ")+1, 0
	for _, told := range regexp.MustCompile(`(?m)^left out: (\d+)$`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(told[1])
		leftOut += n
	}
	if kept+leftOut != lines || !strings.HasSuffix(text, "\nthe last line\n") {
		t.Errorf("kept %d, told of %d left out, and the log ends with %q", kept, leftOut, text[max(0, len(text)-80):])
	}
	if time.Since(began) > testkit.Patience {
		t.Error("it took too long")
	}
}

func TestTheEndOfALogWaitsForNobody(t *testing.T) {
	_, w := io.Pipe()
	q := NewLogQueue(w, nil)
	fmt.Fprintln(q, "unread")
	began := time.Now()
	q.Close()
	fmt.Fprintln(q, "too late")
	if took := time.Since(began); took < flushLimit || took > testkit.Patience {
		t.Errorf("the end took %s", took)
	}
	w.Close()
}
