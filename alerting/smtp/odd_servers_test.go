package smtp

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestServersThatTakeMailInTheirOwnWay(t *testing.T) {
	const lf = "\n"
	for name, o := range map[string]*oddServer{
		"codes without a text": {greeting: "220\r\n", replies: map[string]string{
			"EHLO": "250\r\n", "MAIL": "250\r\n", "RCPT": "250\r\n", "DATA": "354\r\n", ".": "250\r\n", "QUIT": "221\r\n",
		}},
		"codes and a space": {replies: map[string]string{"MAIL": "250 \r\n", "DATA": "354 \r\n", ".": "250 \r\n"}},
		"lines that end with LF": {greeting: "220 x" + lf, replies: map[string]string{
			"EHLO": "250-x\n250 SIZE\n", "MAIL": "250\n", "RCPT": "250 ok\n", "DATA": "354 ok\n", ".": "250\n",
		}},
		"several lines everywhere": {greeting: "220-hello\r\n220-\r\n220 there\r\n", replies: map[string]string{
			"MAIL": "250-a\r\n250 b\r\n", "RCPT": "250-\r\n250-\r\n250\r\n", "DATA": "354-a\r\n354 b\r\n", ".": "250-queued\r\n250-as\r\n250 7\r\n",
		}},
		"long lines in Latin-1":   {greeting: "220 " + strings.Repeat("gr\xfc\xdfe ", 3000) + "\r\n", replies: map[string]string{".": "250 " + strings.Repeat("\xe4", 9000) + "\r\n"}},
		"a recipient elsewhere":   {replies: map[string]string{"RCPT": "251 User not local; will forward\r\n"}},
		"an unchecked recipient":  {replies: map[string]string{"RCPT": "252 Cannot VRFY user\r\n"}},
		"only HELO":               {replies: map[string]string{"EHLO": "502 5.5.1 Command not implemented\r\n"}},
		"other codes of the kind": {replies: map[string]string{"MAIL": "200 fine\r\n", ".": "299 odd\r\n", "DATA": "399 odd\r\n"}},
		"no farewell":             {replies: map[string]string{"QUIT": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := o.start(t).deliver(t, "", nil); err != nil {
				t.Errorf("%v: class %d", err, Classify(err))
			}
		})
	}
}

func TestServersThatTakeNoMail(t *testing.T) {
	for name, c := range map[string]struct {
		o    *oddServer
		want Class
	}{
		"too busy to greet":                     {&oddServer{greeting: "421 too many connections\r\n"}, Trouble},
		"no service at all":                     {&oddServer{greeting: "554 5.7.1 go away\r\n"}, Trouble},
		"no mail server":                        {&oddServer{greeting: "HTTP/1.1 400 Bad Request\r\n\r\n"}, Trouble},
		"a digit too many":                      {&oddServer{greeting: "2200 hello\r\n"}, Trouble},
		"our name is refused":                   {&oddServer{replies: map[string]string{"EHLO": "550 5.7.1 invalid name\r\n"}}, Trouble},
		"our sender is refused":                 {&oddServer{replies: map[string]string{"MAIL": "553 5.1.8 no such domain\r\n"}}, Trouble},
		"our name is refused late":              {&oddServer{replies: map[string]string{"RCPT": "504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname\r\n"}}, Trouble},
		"lost at the recipient":                 {&oddServer{replies: map[string]string{"RCPT": ""}}, Trouble},
		"lost at DATA":                          {&oddServer{replies: map[string]string{"DATA": ""}}, Trouble},
		"421 at the recipient":                  {&oddServer{replies: map[string]string{"RCPT": "421\r\n"}}, Trouble},
		"no relay":                              {&oddServer{replies: map[string]string{"RCPT": "554 5.7.1 Relay access denied\r\n"}}, Refused},
		"greylisting":                           {&oddServer{replies: map[string]string{"RCPT": "450 4.2.0 Greylisted\r\n"}}, Refused},
		"a bare 450":                            {&oddServer{replies: map[string]string{"RCPT": "450\r\n"}}, Refused},
		"a bare 550":                            {&oddServer{replies: map[string]string{"RCPT": "550\r\n"}}, Permanent},
		"two answers of which the last counts":  {&oddServer{replies: map[string]string{"RCPT": "250-yes\r\n550 5.1.1 no\r\n"}}, Permanent},
		"lost after the dot":                    {&oddServer{replies: map[string]string{".": ""}}, InDoubt},
		"no reply after the dot":                {&oddServer{replies: map[string]string{".": "OK\r\n"}}, InDoubt},
		"half a reply after the dot":            {&oddServer{replies: map[string]string{".": "250-queued\r\nbye\r\n"}}, InDoubt},
		"354 after the dot":                     {&oddServer{replies: map[string]string{".": "354 go on\r\n"}}, InDoubt},
		"421 after the dot, which is an answer": {&oddServer{replies: map[string]string{".": "421 4.3.2 shutting down\r\n"}}, Trouble},
		"a full disk after the dot":             {&oddServer{replies: map[string]string{".": "452 4.3.1 no space\r\n"}}, Trouble},
		"spam":                                  {&oddServer{replies: map[string]string{".": "550 5.7.1 looks like spam\r\n"}}, Refused},
		"too large":                             {&oddServer{replies: map[string]string{".": "552 5.3.4 too large\r\n"}}, Permanent},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.o.start(t).deliver(t, "", nil); err == nil || Classify(err) != c.want {
				t.Errorf("%v: class %d, want %d", err, Classify(err), c.want)
			}
		})
	}
}

