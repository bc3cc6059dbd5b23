package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		args          []string
		ok            bool
	}{
		{"/a/{id}", "/a/x", []string{"x"}, true},
		{"/a/{id}/b/{id}", "/a/x/b/y%20z", []string{"x", "y z"}, true},
		{"/", "/", nil, true},
		{"/a", "/a/", nil, false},
		{"/a/{id}", "/a/", nil, false},
		{"/a/{id}", "/a", nil, false},
		{"/a/{id}", "/a/x/y", nil, false},
		{"/a/{id}", "/a/x%2Fy", nil, false},
		{"/a/{id}", "/a/%2E%2E", nil, false},
		{"/a/{id}", "/a/%zz", nil, false},
		{"/a/{id}", "/%61/x", nil, false},
	} {
		args, ok := Match(c.pattern, c.path)
		if ok != c.ok || ok && !slices.Equal(args, c.args) {
			t.Errorf("%s on %s: %q, %v", c.pattern, c.path, args, ok)
		}
	}
}

func TestKey(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "Bearer": "", "Bearer ": "", "Basic eDp5": "", "Bearer x": "x", "bearer  x ": "x", "BEARER a b": "a b",
	} {
		var h fasthttp.RequestHeader
		h.Set(fasthttp.HeaderAuthorization, header)
		if key, ok := Key(&h); string(key) != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", header, key, ok)
		}
	}
}

func TestProblemsAreErrors(t *testing.T) {
	var p *Problem
	if err := fmt.Errorf("while reading: %w", NotAllowed("GET", "HEAD")); !errors.As(err, &p) || p.Status != 405 || p.Allow != "GET, HEAD" {
		t.Errorf("%+v", p)
	}
	if err := BadRequest("x is y"); !errors.As(err, &p) || p.Status != 400 || err.Error() != "x is y" {
		t.Errorf("%+v", p)
	}
}

// TestAnUnknownFieldThatMayBeASecretIsNotRepeated: it may stand where a value should, and errors are logged.
func TestAnUnknownFieldThatMayBeASecretIsNotRepeated(t *testing.T) {
	for name, repeated := range map[string]bool{"intervall_secs": true, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": false, "https://hooks.example.com/x": false, strings.Repeat("a", 41): false} {
		for _, body := range []string{`{"` + name + `":1}`, `{"entries":[{"` + name + `":1}]}`} {
			var into struct {
				Entries []struct {
					ID string `json:"id"`
				} `json:"entries"`
			}
			err := DecodeObject([]byte(body), &into)
			if err == nil || !strings.Contains(err.Error(), "unknown field") || strings.Contains(err.Error(), name) != repeated {
				t.Errorf("%s: %v", body, err)
			}
		}
	}
}

// FuzzDecodePart holds that a decoded part is one part.
func FuzzDecodePart(f *testing.F) {
	for _, part := range []string{"x", "a%2Db", "%2E", "%2e%2e", "a%2Fb", "%", "%zz", ""} {
		f.Add(part)
	}
	f.Fuzz(func(t *testing.T, part string) {
		text, ok := DecodePart(part)
		if ok && (text == "" || text == "." || text == ".." || strings.Contains(text, "/")) {
			t.Errorf("%q is taken for the part %q", part, text)
		}
		if again, whole := DecodeIfEscaped([]byte(part)); !strings.Contains(part, "%") && (!whole || string(again) != part) {
			t.Errorf("%q has nothing to decode, and became %q", part, again)
		}
	})
}
