package form

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/api/windows"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// Channel are the fields of a channel of a kind, in the order of the form.
func Channel(k kinds.Kind) Controls {
	list := Controls{{Name: "name", Label: "Name", Kind: "text", Words: fmt.Sprintf("What people call it, 1 to %d characters; no other channel has it.", fsm.MaxNameLen)}}
	for _, f := range k.Fields {
		c := Control{Name: f.Name, Label: labelOf(f.Name), Kind: "text", Words: show.Sentence(f.Help)}
		if f.Name == "args" {
			c.Kind = "area"
		}
		if f.Default != "" {
			c.Words += " Empty: " + f.Default + "."
		}
		if f.Secret {
			c.Words += " It is never shown again; where " + kinds.Hidden + " stands for it, it is kept."
		}
		list = append(list, c)
	}
	on := Control{Name: "on", Label: "Tells when", Kind: "choices", Words: "At least one; a recovery is told where the failure was told."}
	for _, kind := range fsm.ChannelKinds {
		on.Choices = append(on.Choices, Choice{Value: kind.String(), Words: onWords[kind]})
	}
	return append(list, on,
		Control{Name: "default", Label: "Tell of heartbeats that nothing else is told of", Kind: "check", Words: "Those that name no channel, and share no tag with one."},
		Control{Name: "tags", Label: "Tags", Kind: "text", Words: fmt.Sprintf("With commas between, at most %d: it is told of heartbeats that have one of them and name no channel.", fsm.MaxTags)},
		Control{Name: "after", Label: "Only after", Kind: "text", Words: "How long an incident must last before it is told: 15m, at most 30 days. That is how a failure escalates. 0s: at once."},
		Control{Name: "hours", Label: "Hours", Kind: "text", Words: "When it is told, like mon-fri 08:00-18:00 Europe/Berlin; several have ; between. What falls outside waits for it, and comes as a digest. Empty: at any time."})
}

var onWords = map[fsm.AlertKind]string{
	fsm.AlertDown: "something fails", fsm.AlertRecovered: "it runs well again", fsm.AlertUnheard: "it was due while the monitor could take no pings",
}

// labelOf is the name of a field of a kind for people: routing_key is Routing key.
func labelOf(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words {
		switch {
		case w == "url" || w == "api" || w == "id":
			words[i] = strings.ToUpper(w)
		case i == 0:
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// OfChannel is the form of a channel as it is.
func OfChannel(k kinds.Kind, c fsm.Channel) Form {
	var on []string
	for _, kind := range fsm.ChannelKinds {
		if c.Spec.On.Has(kind) {
			on = append(on, kind.String())
		}
	}
	f := Form{Typed: map[string]string{
		"name": c.Spec.Name, "on": strings.Join(on, "\n"), "default": checkedIf(c.Spec.Default), "tags": strings.Join(c.Spec.Tags, ", "), "after": show.WriteDuration(c.Spec.After), "hours": windows.ShowHours(c.Spec.Hours),
	}, Problems: map[string]string{}, Version: c.Version}
	for _, one := range k.Fields {
		value := c.Spec.Get(one.Name)
		if one.Secret && value != "" {
			value = kinds.Hidden
		}
		f.Typed[one.Name] = value
	}
	return f
}

// ReadChannel reads what a browser sends of a channel.
func ReadChannel(k kinds.Kind, args *fasthttp.Args) Form {
	return Channel(k).Read(args)
}

// ChannelSpec reads what was typed over what a channel was; Problems says what is wrong with which
// field. secret is one that was made for it.
func (f *Form) ChannelSpec(k kinds.Kind, old fsm.ChannelSpec, secret string, zones schedules.Zones) fsm.ChannelSpec {
	spec := old
	spec.Name, spec.Default, spec.Tags = f.Typed["name"], f.Typed["default"] != "", Split(f.Typed["tags"])
	spec.On = 0
	for _, kind := range fsm.ChannelKinds {
		if f.chose("on", kind.String()) {
			spec.On |= fsm.SetOf(kind)
		}
	}
	var err error
	if spec.After, err = show.ReadDuration(cmp.Or(f.Typed["after"], "0s")); err != nil {
		f.Problems["after"] = show.Sentence(err.Error())
	}
	if spec.Hours, err = windows.CheckHours(f.Typed["hours"], zones); err != nil {
		f.Problems["hours"] = show.Sentence(err.Error())
	}
	f.checkChannel(spec)
	sent := f.kindFields(k, old, secret)
	if len(f.Problems) == 0 {
		if spec.Fields, err = k.Merge(old.Fields, sent); err == nil {
			err = spec.Validate()
		}
		if err != nil {
			f.Problems[""] = show.Sentence(PlainWords(err))
		}
	}
	return spec
}

// kindFields returns what was typed in the fields of a kind, and notes what is wrong with which.
func (f *Form) kindFields(k kinds.Kind, old fsm.ChannelSpec, secret string) map[string]string {
	sent := map[string]string{}
	for _, one := range k.Fields {
		v := f.Typed[one.Name]
		if one.Name == "secret" && secret != "" {
			v = secret
		}
		sent[one.Name] = v
		if kept := one.Secret && v == kinds.Hidden && old.Get(one.Name) != ""; kept {
			continue
		}
		switch wrong := one.Wrong(v); {
		case wrong != "" && v == "":
			f.Problems[one.Name] = labelOf(one.Name) + " is missing."
		case wrong != "":
			f.Problems[one.Name] = show.Sentence(strings.Replace(wrong, one.Name, labelOf(one.Name), 1))
		}
	}
	return sent
}

// checkChannel checks each of the fields that all channels have by itself.
func (f *Form) checkChannel(spec fsm.ChannelSpec) {
	fine := fsm.ChannelSpec{Name: "x", Kind: "x", On: fsm.SetOf(fsm.ChannelKinds...)}
	for name, set := range map[string]func(s *fsm.ChannelSpec){
		"name": func(s *fsm.ChannelSpec) { s.Name = spec.Name }, "tags": func(s *fsm.ChannelSpec) { s.Tags = spec.Tags },
		"on": func(s *fsm.ChannelSpec) { s.On = spec.On }, "after": func(s *fsm.ChannelSpec) { s.After = spec.After },
	} {
		one := fine
		if set(&one); one.Validate() != nil && f.Problems[name] == "" {
			f.Problems[name] = show.Sentence(apiName.ReplaceAllLiteralString(PlainWords(one.Validate()), "Only after"))
		}
	}
}
