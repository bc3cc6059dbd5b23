package smtp

import (
	"errors"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm"
)

func TestParseSMTPURL(t *testing.T) {
	for raw, want := range map[string]Target{
		"stdout:":                               {Terminal: true},
		"smtp://mail.example.com":               {Addr: "mail.example.com:587", Host: "mail.example.com", Security: StartTLS},
		"smtps://mail.example.com":              {Addr: "mail.example.com:465", Host: "mail.example.com", Security: ImplicitTLS},
		"smtp://mail.example.com?tls=none":      {Addr: "mail.example.com:25", Host: "mail.example.com", Security: NoTLS},
		"smtp://a:p%40ss@[::1]:2525?tls=none":   {Addr: "[::1]:2525", Host: "::1", Security: NoTLS, User: "a", Password: "p@ss"},
		"smtp://u@example.com:26/?tls=implicit": {Addr: "example.com:26", Host: "example.com", Security: ImplicitTLS, User: "u"},
		"smtp://u:secret@example.com?tls=none":  {},
		"smtp://u:secret@example.com?tls=maybe": {},
		"smtp://u:secret@example.com?TLS=none":  {},
		"http://u:secret@example.com":           {},
		"smtp://u:secret@":                      {},
		"smtp://u:sec ret%@example.com":         {},
		"smtp://u:secret@example.com/path":      {},
		"":                                      {},
		"example.com:25":                        {},
		"stdout":                                {},
		"smtp://u:secret@example.com:notaport":  {},

		"smtps://u:secret@example.com?tls=none":             {},
		"smtps://u:secret@example.com?tls=starttls":         {},
		"smtps://example.com?tls=none":                      {},
		"smtps://u:x@example.com?tls=implicit":              {Addr: "example.com:465", Host: "example.com", Security: ImplicitTLS, User: "u", Password: "x"},
		"smtp://u:secret@example.com?tls=starttls&tls=none": {},
		"smtp://u:secret@example.com?tls=":                  {},
		"smtp://:secret@example.com":                        {},
		"smtp://u:secret@example.com#x":                     {},
		"smtp://u:secret@example.com:0":                     {},
		"smtp://u:secret@example.com:65536":                 {},
	} {
		got, err := ParseURL(raw)
		if got != want || (err != nil) != (want == Target{}) {
			t.Errorf("%q: %+v, %v", raw, got, err)
		}
		if err != nil && (!errors.Is(err, fsm.ErrConfig) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sec ret")) {
			t.Errorf("%q: the error %q is no configuration error or shows the password", raw, err)
		}
	}
	if _, err := ParseURL("stdout"); err == nil || !strings.Contains(err.Error(), "stdout: to show mails") {
		t.Errorf("without its colon: %v", err)
	}
}
