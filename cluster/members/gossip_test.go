package members

import (
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestMetadataFitsAndComesBack(t *testing.T) {
	long := Meta{
		ClusterID: fsm.NodeID{1}, Name: strings.Repeat("n", 200), HTTP: strings.Repeat("h", 60), Cluster: strings.Repeat("c", 60), Version: "v1",
	}
	b := long.encode()
	if len(b) > 512 {
		t.Errorf("%d bytes; memberlist takes 512", len(b))
	}
	got, ok := decodeMeta(b)
	if !ok || got != long {
		t.Errorf("came back as %+v", got)
	}
	for cut := range b {
		if m, ok := decodeMeta(b[:cut]); ok {
			t.Errorf("cut to %d bytes it is %+v", cut, m)
		}
	}
}

// FuzzMetadata reads what another node may tell of itself by gossip.
func FuzzMetadata(f *testing.F) {
	f.Add(Meta{ClusterID: fsm.NodeID{1}, Name: "n", HTTP: "h:1", Cluster: "c:2", Version: "v1", Deaf: true}.encode())
	f.Fuzz(func(t *testing.T, b []byte) { decodeMeta(b) })
}
