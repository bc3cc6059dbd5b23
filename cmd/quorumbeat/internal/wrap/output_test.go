package wrap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatWasWrittenBeforeTheEndIsInTheTail(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	to, err := os.Create(filepath.Join(t.TempDir(), "to"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	text := strings.Repeat("x", 50_000) + "the end"
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	var tail tail
	s := newStream(r, nil, to, &tail)
	s.drain()
	go s.carry()
	<-s.drained
	if got := string(tail.text()); !strings.HasSuffix(got, "the end") {
		t.Errorf("the tail is %d bytes", len(got))
	}
	if !s.release() {
		t.Error("the pipe is taken for ended")
	}
	r.Close()
	if got, err := os.ReadFile(to.Name()); err != nil || string(got) != text {
		t.Errorf("%d bytes came through, %v", len(got), err)
	}
}
