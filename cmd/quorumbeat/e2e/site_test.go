package e2e

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

// site is the dashboard for a program: it signs in, keeps the cookie, and fills in forms.
type site struct {
	t      *testing.T
	url    string
	cookie string
}

// signIn signs in with a key.
func signIn(t *testing.T, url, key string) *site {
	t.Helper()
	s := &site{t: t, url: url}
	a := s.call("POST", "/ui/login", "key="+key)
	if a.status != http.StatusSeeOther {
		t.Fatalf("signing in: %d %s", a.status, a.body)
	}
	s.cookie, _, _ = strings.Cut(a.header.Get("Set-Cookie"), ";")
	return s
}

// call asks for a page, or sends a form.
func (s *site) call(method, path, form string) answer {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(form))
	testkit.Must(s.t, err)
	req.Header.Set("Cookie", s.cookie)
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // which follows no redirect
	testkit.Must(s.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	testkit.Must(s.t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// submit sends the form of a page.
func (s *site) submit(page, path string, form url.Values) answer {
	s.t.Helper()
	m := csrfField.FindStringSubmatch(s.call("GET", page, "").body)
	if m == nil {
		s.t.Fatalf("there is no form on %s", page)
	}
	form.Set("csrf", m[1])
	return s.call("POST", path, form.Encode())
}
