package show

import (
	"fmt"
	"html/template"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/story"
)

// Line is an event of an incident's story.
type Line struct {
	When  template.HTML
	Words template.HTML
}

// Story tells what happened in an incident, an event a line. What people wrote is escaped.
func Story(events []story.Event, now time.Time) (lines []Line) {
	for _, e := range events {
		lines = append(lines, Line{Moment(time.UnixMilli(e.At), now), happened(e, now)})
	}
	return lines
}

func happened(e story.Event, now time.Time) template.HTML {
	say := func(format string, args ...any) template.HTML { return template.HTML(fmt.Sprintf(format, args...)) }
	who, note := isolated(e.Who), ""
	if e.Who != "" {
		who = " by " + who
	}
	if e.Note != "" {
		note = ": " + isolated(e.Note)
	}
	switch e.What {
	case story.Began:
		if e.Note != "" { // of the monitor itself
			return "it began. " + CauseOf(e.Text) + template.HTML(" "+isolated(e.Note))
		}
		return "it began. " + CauseOf(e.Text)
	case story.Failed:
		return say("it failed once more%s", failedHow(e))
	case story.Hung:
		return "another run did not end in its time"
	case story.Alerted:
		return say("%s to %s: %s", template.HTMLEscapeString(e.Text), toWhom(e.Who), template.HTMLEscapeString(e.Note))
	case story.Acknowledged:
		return say("acknowledged%s%s", who, note)
	case story.Withdrawn:
		return say("people were to be told again, which was asked for%s", who)
	case story.Snoozed:
		return say("snoozed until %s%s%s", Moment(time.UnixMilli(e.Number), now), who, note)
	case story.Woke:
		return "the snooze was over"
	case story.Edited:
		return say("the heartbeat was changed%s: %s", who, template.HTMLEscapeString(e.Fields()))
	case story.Paused:
		return say("the heartbeat was paused%s", who)
	case story.Resumed:
		return say("the heartbeat was resumed%s", who)
	case story.GoodRun:
		return "a good run came while it was paused"
	case story.Recovered:
		return say("it recovered%s", note)
	case story.Deleted:
		if e.Note != "" { // of the monitor itself
			return say("it is no longer there%s", note)
		}
		return say("the heartbeat was deleted%s", who)
	}
	return "something that this version does not know"
}

func failedHow(e story.Event) string {
	switch {
	case e.Text != "":
		return ": it " + template.HTMLEscapeString(e.Text)
	case e.Number > 0:
		return fmt.Sprintf(", with exit status %d", e.Number)
	}
	return ""
}

func toWhom(who string) string {
	if who == "" {
		return "nobody"
	}
	return isolated(who)
}

// isolated is a text that people wrote, which keeps its direction to itself.
func isolated(s string) string { return "<bdi>" + template.HTMLEscapeString(s) + "</bdi>" }
