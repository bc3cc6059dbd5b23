package fsm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

func heartbeatID(n byte) HeartbeatID { return HeartbeatID{7: n} }
func token(n byte) Token             { return Token{7: n} }

// everyCommand holds one of each kind, with every field set.
var everyCommand = []Command{
	Create{ID: heartbeatID(1), Token: token(2), Spec: Spec{
		Name: "Größe", Slug: "grosse", Interval: 60, Grace: 5, Threshold: 2, Arm: ArmFirstPing,
		Tags: []string{"a", "b"}, Emails: []string{"ops@example.com"},
	}},
	Update{ID: heartbeatID(1), IfVersion: 7},
	Update{ID: heartbeatID(1), Pause: new(true), Patch: Patch{
		Name: new("n"), Slug: new("s"), Interval: new(int64(1)), Grace: new(int64(0)), Threshold: new(3),
		Arm: new(ArmCreated), Tags: new([]string{"x"}), Emails: new([]string{"a@example.com"}),
	}},
	Pause{ID: heartbeatID(1), IfVersion: 1},
	Resume{ID: heartbeatID(1), IfVersion: 2},
	Delete{ID: heartbeatID(1), IfVersion: 300},
	PutKey{ID: KeyID{1}, Name: "ci", Scope: ScopePing, Hash: [32]byte{2}},
	DeleteKey{ID: KeyID{1}},
	SetSettings{Settings{History: 5, MailTo: []string{"a@example.com"}, Burst: 3, GroupWait: 10_000, FlapWindow: 300_000}},
	Claim{Alert: AlertID{1}, Term: 2, Attempt: 3},
	Fence{Alert: AlertID{1}, Term: 2, Attempt: 3},
	Settle{Alert: AlertID{1}, Term: 2, Attempt: 3, Outcome: OutcomeRetry, Refused: true, RetryIn: 5000, Resend: true, Error: "451 later"},
	ResolveDoubt{Alert: AlertID{1}, Term: 2, Attempt: 3, Resend: true},
	RetryAlert{Alert: AlertID{1}},
	FormDigest{ID: AlertID{9}, Recipient: "a@example.com", Members: []AlertID{{1}, {2}}},
	RecordGap{From: -5, To: 1_777_777_777_777},
	PutNode{NodeInfo{ID: NodeID{1}, Name: "alpha", HTTP: "h:1", Cluster: "c:2", Version: "v1"}},
	RemoveNode{ID: NodeID{1}},
	SetClusterID{ID: NodeID{2}},
	Ping{Ordinal: 300},
	Ping{Ordinal: 1, From: netip.MustParseAddr("192.0.2.7")},
	Ping{Ordinal: 1 << 40, From: netip.MustParseAddr("2001:db8::1")},
	Signal{Ordinal: 300, Tells: SignalStart, Exit: -1},
	Signal{
		Ordinal: 1, From: netip.MustParseAddr("192.0.2.7"), Tells: SignalFail, Exit: 255, HasRun: true, Run: [16]byte{1},
		At: 1_777_777_777_777, IdempotencyKey: [16]byte{2}, Body: []byte("disk full\n"),
	},
	Signal{Ordinal: 300, Tells: SignalStart, Exit: -1, Held: 90_000},
	Signal{Ordinal: 300, Tells: SignalFail, Exit: 3, IdempotencyKey: [16]byte{2}, Dropped: MaxBody},
	Ensure{ID: heartbeatID(3), Token: token(4), Spec: aSpec(86400, 3600, 2)},
	Authorized{Key: KeyID{5}, Command: Delete{ID: heartbeatID(1), IfVersion: 300}},
	UpdateKey{ID: KeyID{1}, MaxHeartbeats: 300},
	Authorized{Key: KeyID{5}, Command: Ping{Ordinal: 300, From: netip.MustParseAddr("192.0.2.7")}},
	SetSettings{Settings{Burst: 1, FlapWindow: 60_000}},
	PutHeartbeat{ID: heartbeatID(3), Token: token(4), Spec: aSpec(86400, 3600, 2), IfVersion: 300, Patch: Patch{Interval: new(int64(86400)), Tags: new([]string{"x"})}},

	// Version 3 of batches has these, too.
	Unknown{},
	PutStatusPage{StatusPage{Slug: "jobs", Title: "Größe", Tags: []string{"db"}, Heartbeats: []PageHeartbeat{{heartbeatID(1), ""}, {heartbeatID(2), "Backups"}}}},
	DeleteStatusPage{"jobs"},
	PutBadge{Badge{ID: BadgeID{1}, Heartbeat: heartbeatID(1), Label: "nightly"}},
	PutBadge{Badge{ID: BadgeID{2}, Tag: "db"}},
	DeleteBadge{BadgeID{1}},
	CreateChannel{ID: ChannelID{9}, Spec: ChannelSpec{
		Name: "ops", Kind: "webhook", Default: true, Tags: []string{"db"}, On: SetOf(AlertDown, AlertRecovered), After: 60, Hours: "mo-fr", Alone: true,
		Fields: []ChannelField{{Name: "url", Value: "https://example.com/"}, {Name: "secret", Value: "whsec_c2VjcmV0", Secret: true}},
	}},
	UpdateChannel{ID: ChannelID{9}, IfVersion: 3, Spec: ChannelSpec{Name: "ops", Kind: "webhook", On: SetOf(AlertUnheard)}},
	DeleteChannel{ID: ChannelID{9}, IfVersion: 4},

	// Those since then have a file for each kind.
	TimedPause{ID: heartbeatID(1), IfVersion: 300, For: 7_200_000},
	TimedPause{ID: heartbeatID(1), Until: 1_777_777_777_777},
	AckIncident{Heartbeat: heartbeatID(1), Incident: 300, By: "Ann Größe", Note: "on it"},
	SnoozeIncident{Heartbeat: heartbeatID(1), Incident: 300, For: 7_200_000, By: "Ann", Note: "after lunch"},
	UnackIncident{Heartbeat: heartbeatID(1), Incident: 1, By: "Bob"},
	DeliverAlert{Alert: AlertID{1}},
	HoldAlert{Alert: AlertID{1}},
	CancelAlert{Alert: AlertID{1}},
	CreateWindow{ID: WindowID{1}, Spec: WindowSpec{Name: "Größe", Tags: []string{"db", "a b"}, From: 1_777_777_777_777, To: 1_777_777_877_777}},
	CreateWindow{
		ID: WindowID{2}, Timetable: Timetable{Rules: 7, Times: []int64{1_777_777_777_000, 1_777_777_778_000}},
		Spec: WindowSpec{Name: "n", Tags: []string{"db"}, Schedule: []string{"0 2 * * 0", "Sat 03:00"}, TZ: "Europe/Berlin", For: 7200},
	},
	DeleteWindow{ID: WindowID{1}},
	SetWindowTimes{List: []WindowTimes{
		{ID: WindowID{2}, Since: 1_777_777_777_000, Timetable: Timetable{Rules: 8, Times: []int64{1_777_777_778_000}}},
		{ID: WindowID{3}},
	}},
	BeginSystem{Subject: SystemSubject{Kind: SystemCertificate, Node: NodeID{1}, Part: "HTTP"}, Node: "n1", Detail: "It expires soon.", Since: 1_777_777_777_777},
	EndSystem{Subject: SystemSubject{Kind: SystemNodeLost, Node: NodeID{1}}, Detail: "It is back.", Quiet: true},
	TellOutage{From: 1_777_777_777_777, To: 1_777_777_877_777, Detail: "A majority was away."},
	SendCanary{To: "robot@example.com", Period: 1_777_777_200_000, URL: "https://example.com/ping/x"},
	CreateChannel{ID: ChannelID{9}, Spec: ChannelSpec{
		Name: "ops", Kind: KindEmail, Tags: []string{"db"}, On: SetOf(AlertDown), After: 60, Fields: []ChannelField{{Name: FieldTo, Value: "a@example.com, b@example.com"}},
	}},
	UpdateChannel{ID: ChannelID{9}, IfVersion: 3, Spec: ChannelSpec{Name: "ops", Kind: KindEmail, On: SetOf(AlertUnheard), Fields: []ChannelField{{Name: FieldTo, Value: "a@example.com"}}}},
	SetSettings{Settings{History: 5, MailTo: []string{"a@example.com"}, Burst: 3, GroupWait: 10_000, FlapWindow: 300_000, MaxHeartbeats: 7, RemindEvery: 14_400}},
	SetTemplates{Templates{Subject: "{{.State}}: {{.Name}}", Text: "Größe\n{{.Text}}"}},
	SetTemplates{},
	Settle{Alert: AlertID{1}, Term: 2, Attempt: 3, Outcome: OutcomeSent, Ref: "C0123 1777777777.000100"},
	SetHours{List: []HoursTimes{
		{Channel: ChannelID{9}, Hours: "mon 08:00-18:00 UTC", Rules: 7, Spans: []weekly.Span{{From: 1_777_777_777_000, To: 1_777_777_778_000}, {From: 1_777_777_779_000, To: 1_777_777_780_000}}},
		{Channel: ChannelID{8}},
	}},
	Signal{Ordinal: 300, Exit: -1, Numbers: []Number{{Name: "bytes", Value: 1 << 40}, {Name: "ratio", Value: 0.25}}},
	Signal{Ordinal: 1, Tells: SignalFail, Exit: 3, Body: []byte("b"), Numbers: []Number{{Name: "a", Value: -1}}, Held: 5000},
	WithTimetable{Timetable: Timetable{Rules: 1 << 31, Times: []int64{1_777_777_777_000, 1_777_777_837_000}}, Command: Create{ID: heartbeatID(1), Token: token(2), Spec: aSpec(60, 5, 2)}},
	WithTimetable{Command: Update{ID: heartbeatID(1), IfVersion: 7}},
	SetTimetables{List: []NextTimes{
		{Ordinal: 7, Version: 3, Since: 1_777_777_777_777, Timetable: Timetable{Rules: 7, Times: []int64{1_777_777_778_000}}}, {Ordinal: 8, Version: 1},
	}},
	ReadClock{},
	RotateToken{ID: heartbeatID(1), IfVersion: 300, Token: token(4), Overlap: 86_400_000},
	RotateToken{ID: heartbeatID(1), Token: token(4)},
}