// TestTheServerHearsOneName is for servers that check who calls: the name is a full one,
// the same in every mode, and told again under TLS.
func TestTheServerHearsOneName(t *testing.T) {
	cert, _ := certificate(t, nil)
	trust := func(tr *dialer) { tr.tls = &tls.Config{InsecureSkipVerify: true} }
	for query, hellos := range map[string]int{"smtp://ADDR?tls=none": 1, "smtp://ADDR?tls=starttls": 2, "smtp://ADDR?tls=implicit": 1} {
		for _, helo := range []string{"", "monitor.example.com"} {
			o := (&oddServer{tls: cert, implicit: strings.Contains(query, "implicit")}).start(t)
			err := o.deliver(t, query, func(tr *dialer) { trust(tr); tr.helo = helo })
			said := o.lines("EHLO")
			if err != nil || len(said) != hellos {
				t.Fatalf("%s: %v; the server heard %q", query, err, said)
			}
			for _, line := range said {
				name := strings.TrimPrefix(line, "EHLO ")
				if helo != "" && name != helo || !isFullName(name) && name != "[127.0.0.1]" {
					t.Errorf("%s, --smtp-helo %q: the server heard %q", query, helo, line)
				}
			}
		}
	}
}

func TestAMachinesName(t *testing.T) {
	for _, c := range []struct {
		host    string
		aliases []string
		want    string
	}{
		{"mon1.example.com", nil, "mon1.example.com"},
		{"mon1", []string{"mon1.", "mon1.example.com."}, "mon1.example.com"},
		{"mon1", []string{"localhost", "other.example.com"}, ""},
		{"mon1", nil, ""},
		{"localhost.localdomain", nil, ""},
		{"mon1.localdomain", nil, ""},
		{"my_host", []string{"my_host.example.com"}, ""},
	} {
		if got := firstFullName(c.host, func() []string { return c.aliases }); got != c.want {
			t.Errorf("%s: %q, want %q", c.host, got, c.want)
		}
	}
	for a, want := range map[net.Addr]string{
		&net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 1}:             "[192.0.2.1]",
		&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 1}:      "[192.0.2.1]",
		&net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 1, Zone: "eth0"}: "[IPv6:fe80::1]",
		&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}:           "[IPv6:2001:db8::1]",
	} {
		if got := addressLiteral(a); got != want {
			t.Errorf("%v: %q, want %q", a, got, want)
		}
	}
	for name, ok := range map[string]bool{
		"": true, "a.example.com": true, "host": true, "[192.0.2.1]": true, "[IPv6:2001:db8::1]": true,
		"a b": false, "a..b": false, "-a.b": false, "[192.0.2]": false, "[2001:db8::1]": false, "[IPv6:192.0.2.1]": false, "[192.0.2.1": false, "a.example.com.": false, "x\r\nMAIL": false,
	} {
		if err := ValidateHelo(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// logins answers AUTH by challenges and compares what came with what should come.
func logins(mechanism string, challenges []string, want func(answers []string) bool) func(string, *bufio.Reader, net.Conn) {
	return func(line string, r *bufio.Reader, w net.Conn) {
		fields := strings.Fields(line)
		if !strings.EqualFold(fields[1], mechanism) {
			w.Write([]byte("504 5.5.4 not that\r\n"))
			return
		}
		var answers []string
		if len(fields) > 2 {
			answers = append(answers, unbase64(fields[2]))
		}
		for _, c := range challenges {
			w.Write([]byte(strings.TrimRight("334 "+c, " ") + "\r\n"))
			answer, _ := r.ReadString('\n')
			answers = append(answers, unbase64(strings.TrimSpace(answer)))
		}
		if !want(answers) {
			w.Write([]byte("535 5.7.8 no\r\n"))
			return
		}
		w.Write([]byte("235\r\n"))
	}
}

func unbase64(s string) string {
	b, _ := base64.StdEncoding.DecodeString(s)
	return string(b)
}

func TestLogins(t *testing.T) {
	const plain = "\x00me\x00p@ss"
	challenge := base64.StdEncoding.EncodeToString([]byte("<1.2@odd>"))
	login := func(a []string) bool { return strings.Join(a, "|") == "me|p@ss" }
	for name, c := range map[string]struct {
		offer string
		auth  func(string, *bufio.Reader, net.Conn)
	}{
		"PLAIN":                            {"250 AUTH PLAIN LOGIN", logins("PLAIN", nil, func(a []string) bool { return a[0] == plain })},
		"PLAIN, asked for again":           {"250 auth plain", logins("PLAIN", []string{""}, func(a []string) bool { return a[1] == plain })},
		"LOGIN":                            {"250 AUTH LOGIN", logins("LOGIN", []string{"VXNlcm5hbWU6", "UGFzc3dvcmQ6"}, login)},
		"LOGIN with words of its own":      {"250 AUTH LOGIN", logins("LOGIN", []string{"VXNlcgA=", "UGFzcwA="}, login)},
		"LOGIN with challenges in no code": {"250 AUTH LOGIN", logins("LOGIN", []string{"Username:", ""}, login)},
		"LOGIN in the spelling of Outlook": {"250 AUTH=LOGIN", logins("LOGIN", []string{"VXNlcm5hbWU6", "UGFzc3dvcmQ6"}, login)},
		"LOGIN on a second line":           {"250-AUTH GSSAPI\r\n250 auth=login", logins("LOGIN", []string{"", ""}, login)},
		"only CRAM-MD5": {"250 AUTH DIGEST-MD5 CRAM-MD5", logins("CRAM-MD5", []string{challenge}, func(a []string) bool {
			mac := hmac.New(md5.New, []byte("p@ss"))
			mac.Write([]byte("<1.2@odd>"))
			return a[0] == fmt.Sprintf("me %x", mac.Sum(nil))
		})},
	} {
		t.Run(name, func(t *testing.T) {
			o := (&oddServer{replies: map[string]string{"EHLO": "250-odd\r\n" + c.offer + "\r\n"}, auth: c.auth}).start(t)
			if err := o.deliver(t, "smtp://me:p%40ss@ADDR?tls=none", nil); err != nil {
				t.Errorf("%v\nthe server heard %q", err, o.lines("AUTH"))
			}
		})
	}
	for offer, words := range map[string]string{
		"250 SIZE":          "offers no login",
		"250 AUTH GSSAPI":   "offers the logins GSSAPI",
		"250 AUTH CRAM-MD5": "535",
	} {
		o := (&oddServer{replies: map[string]string{"EHLO": "250-odd\r\n" + offer + "\r\n"}, auth: logins("CRAM-MD5", []string{challenge}, func([]string) bool { return false })}).start(t)
		err := o.deliver(t, "smtp://me:p%40ss@ADDR?tls=none", nil)
		if err == nil || Classify(err) != Trouble || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "p@ss") {
			t.Errorf("%s: %v", offer, err)
		}
	}
}

func TestFailuresOfTLSAreNamed(t *testing.T) {
	cert, ca := certificate(t, nil)
	other, otherCA := certificate(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"mail.example.com"} })
	old, oldCA := certificate(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	ancient := cert.Clone()
	ancient.MaxVersion = tls.VersionTLS11
	fast := func(tr *dialer) { tr.limits = DefaultLimits().Within(time.Second) }
	for name, c := range map[string]struct {
		o     *oddServer
		query string
		words string
	}{
		"an authority of its own":        {&oddServer{tls: cert}, "smtp://ADDR", "ca=FILE"},
		"one that is given":              {&oddServer{tls: cert}, "smtp://ADDR?ca=" + ca, ""},
		"one that is given, and smtps":   {&oddServer{tls: cert, implicit: true}, "smtps://ADDR?ca=" + ca, ""},
		"another's name":                 {&oddServer{tls: other}, "smtp://ADDR?ca=" + otherCA, "not for 127.0.0.1"},
		"expired":                        {&oddServer{tls: old}, "smtp://ADDR?ca=" + oldCA, "expired"},
		"a version that is too old":      {&oddServer{tls: ancient}, "smtp://ADDR?ca=" + ca, "older than 1.2"},
		"no STARTTLS":                    {&oddServer{replies: map[string]string{"EHLO": "250 odd\r\n"}}, "smtp://ADDR", "tls=none"},
		"lower-case starttls":            {&oddServer{tls: cert, replies: map[string]string{"EHLO": "250-odd\r\n250 starttls\r\n"}}, "smtp://ADDR?ca=" + ca, ""},
		"STARTTLS that is refused":       {&oddServer{replies: map[string]string{"STARTTLS": "454 4.7.0 TLS not available\r\n"}}, "smtp://ADDR", "refuses it"},
		"smtps to a plain port":          {&oddServer{}, "smtps://ADDR?ca=" + ca, "tls=starttls"},
		"smtp to a port of TLS":          {&oddServer{greeting: "silence"}, "smtp://ADDR", "smtps://"},
		"somebody's words before TLS":    {&oddServer{tls: cert, replies: map[string]string{"STARTTLS": "220 go\r\n250 evil\r\n"}}, "smtp://ADDR?ca=" + ca, "unprotected"},
		"a handshake that ends too soon": {&oddServer{tls: &tls.Config{}}, "smtp://ADDR?ca=" + ca, "no TLS with"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.o.start(t).deliver(t, c.query, fast)
			if (err == nil) != (c.words == "") || err != nil && (!strings.Contains(err.Error(), c.words) || Classify(err) != Trouble) {
				t.Errorf("%v, want %q", err, c.words)
			}
			if found := goSpeak.FindString(fmt.Sprint(err)); found != "" {
				t.Errorf("%v says %q", err, found)
			}
		})
	}
}

