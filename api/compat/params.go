package compat

import (
	"crypto/sha256"
	"iter"
	"strings"

	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	// NoExit says that no exit status was told.
	NoExit  = -1
	maxExit = fsm.MaxExit
)

// numberPrefix begins the name of a parameter that is a number.
const numberPrefix = "m."

// Told is what parameters or a body tell of a run.
type Told struct {
	Fails  bool // something in it means failure
	Starts bool // the run began
	Exit   int  // an exit status; NoExit: none
	Stated bool // it says how the run went, in words that are known

	Unread string // a word for how the run went that is not known
	Text   string // what the run printed
	HasRun bool
	Run    [16]byte // which run, if HasRun

	Numbers Numbers
}

// Params reads the query of a ping. Names and words are taken in any case: state,
// status, s, status_code, exit_code, exit_status and success say how the run went; series
// ties its end to its start; msg, message and error are what it printed; m.NAME=VALUE and
// metric=NAME:VALUE are numbers. All others are left alone.
func Params(query iter.Seq2[[]byte, []byte]) Told {
	t := Told{Exit: NoExit}
	for name, value := range query {
		t.param(string(name), string(value))
	}
	return t
}

func (t *Told) param(name, value string) {
	if number, ok := strings.CutPrefix(name, numberPrefix); ok {
		t.Numbers.add(number, value)
		return
	}
	if strings.TrimSpace(value) == "" {
		return
	}
	switch strings.ToLower(name) {
	case "state", "status", "s", "status_code", "exit_code", "exit_status":
		t.word(value)
	case "success":
		t.success(value)
	case "series":
		t.Run, t.HasRun = RunID(value), true
	case "metric":
		t.Numbers.metric(value)
	case "msg", "message", "error":
		if t.Text == "" {
			t.Text = value
		}
	}
}

// word notes how the run went.
func (t *Told) word(word string) {
	meaning := Word(word)
	switch meaning {
	case Unknown:
		if t.Unread == "" {
			t.Unread = word
		}
		return
	case Failed:
		t.Fails = true
	case Started:
		t.Starts = true
	}
	t.Stated = true
	if exit := exitStatus(word); exit != NoExit && (t.Exit <= 0 || exit > 0) {
		t.Exit = exit
	}
}

// success notes an answer to "was it a success?", where 1 is yes and 0 is no.
func (t *Told) success(answer string) {
	meaning := Word(answer)
	if n, ok := number(answer); ok {
		meaning = Good
		if n == 0 {
			meaning = Failed
		}
	}
	switch meaning {
	case Failed:
		t.Fails, t.Stated = true, true
	case Good:
		t.Stated = true
	default:
		t.Unread = answer
	}
}

// RunID makes the ID of a run of what a client calls it: a UUID is itself, any other
// text is hashed.
func RunID(name string) [16]byte {
	if id, ok := uuidOf(name); ok {
		return id
	}
	sum := sha256.Sum256([]byte(name))
	return [16]byte(sum[:16])
}

// uuidOf reads a UUID with or without its hyphens.
func uuidOf(text string) ([16]byte, bool) {
	if len(text) == 32 {
		text = strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
	}
	id, err := fsm.ParseToken([]byte(text))
	return id, err == nil
}
