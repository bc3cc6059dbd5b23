package wire

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"testing"
)

func TestEverythingIsReadAsItWasAppended(t *testing.T) {
	b := AppendInt(AppendUint(nil, 300), -7)
	b = AppendStrings(AppendString(AppendBytes(b, []byte("ab")), "Größe"), []string{"x", ""})
	b = AppendBool(AppendBool(b, true), false)
	b = AppendAddr(AppendAddr(AppendAddr(b, netip.Addr{}), netip.MustParseAddr("192.0.2.7")), netip.MustParseAddr("fe80::1%eth0"))
	r := NewReader(b)
	got := []any{r.Uint(), r.Int(), string(r.Bytes(2)), r.String(), r.Strings(), r.Bool(), r.Bool(), r.Addr(), r.Addr(), r.Addr()}
	want := []any{
		uint64(300), int64(-7), "ab", "Größe",
		[]string{"x", ""},
		true, false,
		netip.Addr{},
		netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("fe80::1"),
	}
	if err := r.End(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAReaderRefusesWhatNoAppendWrites(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		read func(*Reader)
	}{
		"a number that is not in its shortest form": {[]byte{0x80, 0}, func(r *Reader) { r.Uint() }},
		"a number that does not end":                {[]byte{0x80}, func(r *Reader) { r.Uint() }},
		"a bool of 2":                               {[]byte{2}, func(r *Reader) { r.Bool() }},
		"an address of 5 bytes":                     {[]byte{5, 1, 2, 3, 4, 5}, func(r *Reader) { r.Addr() }},
		"a list that is longer than what is left":   {[]byte{3, 0, 0}, func(r *Reader) { r.Count() }},
		"a list of large items":                     {[]byte{2, 0, 0, 0}, func(r *Reader) { r.CountOf(2, 9) }},
		"a list of too many items":                  {[]byte{2, 0, 0, 0}, func(r *Reader) { r.CountOf(1, 1) }},
		"bytes beyond their limit":                  {[]byte{2, 0, 0}, func(r *Reader) { r.Bytes(1) }},
		"a string that is cut":                      {[]byte{2, 'a'}, func(r *Reader) { _ = r.String() }},
		"something that follows":                    {[]byte{1, 1}, func(r *Reader) { r.Byte() }},
	} {
		r := NewReader(c.b)
		if c.read(&r); !errors.Is(r.End(), ErrCorrupt) {
			t.Errorf("%s: %v", name, r.End())
		}
	}
}

func TestAfterAnErrorEverythingIsZero(t *testing.T) {
	r := NewReader([]byte{9, 1, 1})
	r.Count()
	if r.OK() || r.Len() != 0 || r.Uint() != 0 || r.Byte() != 0 || r.String() != "" || r.Take(1) != nil {
		t.Error("it goes on reading")
	}
}

func TestAUUIDIsOfVersion4(t *testing.T) {
	id := RandomUUID([16]byte(bytes.Repeat([]byte{0xff}, 16)))
	if id[6] != 0x4f || id[8] != 0xbf || id[0] != 0xff {
		t.Errorf("%x", id)
	}
}