// goSpeak are words of Go's libraries.
var goSpeak = regexp.MustCompile(`dial |lookup |read tcp|write tcp|connect:|x509|tls: |EOF|i/o timeout|context|no such host`)

// TestAServerThatIsNotThereIsToldInPlainWords: people read these errors in the log, in
// `quorumbeat alerts` and on the dashboard.
func TestAServerThatIsNotThereIsToldInPlainWords(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := ln.Addr().String()
	ln.Close()
	for name, x := range map[string]struct {
		o     *oddServer
		query string
		words string
	}{
		"nobody listens":                      {&oddServer{}, "smtp://" + closed + "?tls=none", "the mail server " + closed + " cannot be reached: nothing listens there (connection refused)"},
		"it greets nobody":                    {&oddServer{greeting: "silence"}, "", "did not greet; if this port speaks TLS from the first byte, use smtps://: it took too long"},
		"it hangs up on the greeting":         {&oddServer{replies: map[string]string{"EHLO": ""}}, "", "it closed the connection"},
		"it hangs up on the sender":           {&oddServer{replies: map[string]string{"MAIL": ""}}, "", "it closed the connection"},
		"it hangs up on the recipient":        {&oddServer{replies: map[string]string{"RCPT": ""}}, "", "it closed the connection"},
		"it hangs up on the message":          {&oddServer{replies: map[string]string{"DATA": ""}}, "", "it closed the connection"},
		"it hangs up on the end of a message": {&oddServer{replies: map[string]string{".": ""}}, "", "it closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			err := x.o.start(t).deliver(t, x.query, func(tr *dialer) { tr.limits = DefaultLimits().Within(time.Second) })
			if err == nil || !strings.Contains(err.Error(), x.words) || goSpeak.MatchString(err.Error()) {
				t.Errorf("%v, want %q", err, x.words)
			}
		})
	}
}

// TestTimesOfTheStandard: a server may take the times of RFC 5321 4.5.3.2 for its answers.
func TestTimesOfTheStandard(t *testing.T) {
	m := time.Minute
	if got, want := newDialer(Target{}, "").limits, (Limits{Greeting: 5 * m, Command: 5 * m, Data: 2 * m, Block: 3 * m, Dot: 10 * m}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}
