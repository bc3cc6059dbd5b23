package fsm

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// everyField is a spec, and a patch, with every tagged field set: add yours.
var (
	everyField = Spec{
		Description: "Copies the books.\n\tAt night.", RunbookURL: "https://wiki.example.com/backups?x=1#top", Owner: "Größe & Söhne",
		Schedule: []string{"0 2 * * 1-5", "Sun 12:00"}, TZ: "Europe/Berlin",
		FailureThreshold: 3, MaxRun: 7200, MinRun: 60, Checks: []string{"bytes > 0", `body contains "done"`},
		Notify: []string{ChannelID{1}.String(), ChannelID{2}.String()}, RemindEvery: 14_400,
		DependsOn:  []string{heartbeatID(1).String(), "tag:a, b"},
		NotifyMail: []string{"a@example.com", "b@example.com"}, NeverRemind: true,
	}
	everyFieldPatched = Patch{
		Description: new(everyField.Description), RunbookURL: new(everyField.RunbookURL), Owner: new(everyField.Owner),
		Schedule: new(everyField.Schedule), TZ: new(everyField.TZ),
		FailureThreshold: new(3), MaxRun: new(int64(7200)), MinRun: new(int64(60)), Checks: new(everyField.Checks),
		Notify: &everyField.Notify, RemindEvery: new(int64(14_400)), DependsOn: &everyField.DependsOn,
		NotifyMail: &everyField.NotifyMail, NeverRemind: new(true),
	}
	everyFieldCleared = Patch{
		Description: new(""), RunbookURL: new(""), Owner: new(""),
		Schedule: new([]string), TZ: new(""),
		FailureThreshold: new(0), MaxRun: new(int64(0)), MinRun: new(int64(0)), Checks: new([]string),
		Notify: new([]string), RemindEvery: new(int64(0)), DependsOn: new([]string),
		NotifyMail: new([]string), NeverRemind: new(bool),
	}
)

// TestFieldsComeBackAsTheyWere: in each command that has them, with methods and without.
func TestFieldsComeBackAsTheyWere(t *testing.T) {
	one := aSpec(60, 5, 2)
	one.Owner, one.Methods = "ops", MethodsPost
	all := everyField.with(aSpec(60, 5, 2))
	for _, c := range []Command{
		Create{ID: heartbeatID(1), Token: token(2), Spec: all},
		Ensure{ID: heartbeatID(1), Token: token(2), Spec: one},
		Update{ID: heartbeatID(1), Patch: everyFieldPatched},
		Update{ID: heartbeatID(1), Patch: everyFieldCleared},
		Update{ID: heartbeatID(1), Pause: new(true), Patch: Patch{Methods: new([]string), Owner: new("ops")}},
		PutHeartbeat{ID: heartbeatID(1), Token: token(2), Spec: all, Patch: everyFieldPatched},
		PutHeartbeat{ID: heartbeatID(1), Token: token(2), Spec: one, Patch: everyFieldCleared},
		PutHeartbeat{ID: heartbeatID(1), Token: token(2), Spec: aSpec(60, 5, 2), Patch: everyFieldPatched},
		Authorized{KeyID{2}, Create{ID: heartbeatID(1), Token: token(2), Spec: all}},
	} {
		b := AppendCommand(nil, c)
		if got, err := DecodeCommand(b); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%#v\ncame back as %#v, %v", c, got, err)
		}
		for cut := range b {
			if got, err := DecodeCommand(b[:cut]); err == nil && bytes.Equal(AppendCommand(nil, got), b) {
				t.Errorf("%T cut to %d of %d bytes is whole", c, cut, len(b))
			}
		}
		for i := range b {
			flipped := bytes.Clone(b)
			flipped[i] ^= 1
			if got, err := DecodeCommand(flipped); err == nil && !bytes.Equal(AppendCommand(nil, got), flipped) {
				t.Errorf("%T with a flipped bit at %d has two encodings", c, i)
			}
		}
	}
	h := Heartbeat{ID: heartbeatID(1), Spec: all, LastExit: NotKnown, LastRun: NotKnown}
	if got, err := DecodeHeartbeat(EncodeHeartbeat(h)); err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("in a result: %+v, %v", got, err)
	}
}

// with returns base with the tagged fields of s.
func (s Spec) with(base Spec) Spec {
	if err := ReadFields(AppendFields(nil, &s), &base); err != nil {
		panic(err)
	}
	return base
}

