package message

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/story"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 1500 * time.Millisecond: "2 s", time.Minute: "1 min", 130 * time.Minute: "2 h 10 min",
		24 * time.Hour: "1 d", 25*time.Hour + 3*time.Second: "1 d 1 h", time.Hour + 5*time.Second: "1 h",
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// alertFor is a row with evidence of every kind.
func alertFor(kind fsm.AlertKind, name string) fsm.Alert {
	day := time.Date(2026, 5, 1, 2, 0, 0, 0, time.UTC)
	return fsm.Alert{
		ID: fsm.AlertID{1}, Heartbeat: fsm.HeartbeatID{2}, Incident: 3, Kind: kind, Recipient: "ops@example.com",
		MessageID: "0123456789abcdef@quorumbeat", CreatedAt: day.Add(26 * time.Hour),
		Evidence: fsm.Evidence{
			Name: name, LastPing: day, LastFrom: "192.0.2.7", Interval: 86400, Grace: 3600, Threshold: 1, Misses: 1, Pings: 40,
			Due:  day.Add(24 * time.Hour),
			Gaps: []fsm.Gap{{From: day.Add(time.Hour), To: day.Add(61 * time.Minute)}},
		},
	}
}

// recoveryFor is the row of a good run that ended an incident of an hour.
func recoveryFor(name string) fsm.Alert {
	a := alertFor(fsm.AlertRecovered, name)
	e := &a.Evidence
	a.Answers = "fedcba@quorumbeat"
	e.Since, e.Down = e.LastPing.Add(25*time.Hour), time.Hour
	e.LastPing, e.Silent, e.Due = a.CreatedAt, 26*time.Hour, time.Time{}
	return a
}