// These are how many of everyCommand there were when batches had version 2, and when version 3
// was frozen.
const (
	inVersion2 = 32
	inVersion3 = 41
)

// TestQuotasComeBackAsTheyWere: they end commands that logs have without them.
func TestQuotasComeBackAsTheyWere(t *testing.T) {
	for _, c := range []Command{
		PutKey{ID: KeyID{1}, Name: "ci", Scope: ScopePing, Hash: [32]byte{2}, MaxHeartbeats: 300},
		SetSettings{Settings{History: 5, MailTo: []string{"a@example.com"}, Burst: 3, GroupWait: 10_000, MaxHeartbeats: 1}},
		Authorized{KeyID{2}, PutKey{ID: KeyID{1}, Name: "ci", Scope: ScopePing, Hash: [32]byte{2}, MaxHeartbeats: MaxHeartbeats}},
	} {
		b := AppendCommand(nil, c)
		if got, err := DecodeCommand(b); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%#v\ncame back as %#v, %v", c, got, err)
		}
		for _, bad := range [][]byte{append(bytes.Clone(b), 0), append(b[:len(b)-1], 0)} {
			if got, err := DecodeCommand(bad); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%T with a quota that is none: %#v, %v", c, got, err)
			}
		}
	}
}

func TestCommandsComeBackAsTheyWere(t *testing.T) {
	for _, c := range everyCommand {
		b := AppendCommand(nil, c)
		got, err := DecodeCommand(b)
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%#v\ncame back as %#v, %v", c, got, err)
		}
		for cut := range b {
			if _, err := DecodeCommand(b[:cut]); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%T cut to %d of %d bytes: %v", c, cut, len(b), err)
			}
		}
		if _, err := DecodeCommand(append(bytes.Clone(b), 0)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%T with a byte too many: %v", c, err)
		}
	}
}

