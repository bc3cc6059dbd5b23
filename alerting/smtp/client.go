package smtp

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/internal/unreachable"
)

// ErrNoStartTLS says that the server offers no STARTTLS.
var ErrNoStartTLS = errors.New("the server offers no STARTTLS")

// Client is a conversation with a server.
type Client struct {
	Limits Limits

	conn   net.Conn // of TLS, once it has begun
	r      *bufio.Reader
	secure bool
	offers map[string]string // the keywords of EHLO in capitals, and their parameters
}

// NewClient talks over a connection; secure says that it is under TLS already.
func NewClient(conn net.Conn, secure bool) *Client {
	return &Client{Limits: DefaultLimits(), conn: conn, r: bufio.NewReader(conn), secure: secure}
}

// Greeting waits for the server's first word.
func (c *Client) Greeting() error {
	_, err := c.reply("the connection", 220, c.Limits.Greeting)
	return err
}

// Hello tells the server who calls: EHLO, or HELO to a server that knows no better.
func (c *Client) Hello(name string) error {
	c.offers = map[string]string{}
	r, err := c.command(250, c.Limits.Command, "EHLO", name)
	var refusal *Error
	if errors.As(err, &refusal) && (refusal.Code == 500 || refusal.Code == 502) {
		_, err = c.command(250, c.Limits.Command, "HELO", name)
		return err
	}
	if err != nil {
		return err
	}
	for _, line := range r.Lines[1:] {
		c.note(line)
	}
	return nil
}

// note takes a line like "AUTH PLAIN LOGIN", "auth=login" or "size 1000".
func (c *Client) note(line string) {
	at := strings.IndexAny(line, " =\t")
	if at < 0 {
		at = len(line)
	}
	keyword, params := strings.ToUpper(line[:at]), strings.ToUpper(strings.Trim(line[at:], " =\t"))
	if have := c.offers[keyword]; have != "" { // some servers have two lines of AUTH
		params = have + " " + params
	}
	c.offers[keyword] = params
}

// Offers reports whether the server knows an extension, and its parameters, in capitals.
func (c *Client) Offers(keyword string) (params string, ok bool) {
	params, ok = c.offers[keyword]
	return params, ok
}

// StartTLS goes on under TLS. The server has to be told again who calls.
func (c *Client) StartTLS(cfg *tls.Config) error {
	if _, ok := c.Offers("STARTTLS"); !ok {
		return ErrNoStartTLS
	}
	if _, err := c.command(220, c.Limits.Command, "STARTTLS", ""); err != nil {
		return err
	}
	if c.r.Buffered() > 0 { // said by someone who cannot speak TLS
		return fmt.Errorf("unprotected text follows the answer to STARTTLS: %w", errNoReply)
	}
	return c.Handshake(cfg)
}

// Handshake begins TLS at once.
func (c *Client) Handshake(cfg *tls.Config) error {
	conn := tls.Client(c.conn, cfg)
	c.expire(c.Limits.Command)
	if err := conn.Handshake(); err != nil {
		return err
	}
	c.conn, c.r, c.secure = conn, bufio.NewReader(conn), true
	return nil
}

// Mail begins a message.
func (c *Client) Mail(from string) error {
	_, err := c.command(250, c.Limits.Command, "MAIL", "FROM:<"+from+">")
	return err
}

// Rcpt names the recipient of a message.
func (c *Client) Rcpt(to string) error {
	_, err := c.command(250, c.Limits.Command, "RCPT", "TO:<"+to+">")
	return err
}

// Data transfers a message, all but the final dot.
func (c *Client) Data(message []byte) error {
	if _, err := c.command(354, c.Limits.Data, "DATA", ""); err != nil {
		return err
	}
	for rest := stuff(message); len(rest) > 0; {
		n := min(len(rest), 32<<10)
		c.expire(c.Limits.Block)
		if err := c.write(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// stuff ends lines with CRLF, and gives those that begin with a dot one more.
func stuff(message []byte) []byte {
	message = bytes.ReplaceAll(message, []byte("\r"), nil)
	message = bytes.ReplaceAll(message, []byte("\n."), []byte("\n.."))
	if bytes.HasPrefix(message, []byte(".")) {
		message = append([]byte("."), message...)
	}
	if !bytes.HasSuffix(message, []byte("\n")) {
		message = append(message, '\n')
	}
	return bytes.ReplaceAll(message, []byte("\n"), []byte("\r\n"))
}

// Dot completes the message and returns what the server said to it.
func (c *Client) Dot() (Reply, error) {
	c.expire(c.Limits.Block)
	if err := c.write([]byte(".\r\n")); err != nil {
		return Reply{}, err
	}
	return c.reply("the message", 250, c.Limits.Dot)
}

// Reset forgets the message that was begun.
func (c *Client) Reset() error {
	_, err := c.command(250, c.Limits.Command, "RSET", "")
	return err
}

// Quit says goodbye.
func (c *Client) Quit() error {
	_, err := c.command(221, c.Limits.Command, "QUIT", "")
	return err
}

// command sends a line and reads the reply to it, which has to be of the same kind
// (2xx, 3xx) as want.
func (c *Client) command(want int, limit time.Duration, name, rest string) (Reply, error) {
	if err := c.send(strings.TrimSpace(name+" "+rest), limit); err != nil {
		return Reply{}, err
	}
	return c.reply(name, want, limit)
}

func (c *Client) send(line string, limit time.Duration) error {
	if strings.ContainsAny(line, "\r\n") {
		return errors.New("a command of several lines was not sent")
	}
	c.expire(limit)
	return c.write([]byte(line + "\r\n"))
}

func (c *Client) write(b []byte) error {
	_, err := c.conn.Write(b)
	return unreachable.Explain(err)
}

func (c *Client) reply(about string, want int, limit time.Duration) (Reply, error) {
	c.expire(limit)
	r, err := readReply(c.r)
	if err == nil && r.Code/100 != want/100 {
		err = &Error{about, r}
		if about == "the message" && r.Code/100 < 4 {
			err = fmt.Errorf("the server answered the message with %q: %w", r.String(), errNoReply)
		}
	}
	return r, err
}

func (c *Client) expire(after time.Duration) { c.conn.SetDeadline(time.Now().Add(after)) }