func TestMailsLookLikeTheirGoldenFiles(t *testing.T) {
	recovered := recoveryFor("nightly-sync")
	late := recovered
	late.CreatedAt = late.CreatedAt.Add(5 * time.Minute)
	doubt := alertFor(fsm.AlertDown, "nightly-sync")
	doubt.InDoubt = true
	never := alertFor(fsm.AlertDown, "Größe <b>\"&\" 試験")
	long := alertFor(fsm.AlertDown, "Nächtliche Sicherung der Datenbank für die Buchhaltung in "+strings.Repeat("試験", 30))
	wide := alertFor(fsm.AlertRecovered, "the nightly backup of the accounting database "+strings.Repeat("and  of another one ", 6)+"end")
	never.Evidence.LastPing, never.Evidence.Pings, never.Evidence.Gaps = time.Time{}, 0, nil
	failed := alertFor(fsm.AlertDown, "nightly-sync")
	failed.Evidence.Failed, failed.Evidence.Exit, failed.Evidence.Misses, failed.Evidence.Due = true, 3, 0, time.Time{}
	failed.Evidence.Output = "copying…\r\x1b[31mno space left on <device>\x1b[0m\r\n\xff\xfe\u202e\x00\tend\n.\nFrom here\n"
	hanging := alertFor(fsm.AlertDown, "nightly-sync")
	hanging.Evidence.Started, hanging.Evidence.Output = hanging.Evidence.LastPing.Add(24*time.Hour), "step 1 of 9"
	hanging.Evidence.Due = hanging.Evidence.Started.Add(time.Duration(hanging.Evidence.Grace) * time.Second)
	slow := hanging
	slow.Evidence.Due = hanging.Evidence.Started.Add(90 * time.Second)
	good := recovered
	good.Evidence.Silent, good.Evidence.Misses, good.Evidence.Failures, good.Evidence.Clean = 0, 3, 2, true
	failure := failed
	failure.Kind, failure.Answers = fsm.AlertFailure, recovered.Answers
	failure.Evidence.Since, failure.Evidence.Misses, failure.Evidence.Failures = recovered.Evidence.Since, 2, 1
	failure.Evidence.Silent = 49 * time.Hour
	merged := failure
	merged.Kind, merged.Answers = fsm.AlertDown, ""
	resumed := alertFor(fsm.AlertDown, "nightly-sync")
	resumed.Evidence.Rule, resumed.Evidence.Resumed = fsm.RuleResumed, resumed.Evidence.LastPing.Add(30*time.Minute)
	again := alertFor(fsm.AlertDown, "nightly-sync")
	again.Evidence.Rule, again.Evidence.Misses = fsm.RuleUnheard, 2
	endless := hanging
	endless.Evidence.Grace, endless.Evidence.Due = 0, hanging.Evidence.Started.Add(time.Duration(hanging.Evidence.Interval)*time.Second)
	runUnheard := alertFor(fsm.AlertUnheard, "nightly-sync")
	runUnheard.Evidence.Started, runUnheard.Evidence.Misses = hanging.Evidence.Started, 0
	flapping, flapped := failed, recoveryFor("nightly-sync")
	flapping.Evidence.Flaps, flapping.Evidence.Within = 42, 598*time.Second
	flapped.Answers = ""
	flapped.Evidence.Flaps, flapped.Evidence.Within = 1, 20*time.Second
	broken := failed
	broken.Evidence.Exit, broken.Evidence.Output = 0, ""
	broken.Evidence.Broke = "completed but wrote 0 bytes; expected bytes > 0"
	reminder := alertFor(fsm.AlertReminder, "nightly-sync")
	reminder.Answers = recovered.Answers
	reminder.Evidence.Since, reminder.Evidence.Down, reminder.Evidence.Due = recovered.Evidence.Since, 8*time.Hour, time.Time{}
	reminder.Evidence.Misses, reminder.Evidence.Failures, reminder.Evidence.Reminder = 3, 2, 2
	acts := func(list ...story.Event) []story.Event {
		for i := range list {
			list[i].At = recovered.Evidence.Since.Add(time.Duration(i+1) * time.Hour).UnixMilli()
		}
		return list
	}
	woke, paused := reminder, good
	woke.Evidence.Acts = acts(
		story.Event{What: story.Acknowledged, Who: "Ann Größe", Note: "on it\nsoon"}, story.Event{What: story.Edited, Who: "ops", Text: "interval, grace"},
		story.Event{What: story.Snoozed, Who: "Bob <b>", Number: recovered.Evidence.Since.Add(5 * time.Hour).UnixMilli()}, story.Event{What: story.Woke},
	)
	paused.Evidence.Acts = acts(story.Event{What: story.Paused, Who: "ops"}, story.Event{What: story.GoodRun}, story.Event{What: story.Resumed, Who: "ops"})
	about := failure
	about.About = fsm.About{
		Description: "Copies the orders of the day.\nBlocks the invoices.", Runbook: "https://wiki.example/sync?a=1&b=2", Owner: "Team <storage>", Tags: []string{"prod", "db-3"},
		TZ: "Europe/Berlin", Zone: time.FixedZone("CEST", 7200), LastGood: about.Evidence.LastPing.Add(-24 * time.Hour), Took: 200 * time.Second, Usual: 3400 * time.Millisecond,
		FailsWith: []string{"mirror", "reports"}, More: 4, Failing: 7,
	}
	about.Evidence.Acts = woke.Evidence.Acts
	lost := alertFor(fsm.AlertDown, "node n2 of the monitor")
	lost.Evidence = fsm.Evidence{
		Name: lost.Evidence.Name, Since: lost.Evidence.Due,
		System: fsm.SystemFacts{Kind: fsm.SystemNodeLost, Node: "n2", Detail: "2 of 3 voting nodes are alive: if one more is lost, no ping can be taken. Start it again, or replace it."},
	}
	back, outage := lost, lost
	back.Kind, back.Answers, back.Evidence.Down, back.Evidence.System.Detail = fsm.AlertRecovered, "fedcba@quorumbeat", 20*time.Minute, "3 of 3 voting nodes are alive."
	outage.Kind, outage.Evidence.Down = fsm.AlertUnheard, 3*time.Minute
	outage.Evidence.Name, outage.Evidence.System = "the monitor itself", fsm.SystemFacts{Kind: fsm.SystemOutage, Detail: "A majority of the nodes was lost."}
	gone := back
	gone.Kind, gone.Evidence.Reminder, gone.Evidence.System.Detail = fsm.AlertReminder, 2, lost.Evidence.System.Detail
	gone.Evidence.Acts = acts(story.Event{What: story.Acknowledged, Who: "Ann"}, story.Event{What: story.Withdrawn, Who: "Ann"})
	canary := lost
	canary.Kind, canary.Evidence.Name = fsm.AlertCanary, "delivery check of the monitor"
	canary.Evidence.System = fsm.SystemFacts{Kind: fsm.SystemCanary, Detail: "https://qb.example.com/v1/heartbeats/0bd5c1a2-4f0b-4c57-9f0e-6a3f5f0e8d11/ping"}
	parent := alertFor(fsm.AlertDown, "database")
	parent.Dependents = []string{"backup", "invoices", "reports"}
	digest := alertFor(fsm.AlertDigest, "")
	mixed := []fsm.Alert{parent}
	for i := range 3 {
		x := recoveryFor(fmt.Sprintf("backup-%c", 'a'+i))
		x.Heartbeat = fsm.HeartbeatID{7, byte(i)}
		mixed = append(mixed, x)
	}
	members := []fsm.Alert{alertFor(fsm.AlertDown, "a"), alertFor(fsm.AlertUnheard, "b"), recoveryFor("c"), never, failed, hanging, good, flapping, flapped, failure, runUnheard, broken, reminder}
	for i := range members {
		members[i].Heartbeat = fsm.HeartbeatID{byte(1 + i)}
	}
	var together []fsm.Alert
	for i := range 14 {
		x := alertFor(fsm.AlertDown, fmt.Sprintf("backup-%c", 'a'+i))
		x.Heartbeat, x.About.Tags, x.Evidence.LastFrom = fsm.HeartbeatID{9, byte(i)}, []string{"prod", "db-3"}, fmt.Sprintf("192.0.2.%d", 1+i/13)
		together = append(together, x)
	}
	for i, name := range []string{"mail-in", "mail-out", "mail-spam", "web"} {
		x := failed
		x.Evidence.Name, x.Evidence.LastFrom, x.Heartbeat, x.CreatedAt = name, "", fsm.HeartbeatID{8, byte(i)}, x.CreatedAt.Add(time.Duration(i)*time.Minute)
		together = append(together, x)
	}
	for name, c := range map[string]struct {
		alert   fsm.Alert
		members []fsm.Alert
	}{
		"together":  {digest, together},
		"parent":    {parent, nil},
		"mixed":     {digest, mixed},
		"down":      {alertFor(fsm.AlertDown, "nightly-sync"), nil},
		"recovered": {recovered, nil},
		"unheard":   {alertFor(fsm.AlertUnheard, "nightly-sync"), nil},
		"in-doubt":  {doubt, nil},
		"never":     {never, nil},
		"failed":    {failed, nil},
		"long":      {long, nil},
		"wide":      {wide, nil},
		"hanging":   {hanging, nil},
		"slow":      {slow, nil},
		"good":      {good, nil},
		"late":      {late, nil},
		"failure":   {failure, nil},
		"merged":    {merged, nil},
		"resumed":   {resumed, nil},
		"again":     {again, nil},
		"endless":   {endless, nil},
		"maybe":     {runUnheard, nil},
		"flapping":  {flapping, nil},
		"flapped":   {flapped, nil},
		"broken":    {broken, nil},
		"reminder":  {reminder, nil},
		"woke":      {woke, nil},
		"paused":    {paused, nil},
		"about":     {about, nil},
		"digest":    {digest, members},
		"lost":      {lost, nil},
		"back":      {back, nil},
		"gone":      {gone, nil},
		"outage":    {outage, nil},
		"canary":    {canary, nil},
	} {
		t.Run(name, func(t *testing.T) {
			options := Options{Base: "https://qb.example.com", Act: "https://qb.example.com/incident/t"}
			if !c.alert.Kind.Alarms() { // which have no link
				options.Act = ""
			}
			got, err := Render("monitor@example.com", c.alert, c.members, options)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := Render("monitor@example.com", c.alert, c.members, options)
			if !bytes.Equal(got, again) {
				t.Error("a second rendering differs")
			}
			path := filepath.Join("..", "..", "testdata", "mail", name+".eml")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v; it differs from %s:\n%s", err, path, got)
			}
			for l := range bytes.Lines(got) {
				if len(l) > 998 {
					t.Errorf("a line of %d bytes", len(l))
				}
			}
		})
	}
}