// TestEveryKindIsFrozen finds kinds that this version reads and everyCommand lacks, so that no file says how they
// are written.
func TestEveryKindIsFrozen(t *testing.T) {
	frozen := map[Kind]bool{}
	for _, c := range everyCommand {
		frozen[Kind(AppendCommand(nil, c)[0])] = true
	}
	for kind := range 256 {
		_, err := DecodeCommand([]byte{byte(kind)})
		if isKnown := !errors.Is(err, ErrVersion); isKnown != frozen[Kind(kind)] {
			t.Errorf("kind %d: it is read: %t, and in everyCommand: %t", kind, isKnown, frozen[Kind(kind)])
		}
	}
}

// TestTheWireFormatStays compares with bytes that are in logs already. A change
// needs a new kind of command, and code that reads the old one.
func TestTheWireFormatStays(t *testing.T) {
	lines := linesOf(t, "commands-v3.hex") // the last is a batch, of package logentry
	if now := inHex(everyCommand[:inVersion3]); !slices.Equal(now, lines[:inVersion3]) {
		t.Errorf("the commands of version 3 are written as\n%s", strings.Join(now, "\n"))
	}
	later := map[Kind][]Command{}
	for _, c := range everyCommand[inVersion3:] {
		later[c.Kind()] = append(later[c.Kind()], c)
	}
	for kind, commands := range later {
		compareWithFrozen(t, fmt.Sprintf("commands-v3-kind%d.hex", kind), inHex(commands))
	}
}

