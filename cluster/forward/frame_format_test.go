package forward

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestTheFramesStay compares with frames that nodes of other revisions send, and reads
// them: during an upgrade both are there.
func TestTheFramesStay(t *testing.T) {
	frames := [][]byte{appendPropose(nil, sampleProposal()), appendAlive(nil), appendResults(nil, sampleResults())}
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "formats", "frames-v1.hex"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	if len(lines) != len(frames) {
		t.Fatalf("%d frames, want %d", len(lines), len(frames))
	}
	for i, line := range lines {
		want, err := hex.DecodeString(line)
		if err != nil || !slices.Equal(frames[i], want) {
			t.Errorf("frame %d is %x now, and was %s (%v)", i, frames[i], line, err)
		}
	}
	propose, _ := hex.DecodeString(lines[0])
	if p, err := decodePropose(propose[frameHead:]); err != nil || !reflect.DeepEqual(p, sampleProposal()) {
		t.Errorf("the proposal is read as %+v, %v", p, err)
	}
	results, _ := hex.DecodeString(lines[2])
	if r, err := decodeResults(results[frameHead:]); err != nil || !reflect.DeepEqual(r, sampleResults()) {
		t.Errorf("the results are read as %+v, %v", r, err)
	}
}
