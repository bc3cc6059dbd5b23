package cluster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/quorumbeat/quorumbeat/cluster/proposals"
	"github.com/quorumbeat/quorumbeat/fsm"
)

func sampleProposal() *proposal {
	return &proposal{
		origin: fsm.Origin{Node: fsm.NodeID{1, 2, 3}, Boot: 7, Floor: 300},
		items:  []proposals.Item{{Seq: 300, Cmd: []byte("ping")}, {Seq: 301}, {Seq: 1 << 40, Cmd: []byte{0}}},
	}
}

func sampleResults() *results {
	return &results{index: 99, answers: []proposals.ItemResult{
		{Seq: 300, Code: fsm.CodeOK},
		{Seq: 301, Code: fsm.CodeNotFound, Data: []byte("data")},
	}}
}

func TestFramesRoundTrip(t *testing.T) {
	wire := appendFrame(nil, framePropose, sampleProposal().append)
	wire = appendFrame(wire, frameAlive, nil)
	wire = appendFrame(wire, frameResults, sampleResults().append)
	r := bytes.NewReader(wire)

	kind, body, err := readFrame(r)
	if err != nil || kind != framePropose {
		t.Fatalf("first frame: type %d, %v", kind, err)
	}
	if p, err := decodeProposal(body); err != nil || !reflect.DeepEqual(p, sampleProposal()) {
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
	if _, _, err := readFrame(bytes.NewReader(append(head, framePropose))); !errors.Is(err, errFrame) {
		t.Errorf("an oversize frame: %v", err)
	}
	manyItems := binary.AppendUvarint(make([]byte, 18), maxFrameItems+1)
	if _, err := decodeProposal(append(manyItems, make([]byte, 1<<16)...)); !errors.Is(err, errFrame) {
		t.Errorf("too many items: %v", err)
	}
}

func TestFramesRefuseWhatIsCutShort(t *testing.T) {
	p, r := sampleProposal().append(nil), sampleResults().append(nil)
	for i := range p {
		if _, err := decodeProposal(p[:i]); !errors.Is(err, errFrame) {
			t.Errorf("%d bytes of a proposal: %v", i, err)
		}
	}
	for i := range r {
		if _, err := decodeResults(r[:i]); !errors.Is(err, errFrame) {
			t.Errorf("%d bytes of results: %v", i, err)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(appendFrame(nil, framePropose, sampleProposal().append))
	f.Add(appendFrame(nil, frameResults, sampleResults().append))
	f.Add(appendFrame(nil, frameAlive, nil))
	f.Fuzz(func(t *testing.T, wire []byte) {
		kind, body, err := readFrame(bytes.NewReader(wire))
		if err != nil {
			return
		}
		switch kind {
		case framePropose:
			fuzzBody(t, body, decodeProposal, (*proposal).append)
		case frameResults:
			fuzzBody(t, body, decodeResults, (*results).append)
		}
	})
}

// fuzzBody checks that what decodes means the same after another round trip.
func fuzzBody[T any](t *testing.T, body []byte, decode func([]byte) (*T, error), encode func(*T, []byte) []byte) {
	v, err := decode(body)
	if err != nil {
		return
	}
	again, err := decode(encode(v, nil))
	if err != nil || !reflect.DeepEqual(v, again) {
		t.Fatalf("%+v came back as %+v, %v", v, again, err)
	}
}