func inHex(commands []Command) (lines []string) {
	for _, c := range commands {
		lines = append(lines, hex.EncodeToString(AppendCommand(nil, c)))
	}
	return lines
}

// compareWithFrozen compares lines with a file. -update writes one that is not there yet.
func compareWithFrozen(t *testing.T, name string, lines []string) {
	t.Helper()
	got := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("..", "testdata", "formats", name)
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && *updateGolden {
		err = os.WriteFile(path, []byte(got), 0o644)
		want = []byte(got)
	}
	if err != nil || got != string(want) {
		t.Errorf("the wire format differs from %s (%v); -update writes it if it is a new one", path, err)
	}
}

// linesOf reads a file of frozen commands.
func linesOf(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "formats", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

// TestVersion2IsStillWritten: commands of version 2 are written as they were.
func TestVersion2IsStillWritten(t *testing.T) {
	lines := linesOf(t, "commands-v2.hex")
	if len(lines) != inVersion2+1 {
		t.Fatalf("%d lines, want %d commands and a batch", len(lines), inVersion2)
	}
	for i, c := range everyCommand[:inVersion2] {
		if now := hex.EncodeToString(AppendCommand(nil, c)); now != lines[i] {
			t.Errorf("%T is written as\n%s, was\n%s", c, now, lines[i])
		}
	}
}

func TestPingsAreDecodedWithoutAllocating(t *testing.T) {
	b := AppendPing(nil, Ping{Ordinal: 1_000_000, From: netip.MustParseAddr("192.0.2.7")})
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := DecodePing(b); !ok {
			t.Fatal("not a ping")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if len(b) > 9 {
		t.Errorf("a ping takes %d bytes", len(b))
	}
}

func TestCodesAndErrorsMatch(t *testing.T) {
	for c := CodeNone + 1; int(c) < len(codeErrors); c++ {
		want := c
		if c == CodePaused {
			want = CodeOK // a success of its own
		}
		if got := CodeOf(c.Err()); got != want {
			t.Errorf("code %d became %d", c, got)
		}
	}
	if !errors.Is(Code(200).Err(), ErrInternal) {
		t.Error("an unknown code")
	}
}

// FuzzDecodeCommand: decoding never panics, and what decodes has one encoding.
func FuzzDecodeCommand(f *testing.F) {
	for _, c := range everyCommand {
		f.Add(AppendCommand(nil, c))
	}
	f.Add(AppendCommand(nil, PutHeartbeat{Spec: everyField, Patch: everyFieldPatched}))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeCommand(b)
		if err != nil {
			return
		}
		if again := AppendCommand(nil, c); !bytes.Equal(again, b) {
			t.Errorf("%x became %x by way of %#v", b, again, c)
		}
	})
}

func aSpec(interval, grace int64, threshold int) Spec {
	return Spec{
		Name: "nightly-sync", Slug: "nightly-sync", Interval: interval, Grace: grace, Threshold: threshold,
		Arm: ArmCreated, Emails: []string{"ops@example.com"},
	}
}
