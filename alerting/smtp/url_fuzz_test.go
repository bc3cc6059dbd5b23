package smtp

import (
	"strings"
	"testing"
)

// FuzzSMTPURL puts anything into a URL, around a password that no error may show.
func FuzzSMTPURL(f *testing.F) {
	for _, s := range [][3]string{
		{"smtp://user:", "", "@mail.example.com:587?tls=starttls"},
		{"smtp://user:1/", "?", "@mail.example.com:25"},
		{"smtp://user:1?", "&", "@mail.example.com"},
		{"smtps://user:%zz", "#", "@[::1]:465"},
		{"user:", "", "@host"},
		{"smtp://u:1?tls=", "", "@host"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	const secret = "cohkie7Theib"
	f.Fuzz(func(t *testing.T, before, middle, after string) {
		target, err := ParseURL(before + secret + middle + secret + after)
		if err != nil && strings.Contains(err.Error(), secret) && strings.Contains(before, ":") && strings.Contains(before, "//") {
			t.Errorf("the error shows the password: %v", err)
		}
		if err == nil && !target.Terminal && (target.Host == "" || target.Addr == "") {
			t.Errorf("accepted without a host: %+v", target)
		}
	})
}
