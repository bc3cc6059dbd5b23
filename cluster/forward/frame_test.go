package forward

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster/commit"
	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
)

func sampleProposal() *commit.Request {
	return &commit.Request{
		Origin: logentry.Origin{Node: fsm.NodeID{1, 2, 3}, Boot: 7, Floor: 300},
		Items:  []proposals.Item{{Seq: 300, Cmd: []byte("ping")}, {Seq: 301}, {Seq: 1 << 40, Cmd: []byte{0}}},
	}
}

func sampleResults() *commit.Results {
	return &commit.Results{Index: 99, Items: []proposals.ItemResult{
		{Seq: 300, Code: fsm.CodeOK},
		{Seq: 301, Code: fsm.CodeNotFound, Data: []byte("data")},
	}}
}

func TestFramesRoundTrip(t *testing.T) {
	wire := appendPropose(nil, sampleProposal())
	wire = appendAlive(wire)
	wire = appendResults(wire, sampleResults())
	r := bytes.NewReader(wire)

	kind, body, err := readFrame(r)
	if err != nil || kind != framePropose {
		t.Fatalf("first frame: type %d, %v", kind, err)
	}
	if p, err := decodePropose(body); err != nil || !reflect.DeepEqual(p, sampleProposal()) {
		t.Errorf("propose frame came back as %+v, %v", p, err)
	}
	if kind, body, err = readFrame(r); err != nil || kind != frameAlive || len(body) != 0 {
		t.Errorf("alive frame: type %d, %d bytes, %v", kind, len(body), err)
	}
	if _, body, err = readFrame(r); err != nil {
		t.Fatal(err)
	}
	if res, err := decodeResults(body); err != nil || !reflect.DeepEqual(res, sampleResults()) {
		t.Errorf("results frame came back as %+v, %v", res, err)
	}
	if _, _, err = readFrame(r); err != io.EOF {
		t.Errorf("after the last frame: %v, want EOF", err)
	}
}

func TestFramesRefuseWhatIsTooLarge(t *testing.T) {
	head := binary.BigEndian.AppendUint32(nil, maxFrame+1)
	if _, _, err := readFrame(bytes.NewReader(append(head, framePropose))); !errors.Is(err, errMalformed) {
		t.Errorf("an oversize frame: %v", err)
	}
	manyItems := binary.AppendUvarint(make([]byte, 18), maxFrameItems+1)
	if _, err := decodePropose(append(manyItems, make([]byte, 1<<16)...)); !errors.Is(err, errMalformed) {
		t.Errorf("too many items: %v", err)
	}
}

func TestFramesRefuseWhatIsCutShort(t *testing.T) {
	p, r := appendPropose(nil, sampleProposal())[frameHead:], appendResults(nil, sampleResults())[frameHead:]
	for i := range p {
		if _, err := decodePropose(p[:i]); !errors.Is(err, errMalformed) {
			t.Errorf("%d bytes of a proposal: %v", i, err)
		}
	}
	for i := range r {
		if _, err := decodeResults(r[:i]); !errors.Is(err, errMalformed) {
			t.Errorf("%d bytes of results: %v", i, err)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(appendPropose(nil, sampleProposal()))
	f.Add(appendResults(nil, sampleResults()))
	f.Add(appendAlive(nil))
	f.Fuzz(func(t *testing.T, wire []byte) {
		kind, body, err := readFrame(bytes.NewReader(wire))
		if err != nil {
			return
		}
		switch kind {
		case framePropose:
			fuzzBody(t, body, decodePropose, appendPropose)
		case frameResults:
			fuzzBody(t, body, decodeResults, appendResults)
		}
	})
}

// fuzzBody checks that what decodes means the same after another round trip.
func fuzzBody[T any](t *testing.T, body []byte, decode func([]byte) (*T, error), encode func([]byte, *T) []byte) {
	v, err := decode(body)
	if err != nil {
		return
	}
	again, err := decode(encode(nil, v)[frameHead:])
	if err != nil || !reflect.DeepEqual(v, again) {
		t.Fatalf("%+v came back as %+v, %v", v, again, err)
	}
}