func TestALongDigestIsCut(t *testing.T) {
	members := make([]fsm.Alert, 3*maxLines)
	for i := range members {
		members[i] = alertFor(fsm.AlertDown, strings.Repeat("x", 60))
		members[i].Heartbeat = fsm.HeartbeatID{byte(i), byte(i >> 8)}
	}
	l := compose(fsm.Alert{Kind: fsm.AlertDigest}, members)
	if len(l.Lines) != maxLines || l.More != 2*maxLines || len(l.Subject) > 200 {
		t.Errorf("%d lines, %d more, subject %q", len(l.Lines), l.More, l.Subject)
	}
}

// TestADigestCountsHeartbeats: a job that failed and recovered again and again is one
// line, with its newest state.
func TestADigestCountsHeartbeats(t *testing.T) {
	var members []fsm.Alert
	for i := range uint32(1287) {
		m := alertFor(fsm.AlertDown+fsm.AlertKind(i%2), "flapper")
		m.Incident = 1 + i/2
		members = append(members, m)
	}
	other := alertFor(fsm.AlertDown, "other")
	other.Heartbeat = fsm.HeartbeatID{9}
	for _, c := range []struct {
		members []fsm.Alert
		subject string
		lines   int
	}{
		{members, "[DOWN] flapper", 1},
		{members[:1286], "[RECOVERED] flapper", 1},
		{append(members, other), "[DOWN] 2 heartbeats: flapper, other", 2},
	} {
		l := compose(fsm.Alert{Kind: fsm.AlertDigest}, c.members)
		if l.Subject != c.subject || len(l.Lines) != c.lines {
			t.Errorf("subject %q, %d lines; want %q, %d", l.Subject, len(l.Lines), c.subject, c.lines)
		}
	}
}

