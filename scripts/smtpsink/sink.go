package smtpsink

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Mail is one accepted message for one recipient.
type Mail struct {
	To        string // of the envelope
	Subject   string
	MessageID string
	Header    mail.Header
	Raw       []byte
	At        time.Time
}

// Config says what the server offers. The zero value takes plain SMTP from anybody.
type Config struct {
	TLS                *tls.Config // offer STARTTLS, or speak TLS from the first byte
	Implicit           bool        // TLS from the first byte
	Username, Password string      // demand AUTH PLAIN
	Addr               string      // HOST:PORT to listen on; "": a free port of 127.0.0.1

	Refuse map[string]string // recipients that are refused with 550 5.7.1, and the text of it
}

// Stage is a moment of a transaction at which the server can fail.
type Stage int

// The stages of a transaction.
const (
	AtRcpt Stage = iota // before the message
	AtData              // after the final dot
)

// Delivery tells messages apart as a recipient would.
type Delivery struct{ MessageID, To string }

// Sink is a running server. Its address stays the same while it is down.
type Sink struct {
	cfg  Config
	addr string
	hold io.Closer // keeps the port from others while the server is down; nil: it is up

	mu     sync.Mutex
	server *smtp.Server // nil while down
	ln     net.Listener
	served chan struct{}
	fail   map[Stage]error
	hang   map[Stage]chan struct{} // answers wait for their end
	drop   drop
	mails  []Mail
	conns  int
	peak   int // most connections at a time
	open   int
	live   map[*smtp.Conn]struct{}

	hanging int // answers that are kept back
}

// Start listens.
func Start(cfg Config) (*Sink, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	s := &Sink{cfg: cfg, fail: map[Stage]error{}, hang: map[Stage]chan struct{}{}, live: map[*smtp.Conn]struct{}{}, addr: cfg.Addr}
	return s, s.Up()
}

// Addr is the HOST:PORT of the server.
func (s *Sink) Addr() string { return s.addr }

// Up listens again after Down, on the same address.
func (s *Sink) Up() error {
	ln, err := (&net.ListenConfig{Control: shared}).Listen(context.Background(), "tcp", s.addr)
	if err != nil {
		return err
	}
	s.release()
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain = "sink.example.com"
	server.TLSConfig = s.cfg.TLS
	server.AllowInsecureAuth = true
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.ErrorLog = log.New(io.Discard, "", 0)
	s.mu.Lock()
	s.addr, s.server, s.ln, s.served = ln.Addr().String(), server, ln, make(chan struct{})
	served := s.served
	s.mu.Unlock()
	ln = droppingListener{ln, s}
	if s.cfg.Implicit {
		ln = tls.NewListener(ln, s.cfg.TLS)
	}
	go func() {
		defer close(served)
		_ = server.Serve(ln) // ends with Down
	}()
	return nil
}

// Down closes the port and every connection, as a crash would.
func (s *Sink) Down() {
	s.mu.Lock()
	server, ln, served := s.server, s.ln, s.served
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		s.hold, _ = reserve(s.addr)
		_ = ln.Close() // the server does not know it yet if it has only just begun
		_ = server.Close()
		<-served
	}
}

// Close ends the server for good; answers that hang are given up.
func (s *Sink) Close() {
	s.Resume()
	s.Down()
	s.release()
}

// release gives up the hold on the port.
func (s *Sink) release() {
	if s.hold != nil {
		_ = s.hold.Close()
		s.hold = nil
	}
}

// Fail makes the server answer with this code at a stage; 0 ends it.
func (s *Sink) Fail(at Stage, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.fail, at)
	if code != 0 {
		s.fail[at] = &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 3, 0}, Message: "told to fail"}
	}
}

// Hang keeps back the answers of a stage until Resume.
func (s *Sink) Hang(at Stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang[at] == nil {
		s.hang[at] = make(chan struct{})
	}
}

// Resume ends Hang.
func (s *Sink) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, end := range s.hang {
		close(end)
		delete(s.hang, at)
	}
}

// Mails returns the accepted messages whose recipient is to, oldest first; ""
// stands for everybody.
func (s *Sink) Mails(to string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Mail
	for _, m := range s.mails {
		if to == "" || strings.EqualFold(m.To, to) {
			found = append(found, m)
		}
	}
	return found
}

// Conns returns how many connections there have been, and the most at a time.
func (s *Sink) Conns() (total, peak int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns, s.peak
}

// Counts returns how often each message came to each recipient.
func (s *Sink) Counts() map[Delivery]int {
	counts := map[Delivery]int{}
	for _, m := range s.Mails("") {
		counts[Delivery{m.MessageID, m.To}]++
	}
	return counts
}

// failure is what a stage answers, once it may.
func (s *Sink) failure(at Stage) error {
	s.mu.Lock()
	hang := s.hang[at]
	s.mu.Unlock()
	if hang != nil {
		s.count(&s.hanging, 1)
		<-hang
		s.count(&s.hanging, -1)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err, ok := s.fail[at]; ok {
		return err
	}
	return nil
}

func (s *Sink) count(n *int, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n += by
}

// accept keeps a message.
func (s *Sink) accept(to []string, raw []byte) error {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range to {
		s.mails = append(s.mails, Mail{
			To: r, Subject: decode(msg.Header.Get("Subject")), MessageID: msg.Header.Get("Message-Id"),
			Header: msg.Header, Raw: raw, At: time.Now(),
		})
	}
	return nil
}

// Open returns how many connections there are now.
func (s *Sink) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Hanging returns how many answers are kept back since Hang.
func (s *Sink) Hanging() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hanging
}

// Cut drops every connection and goes on listening; what hangs gets no answer.
func (s *Sink) Cut() {
	s.mu.Lock()
	conns := s.live
	s.live = map[*smtp.Conn]struct{}{}
	s.mu.Unlock()
	for c := range conns {
		_ = c.Conn().Close()
	}
}
