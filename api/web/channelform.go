package web

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/web/show"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// channelFields are those of a channel of a kind, in the order of the form.
func channelFields(k kinds.Kind) controls {
	list := controls{{Name: "name", Label: "Name", Kind: "text", Words: fmt.Sprintf("What people call it, 1 to %d characters; no other channel has it.", fsm.MaxNameLen)}}
	for _, f := range k.Fields {
		c := fieldView{Name: f.Name, Label: labelOf(f.Name), Kind: "text", Words: show.Sentence(f.Help)}
		if f.Name == "args" {
			c.Kind = "area"
		}
		if f.Default != "" {
			c.Words += " Empty: " + f.Default + "."
		}
		if f.Secret {
			c.Words += " It is never shown again; leave " + kinds.Hidden + " to keep it."
		}
		list = append(list, c)
	}
	on := fieldView{Name: "on", Label: "Tells when", Kind: "choices", Words: "At least one; a recovery is told where the failure was told."}
	for _, kind := range fsm.ChannelKinds {
		on.Choices = append(on.Choices, choice{Value: kind.String(), Words: onWords[kind]})
	}
	return append(list, on,
		fieldView{Name: "default", Label: "Tell of heartbeats that nothing else is told of", Kind: "check", Words: "Those that name no channel, and share no tag with one."},
		fieldView{Name: "tags", Label: "Tags", Kind: "text", Words: fmt.Sprintf("With commas between, at most %d: it is told of heartbeats that have one of them and name no channel.", fsm.MaxTags)},
		fieldView{Name: "after", Label: "Only after", Kind: "text", Words: "How long an incident must last before it is told: 15m, at most 30 days. That is how a failure escalates. 0s: at once."})
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

// channelForm is the form of a channel as it is.
func channelForm(k kinds.Kind, c fsm.Channel) form {
	var on []string
	for _, kind := range fsm.ChannelKinds {
		if c.Spec.On.Has(kind) {
			on = append(on, kind.String())
		}
	}
	f := form{typed: map[string]string{
		"name": c.Spec.Name, "on": strings.Join(on, "\n"), "default": checkedIf(c.Spec.Default), "tags": strings.Join(c.Spec.Tags, ", "), "after": show.WriteDuration(c.Spec.After),
	}, Problems: map[string]string{}, Version: c.Version}
	for _, one := range k.Fields {
		value := c.Spec.Get(one.Name)
		if one.Secret && value != "" {
			value = kinds.Hidden
		}
		f.typed[one.Name] = value
	}
	return f
}

func typedChannel(k kinds.Kind, args *fasthttp.Args) form {
	return channelFields(k).typed(args)
}

// channel reads what was typed over what a channel was; Problems says what is wrong with which
// field. secret is one that was made for it.
func (f *form) channel(k kinds.Kind, old fsm.ChannelSpec, secret string) fsm.ChannelSpec {
	spec := old
	spec.Name, spec.Default, spec.Tags = f.typed["name"], f.typed["default"] != "", split(f.typed["tags"])
	spec.On = 0
	for _, kind := range fsm.ChannelKinds {
		if f.chose("on", kind.String()) {
			spec.On |= fsm.SetOf(kind)
		}
	}
	var err error
	if spec.After, err = show.ReadDuration(cmp.Or(f.typed["after"], "0s")); err != nil {
		f.Problems["after"] = show.Sentence(err.Error())
	}
	f.checkChannel(spec)
	sent := map[string]string{}
	for _, one := range k.Fields {
		v := f.typed[one.Name]
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
	if len(f.Problems) == 0 {
		if spec.Fields, err = k.Merge(old.Fields, sent); err == nil {
			err = spec.Validate()
		}
		if err != nil {
			f.Problems[""] = show.Sentence(plainWords(err))
		}
	}
	return spec
}

// checkChannel checks each of the fields that all channels have by itself.
func (f *form) checkChannel(spec fsm.ChannelSpec) {
	fine := fsm.ChannelSpec{Name: "x", Kind: "x", On: fsm.SetOf(fsm.ChannelKinds...)}
	for name, set := range map[string]func(s *fsm.ChannelSpec){
		"name": func(s *fsm.ChannelSpec) { s.Name = spec.Name }, "tags": func(s *fsm.ChannelSpec) { s.Tags = spec.Tags },
		"on": func(s *fsm.ChannelSpec) { s.On = spec.On }, "after": func(s *fsm.ChannelSpec) { s.After = spec.After },
	} {
		one := fine
		if set(&one); one.Validate() != nil && f.Problems[name] == "" {
			f.Problems[name] = show.Sentence(apiName.ReplaceAllLiteralString(plainWords(one.Validate()), "Only after"))
		}
	}
}
