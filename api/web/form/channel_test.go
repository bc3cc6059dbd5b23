package form

import (
	"reflect"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/quorumbeat/quorumbeat/api/schedules"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/kinds"
)

// asTyped sends a channel's form as a browser does.
func asTyped(k kinds.Kind, values map[string]string) Form {
	var args fasthttp.Args
	for name, value := range values {
		for one := range strings.SplitSeq(value, "\n") {
			if name == "on" && one != "" {
				args.Add(name, one)
			}
		}
		if name != "on" && value != "" {
			args.Set(name, value)
		}
	}
	return ReadChannel(k, &args)
}

// TestAChannelsFormSavesWhatItShows: sent back as it was shown, it changes nothing, secrets
// least of all.
func TestAChannelsFormSavesWhatItShows(t *testing.T) {
	k, _ := kinds.Find("telegram")
	want := fsm.ChannelSpec{
		Name: "ops", Kind: k.Name, Default: true, Tags: []string{"a", "b c"}, On: fsm.SetOf(fsm.AlertDown), After: 900, Hours: "mon 08:00-18:00 UTC",
		Fields: []fsm.ChannelField{{Name: "token", Value: "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", Secret: true}, {Name: "chat_id", Value: "@ops"}},
	}
	shown := OfChannel(k, fsm.Channel{Spec: want, Version: 7})
	for name, value := range shown.Typed {
		if strings.Contains(value, "AAHdq") {
			t.Errorf("%s shows a secret", name)
		}
	}
	shown.Typed["version"] = "7"
	f := asTyped(k, shown.Typed)
	if got := f.ChannelSpec(k, want, "", schedules.UTC{}); !reflect.DeepEqual(got, want) || len(f.Problems) > 0 || f.Version != 7 {
		t.Errorf("saved %+v\nof    %+v\n%v", got, want, f.Problems)
	}
}

// TestAChannelsFormSaysAllThatIsWrong at once, beside the fields, repeats no secret in what it
// says, and keeps what was typed.
func TestAChannelsFormSaysAllThatIsWrong(t *testing.T) {
	for _, k := range kinds.All {
		wrong := map[string]string{"name": "a@b", "tags": strings.Repeat("t", 65), "after": "soon", "hours": "monday", "on": "recovered"}
		for _, one := range k.Fields {
			wrong[one.Name] = "\x01 no: hush\nvalue\u2028 \x00"
		}
		f := asTyped(k, wrong)
		f.ChannelSpec(k, fsm.ChannelSpec{Kind: k.Name}, "", schedules.UTC{})
		for name := range wrong {
			if p := f.Problems[name]; p == "" || strings.Contains(p, "hush") || f.Typed[name] == "" {
				t.Errorf("%s, %s: %q, kept %q", k.Name, name, p, f.Typed[name])
			}
		}
		if len(f.Problems) != len(wrong) {
			t.Errorf("%s: %v", k.Name, f.Problems)
		}
		empty := asTyped(k, nil)
		empty.ChannelSpec(k, fsm.ChannelSpec{Kind: k.Name}, "", schedules.UTC{})
		for _, one := range k.Fields {
			if (empty.Problems[one.Name] != "") != one.Required {
				t.Errorf("%s: %s left empty: %q", k.Name, one.Name, empty.Problems[one.Name])
			}
		}
		for _, v := range Channel(k).With(f) {
			if v.Label == "" || v.Words == "" || v.Problem == "" && v.Name != "default" {
				t.Errorf("%s: %+v", k.Name, v)
			}
		}
	}
}
