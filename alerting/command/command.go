package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/quorumbeat/quorumbeat/alerting/channel"
	"github.com/quorumbeat/quorumbeat/alerting/message"
	"github.com/quorumbeat/quorumbeat/fsm"
)

const (
	runLimit  = 15 * time.Second
	pipeLimit = time.Second // for what a program leaves behind
	maxOutput = 4 << 10     // bytes that are kept
	maxAnswer = 300
	tempFail  = 75 // of sysexits.h
)

// Opener runs programs if that is allowed.
type Opener struct {
	Allowed bool
	Began   func() // told when a program runs; for tests; nil: nobody
}

type delivery struct {
	opener Opener
	cmd    *exec.Cmd
	output limited
}

// Open gets a program ready, and runs nothing.
func (o Opener) Open(_ context.Context, c fsm.ChannelSpec, m channel.Message) (channel.Delivery, error) {
	if !o.Allowed {
		return nil, errors.New("this node runs no programs: start every node with --allow-command-channel")
	}
	var args []string
	if text := c.Get("args"); text != "" {
		args = strings.Split(text, "\n")
	}
	d := &delivery{opener: o, cmd: exec.Command(c.Get("path"), args...)}
	if _, err := os.Stat(d.cmd.Path); err != nil {
		return nil, fmt.Errorf("the program cannot be run on this node: %w", err)
	}
	d.cmd.Dir = "/"
	d.cmd.Env = environment(m)
	d.cmd.Stdin = strings.NewReader(m.Title + "\n\n" + m.Body(16<<10) + "\n")
	d.cmd.Stdout, d.cmd.Stderr = &d.output, &d.output
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	d.cmd.WaitDelay = pipeLimit
	return d, nil
}

func environment(m channel.Message) (env []string) {
	for _, name := range []string{"PATH", "HOME", "LANG"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	kind := m.Alert.Kind.String()
	if m.Test {
		kind = "test"
	}
	heartbeat := ""
	if m.Alert.Heartbeat != (fsm.HeartbeatID{}) {
		heartbeat = m.Alert.Heartbeat.String()
	}
	for _, x := range [][2]string{
		{"KEY", m.Key},
		{"KIND", kind},
		{"TITLE", m.Title},
		{"LINK", m.Link()},
		{"REPEAT", map[bool]string{true: "1"}[m.Repeat]},
		{"HEARTBEAT", m.Alert.Evidence.Name},
		{"INCIDENT", m.Alert.IncidentID()},
		{"HEARTBEAT_ID", heartbeat},
		{"OWNER", m.Alert.About.Owner},
		{"RUNBOOK", m.Alert.About.Runbook},
		{"TAGS", strings.Join(m.Alert.About.Tags, ",")},
	} {
		env = append(env, "QUORUMBEAT_ALERT_"+x[0]+"="+strings.ReplaceAll(message.OneLine(x[1]), "\x00", ""))
	}
	return env
}

func (d *delivery) Close() {}

// Complete runs the program. One that does not end in time is killed, with what it began: it
// may have told somebody.
func (d *delivery) Complete(ctx context.Context, by time.Time) (string, error) {
	if ctx.Err() != nil || !time.Now().Before(by) {
		return "", channel.WithClass(channel.Unsent, errors.New("the program was not begun in time"))
	}
	if err := d.cmd.Start(); err != nil {
		return "", fmt.Errorf("the program could not be begun: %w", err)
	}
	if d.opener.Began != nil {
		d.opener.Began()
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL) })
	err := d.cmd.Wait()
	stop()
	return d.answer(ctx, err)
}

func (d *delivery) answer(ctx context.Context, err error) (string, error) {
	text := strings.TrimSpace(message.OneLine(strings.ToValidUTF8(d.output.text.String(), "\uFFFD")))
	answer := message.Clip(fmt.Sprintf("exit status %d: %s", d.cmd.ProcessState.ExitCode(), text), maxAnswer)
	var exit *exec.ExitError
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay) && d.cmd.ProcessState.Success():
		return answer, nil
	case ctx.Err() != nil || !errors.As(err, &exit) || !exit.Exited():
		return "", channel.WithClass(channel.InDoubt, errors.New("the program did not end by itself: it may have told somebody"))
	case exit.ExitCode() == tempFail:
		return answer, errors.New("the program asks to try again: " + answer)
	}
	return answer, channel.WithClass(channel.Refused, errors.New("the program failed: "+answer))
}

// limited keeps the beginning of what is written to it. Both streams of a program are
// written by one goroutine, since they are the same writer.
type limited struct{ text strings.Builder }

func (l *limited) Write(b []byte) (int, error) {
	l.text.Write(b[:min(len(b), maxOutput-l.text.Len())])
	return len(b), nil
}
