package story

import (
	"strings"
	"unicode/utf8"
)

// What says what happened. Never renumber.
type What uint8

const (
	Began        What = 1  // Text: the reason: silence, failure, hung_run or unheard
	Failed       What = 2  // the job failed once more. Number: its exit status, 0 if it told none; Text: the check that it broke
	Hung         What = 3  // one more run did not end in time
	Alerted      What = 4  // an alert reached its end. Text: its kind; Who: to whom; Note: sent, failed or held
	Acknowledged What = 5  // by Who, with a Note
	Withdrawn    What = 6  // the acknowledgement, or the snooze, by Who
	Snoozed      What = 7  // by Who, with a Note. Number: until when, Unix ms
	Woke         What = 8  // the snooze is over
	Edited       What = 9  // the heartbeat was changed by Who. Text: the fields
	Paused       What = 10 // by Who: that ended it
	Resumed      What = 11 // by Who
	GoodRun      What = 12 // seen while paused
	Recovered    What = 13 // a good run ended it
	Deleted      What = 14 // its heartbeat, by Who
)

var names = [...]string{
	Began: "began", Failed: "failed", Hung: "hung", Alerted: "alerted", Acknowledged: "acknowledged", Withdrawn: "withdrawn",
	Snoozed: "snoozed", Woke: "woke", Edited: "edited", Paused: "paused", Resumed: "resumed", GoodRun: "good_run",
	Recovered: "recovered", Deleted: "deleted",
}

func (w What) String() string {
	if int(w) < len(names) && names[w] != "" {
		return names[w]
	}
	return "unknown"
}

// ByPeople reports whether people did it, or decided when it would happen: what a mail
// tells beside how the job went.
func (w What) ByPeople() bool {
	switch w {
	case Acknowledged, Withdrawn, Snoozed, Woke, Edited, Paused, Resumed, GoodRun:
		return true
	}
	return false
}

// isMany reports whether there may be many of it, so that it goes first where there is no room.
func (w What) isMany() bool { return w == Failed || w == Hung || w == Alerted || w == Edited }

// Event is one thing that happened.
type Event struct {
	At     int64 // wall, Unix ms
	What   What
	Who    string
	Text   string
	Note   string
	Number int64
}

// clip cuts a text to a number of bytes, and leaves whole characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.ToValidUTF8(s[:most], "")
}
