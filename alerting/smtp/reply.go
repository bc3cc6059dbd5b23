package smtp

import (
	"bufio"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/quorumbeat/quorumbeat/internal/unreachable"
)

// Bounds of a reply: more is no mail server.
const (
	maxReplyLine  = 8 << 10
	maxReplyLines = 1000
)

// errNoReply says that what came is no SMTP reply.
var errNoReply = errors.New("that is no SMTP reply")

// Reply is what a server answers to a command.
type Reply struct {
	Code  int      // 200 to 599
	Lines []string // texts, each maybe empty; at least one
}

// readReply takes lines that end with LF or CRLF, with or without text.
func readReply(r *bufio.Reader) (reply Reply, err error) {
	for range maxReplyLines {
		line, err := readLine(r)
		if err != nil {
			return reply, err
		}
		code, text, more, err := parseLine(line)
		if err != nil {
			return reply, err
		}
		reply.Code = code
		reply.Lines = append(reply.Lines, strings.ToValidUTF8(text, "?"))
		if !more {
			return reply, nil
		}
	}
	return reply, fmt.Errorf("over %d lines: %w", maxReplyLines, errNoReply)
}

// readLine reads to the end of a line and keeps the beginning of one that is too long.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for n := 0; n < 1<<20; {
		part, more, err := r.ReadLine()
		if err != nil {
			return "", unreachable.Explain(err)
		}
		n += len(part)
		line = append(line, part[:min(len(part), maxReplyLine-len(line))]...)
		if !more {
			return string(line), nil
		}
	}
	return "", fmt.Errorf("a line without an end: %w", errNoReply)
}

// parseLine splits CODE, CODE TEXT or CODE-TEXT; more lines follow the last.
func parseLine(line string) (code int, text string, more bool, err error) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !digit(line[1]) || !digit(line[2]) || len(line) > 3 && digit(line[3]) {
		return 0, "", false, fmt.Errorf("the server said %.60q: %w", line, errNoReply)
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, "", false, nil
	}
	return code, strings.TrimSpace(line[4:]), line[3] == '-', nil
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// Text is the whole text on one line.
func (r Reply) Text() string { return strings.Join(strings.Fields(strings.Join(r.Lines, " ")), " ") }

// enhanced is a status code of RFC 3463 at the beginning of a text.
var enhanced = regexp.MustCompile(`^([245]\.\d{1,3}\.\d{1,3})(?:[ :;]|$)`)

// Enhanced is the status code of RFC 3463, like "5.1.1"; "" if the server gives none.
func (r Reply) Enhanced() string {
	if m := enhanced.FindStringSubmatch(r.Lines[0]); m != nil {
		return m[1]
	}
	return ""
}

func (r Reply) String() string { return strings.TrimSpace(fmt.Sprintf("%d %s", r.Code, r.Text())) }

// Error is a reply that refuses a command.
type Error struct {
	Command string // what was refused, like "MAIL"
	Reply
}

func (e *Error) Error() string {
	return fmt.Sprintf("the mail server answered %s with %q", e.Command, e.Reply.String())
}