// TestEveryFieldIsSet fails for a new field that is not in everyField.
func TestEveryFieldIsSet(t *testing.T) {
	last := uint64(0)
	for _, f := range fields {
		if f.tag <= last {
			t.Errorf("tag %d is not above %d", f.tag, last)
		}
		last = f.tag
		if f.ofSpec(&everyField) == nil {
			t.Errorf("the field of tag %d is not set in everyField", f.tag)
		}
		for _, p := range []*Patch{&everyFieldPatched, &everyFieldCleared} {
			if _, given := f.ofPatch(p); !given {
				t.Errorf("the field of tag %d is not set in a patch", f.tag)
			}
		}
	}
	if got := everyFieldPatched.Apply(aSpec(60, 5, 2)); !reflect.DeepEqual(got, everyField.with(aSpec(0, 5, 2))) { // the schedule takes the place of the interval
		t.Errorf("patched: %+v", got)
	}
	if got := everyFieldCleared.Apply(everyField.with(aSpec(60, 5, 2))); !reflect.DeepEqual(got, aSpec(60, 5, 2)) {
		t.Errorf("cleared: %+v", got)
	}
}

// TestWhatIsNewerSaysSo: kinds and fields that this version does not know are no damage.
func TestWhatIsNewerSaysSo(t *testing.T) {
	known := AppendCommand(nil, Update{ID: heartbeatID(1)})
	field := append(bytes.Clone(known), fieldsPatch, 3, 127, 1, 'x')
	for what, b := range map[string][]byte{
		"a kind":               {250, 1, 2, 3},
		"an authorized kind":   append(append([]byte{byte(KindAuthorized)}, make([]byte, len(KeyID{}))...), 250),
		"a field":              field,
		"an authorized field":  append(append([]byte{byte(KindAuthorized)}, make([]byte, len(KeyID{}))...), field...),
		"a field beside known": append(bytes.Clone(known), fieldsPatch, 6, 3, 1, 'x', 127, 1, 'x'),
	} {
		if c, err := DecodeCommand(b); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "upgrade this node") || Knows(b) {
			t.Errorf("%s: %#v, %v", what, c, err)
		}
	}
	for what, b := range map[string][]byte{
		"nothing":            {},
		"fields that repeat": append(bytes.Clone(known), fieldsPatch, 6, 3, 1, 'x', 3, 1, 'x'),
		"fields in disorder": append(bytes.Clone(known), fieldsPatch, 6, 3, 1, 'x', 1, 1, 'x'),
		"no fields":          append(bytes.Clone(known), fieldsPatch, 0),
	} {
		if c, err := DecodeCommand(b); !errors.Is(err, ErrCorrupt) || !Knows(b) {
			t.Errorf("%s: %#v, %v", what, c, err)
		}
	}
	for _, c := range everyCommand {
		if !Knows(AppendCommand(nil, c)) {
			t.Errorf("%T is not known", c)
		}
	}
}

// TestEachKindOfFieldComesBack: texts, numbers and lists, as if the spec's own were tagged.
func TestEachKindOfFieldComesBack(t *testing.T) {
	s := Spec{Name: "n", Interval: -5, Threshold: 7, Tags: []string{"a", ""}}
	for _, f := range []field{
		text(1, func(s *Spec) *string { return &s.Name }, func(p *Patch) **string { return &p.Name }),
		number(2, func(s *Spec) *int64 { return &s.Interval }, func(p *Patch) **int64 { return &p.Interval }),
		number(3, func(s *Spec) *int { return &s.Threshold }, func(p *Patch) **int { return &p.Threshold }),
		texts(4, func(s *Spec) *[]string { return &s.Tags }, func(p *Patch) **[]string { return &p.Tags }),
	} {
		var read, patched Spec
		var p Patch
		r := wire.NewReader(f.ofSpec(&s))
		f.readSpec(&r, &read)
		in := wire.NewReader(f.ofSpec(&s))
		f.readPatch(&in, &p)
		f.apply(&p, &patched)
		if r.End() != nil || in.End() != nil || reflect.DeepEqual(read, Spec{}) || !reflect.DeepEqual(read, patched) {
			t.Errorf("tag %d: %+v, patched %+v", f.tag, read, patched)
		}
		if v := f.ofSpec(&Spec{}); v != nil {
			t.Errorf("tag %d: none is written as %x", f.tag, v)
		}
	}
}