// TestOutputStaysOutput: no line that a job prints becomes a part of the mail that
// it is in.
func TestOutputStaysOutput(t *testing.T) {
	a := alertFor(fsm.AlertDown, "x")
	a.Evidence.Failed = true
	a.Evidence.Output = "\r\n.\r\nMAIL FROM:<evil@example.com>\r\n\r\n--quorumbeat-" + a.ID.String() + "--\r\n<script>" + strings.Repeat("長", 600)
	raw, err := Render("monitor@example.com", a, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []string{"    <script>長", "&lt;script&gt;長"} {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(p)
		if err != nil || !strings.Contains(string(text), want) || !strings.Contains(string(text), strings.Repeat("長", 600)) {
			t.Errorf("no %q in\n%s (%v)", want, text, err)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("after two parts: %v", err)
	}
}

// checkHeader asks that filters find the tag and beside it, on the same line, where the name begins;
// and that no line is longer than it must.
func checkHeader(t *testing.T, raw []byte, name string) {
	t.Helper()
	header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	_, subject, found := bytes.Cut(header, []byte("\r\nSubject: [DOWN] "))
	if !found {
		t.Errorf("no plain tag in\n%s", header)
	}
	line, _, _ := bytes.Cut(subject, []byte("\r\n"))
	if begins, err := new(mime.WordDecoder).DecodeHeader(string(line)); err != nil || begins == "" || !strings.HasPrefix(OneLine(name), begins) {
		t.Errorf("%q stands beside the tag, of the name %q (%v), in\n%s", begins, name, err, header)
	}
	for l := range bytes.Lines(header) {
		l = bytes.TrimRight(l, "\r\n")
		if words := bytes.Fields(l); len(l) > maxHeaderLine && len(words) > 3 && !bytes.Contains(l, []byte("  ")) {
			t.Errorf("a line of %d bytes: %s", len(l), l)
		}
	}
	for _, b := range raw {
		if b > '~' {
			t.Fatalf("a byte %x in a message of 7 bits", b)
		}
	}
}

// FuzzRender gives heartbeats any name: it stays in its place, whole, and the
// message stays one message.
func FuzzRender(f *testing.F) {
	for _, s := range []string{"plain", "a\r\nBcc: evil@example.com", "Größe", "=?utf-8?q?x?=", "<script>", strings.Repeat("長", 200), strings.Repeat("🦊", 200), "Ä" + strings.Repeat(" wort", 30), strings.Repeat("x", 60) + " " + strings.Repeat("y", 60), strings.Repeat("ab  c ", 33), strings.Repeat("x", 200), " \u00a0x ", "a] b", "é", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if (fsm.Spec{Name: name, Slug: "x", Interval: 1, Threshold: 1, Arm: fsm.ArmCreated}).Validate() != nil {
			return // such a name does not get into the state
		}
		raw, err := Render("monitor@example.com", alertFor(fsm.AlertDown, name), nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Header["Bcc"]) > 0 || len(m.Header["Subject"]) != 1 {
			t.Fatalf("headers %v", m.Header)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		checkHeader(t, raw, name)
		if want := "[DOWN] " + OneLine(name); err != nil || subject != want {
			t.Errorf("subject %q, want %q (%v)", subject, want, err)
		}
		_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(m.Body, params["boundary"])
		for range 2 {
			p, err := parts.NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(quotedprintable.NewReader(p)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := parts.NextRawPart(); err != io.EOF {
			t.Errorf("after two parts: %v", err)
		}
	})
}

// BenchmarkRender makes the message of one alert, and of a digest.
func BenchmarkRender(b *testing.B) {
	members := make([]fsm.Alert, maxLines)
	for i := range members {
		members[i] = alertFor(fsm.AlertDown, fmt.Sprint("job-", i))
	}
	for name, c := range map[string]struct {
		a       fsm.Alert
		members []fsm.Alert
	}{
		"single": {alertFor(fsm.AlertDown, "nightly-sync"), nil},
		"digest": {alertFor(fsm.AlertDigest, ""), members},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m, err := Render("monitor@example.com", c.a, c.members, Options{})
				if err != nil || len(m) == 0 {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAnAlertTellsWhatDependsOnIt: also in a digest, and the rest is counted.
func TestAnAlertTellsWhatDependsOnIt(t *testing.T) {
	a := alertFor(fsm.AlertDown, "host")
	if m := Compose(a, nil, Options{}); strings.Contains(strings.Join(m.Lead, " "), "depend") {
		t.Errorf("%q", m.Lead)
	}
	a.Dependents = []string{"database"}
	if m := Compose(a, nil, Options{}); !strings.Contains(strings.Join(m.Lead, " "), "Also failing, and depends on it: database.") {
		t.Errorf("%q", m.Lead)
	}
	a.Dependents, a.MoreDependents = []string{"database", "report"}, 12
	if m := Compose(a, nil, Options{}); !strings.Contains(m.Body(10_000), "Also failing, and depend on it: database, report and 12 more.") {
		t.Errorf("%q", m.Lead)
	}
	other := alertFor(fsm.AlertDown, "other")
	other.Heartbeat = fsm.HeartbeatID{9}
	m := Compose(alertFor(fsm.AlertDigest, ""), []fsm.Alert{a, other}, Options{})
	if text := m.Body(10_000); !strings.Contains(text, "; also failing, and depend on it: database, report and 12 more") || strings.Count(text, "depend on it") != 1 {
		t.Errorf("%s", text)
	}
}

// TestADigestCountsTheMonitorsOwnMessages: they are no heartbeats.
func TestADigestCountsTheMonitorsOwnMessages(t *testing.T) {
	var members []fsm.Alert
	for i, name := range []string{"backup", "invoices", "node n2 of the monitor", "the mail server"} {
		a := alertFor(fsm.AlertDown, name)
		a.Heartbeat = fsm.HeartbeatID{byte(i + 1)}
		if i > 1 {
			a.Evidence = fsm.Evidence{Name: name, System: fsm.SystemFacts{Kind: fsm.SystemNodeLost, Node: "n2"}}
		}
		members = append(members, a)
	}
	for _, tt := range []struct {
		members []fsm.Alert
		want    string
	}{
		{members[:2], "2 heartbeats: "},
		{members[:3], "2 heartbeats and 1 message of the monitor: "},
		{members[1:], "1 heartbeat and 2 messages of the monitor: "},
		{members[2:], "2 messages of the monitor: "},
	} {
		if c := compose(fsm.Alert{Kind: fsm.AlertDigest}, tt.members); !strings.Contains(c.Subject, "] "+tt.want) {
			t.Errorf("%q, want %q", c.Subject, tt.want)
		}
	}
}
