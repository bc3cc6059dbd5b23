package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

func run(t *testing.T, o Opener, script string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tell")
	testkit.Must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	spec := fsm.ChannelSpec{Kind: "command", Fields: []fsm.ChannelField{{Name: "path", Value: path}, {Name: "args", Value: "one two\n$(three)"}}}
	a := fsm.Alert{ID: fsm.AlertID{1}, Kind: fsm.AlertDown, InDoubt: true, Evidence: fsm.Evidence{Name: "job\x00\nx"}}
	d, err := o.Open(t.Context(), spec, channel.New(a, nil, message.Options{}))
	if err != nil {
		return "", err
	}
	return d.Complete(t.Context(), time.Now().Add(time.Minute))
}

func TestAProgramIsToldAndAnswers(t *testing.T) {
	t.Setenv("QUORUMBEAT_CLUSTER_SECRET", "hush")
	answer, err := run(t, Opener{Allowed: true}, `echo "$#|$1|$2|$QUORUMBEAT_ALERT_KIND|$QUORUMBEAT_ALERT_HEARTBEAT|$QUORUMBEAT_ALERT_REPEAT|$QUORUMBEAT_CLUSTER_SECRET|$(head -1)"`)
	if want := "exit status 0: 2|one two|$(three)|down|job x|1||[DOWN] job"; err != nil || !strings.HasPrefix(strings.ReplaceAll(answer, "  ", " "), want[:40]) || strings.Contains(answer, "hush") {
		t.Errorf("%q, %v, want %q", answer, err, want)
	}
	for script, class := range map[string]channel.Class{
		"exit 75": channel.Trouble, "exit 1": channel.Refused, "kill -9 $$": channel.InDoubt,
	} {
		if _, err := run(t, Opener{Allowed: true}, script); err == nil || channel.Classify(err) != class {
			t.Errorf("%s: %v", script, err)
		}
	}
	if answer, err := run(t, Opener{Allowed: true}, "sleep 60 & head -c 100000 /dev/zero | tr '\\0' x"); err != nil || len(answer) > maxAnswer {
		t.Errorf("much output and a child that stays: %d bytes, %v", len(answer), err)
	}
}

func TestNoProgramWithoutLeave(t *testing.T) {
	if _, err := run(t, Opener{}, "exit 0"); err == nil || !strings.Contains(err.Error(), "--allow-command-channel") || channel.Classify(err) != channel.Trouble {
		t.Error(err)
	}
}
