package routing

import (
	"cmp"

	"github.com/quorumbeat/quorumbeat/fsm"
)

var byWords = map[By]string{
	ByEmail: "the heartbeat's own email", ByNotify: "the heartbeat names it", ByTag: "it shares a tag",
	ByDefault: "it is a default channel", ByMailTo: "it is in --mail-to",
}

// Words tells the rule in words.
func (t Target) Words() string {
	if t.By == ByTag {
		return "it shares the tag " + t.Tag
	}
	return byWords[t.By]
}

// Name is what people call a target: an address, or a channel's name and kind.
func (t Target) Name() string {
	switch {
	case t.Channel == nil:
		return t.Address
	case t.Address != "":
		return t.Address + " by " + t.Channel.Spec.Name
	}
	return t.Channel.Spec.Name + " (" + t.Channel.Spec.Kind + ")"
}

// On lists the kinds of alerts that a target takes.
func (t Target) On() (list []string) {
	for _, k := range fsm.ChannelKinds {
		if t.Channel == nil || t.Channel.Spec.On.Has(k) {
			list = append(list, k.String())
		}
	}
	return list
}

var reasonWords = map[Reason]string{
	Paused:       "it is paused",
	Acknowledged: "its incident is acknowledged: nothing but its end is told",
	Snoozed:      "its incident is snoozed: nothing but its end is told meanwhile",
	NoRecipient:  "it names no email and no channel, no channel shares a tag with it or is a default one, and there is no --mail-to",
	NotWanted:    "it does not take alerts of this kind",
	Overruled:    "it is a default only, and others are chosen for the heartbeat",
	Twice:        "the same address is told in another way",
	Began:        "the incident began before this was to be told of it: a reminder would tell it",
	Cancelled:    "its alert was cancelled",
	Failed:       "its alert could not be sent",
	Held:         "its alert is held back until somebody sends it (alerts retry) or cancels it",
	After:        "the incident has to last for as long as its channel says",
	FlapWindow:   "the heartbeat flaps: what happens until then is told at once",
	Burst:        "it was told of many things just now: what follows comes as a digest",
	Before:       "an earlier alert to it has to come to its end first",
	Retry:        "an attempt to send it failed, and is repeated",
}

// Words tells a reason in words.
func (r Reason) Words() string {
	if words := reasonWords[r]; words != "" {
		return words
	}
	return string(r)
}

// Said tells a wait in words.
func (w Wait) Said() string {
	words := reasonWords[w.For]
	switch {
	case words == "":
		return cmp.Or(w.Words, string(w.For))
	case w.Words == "":
		return words
	}
	return words + ": " + w.Words
}
