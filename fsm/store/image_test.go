package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm"
	"github.com/quorumbeat/quorumbeat/fsm/internal/incident"
	"github.com/quorumbeat/quorumbeat/fsm/internal/uptime"
	"github.com/quorumbeat/quorumbeat/fsm/logentry"
	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
	"github.com/quorumbeat/quorumbeat/internal/testkit"
)

var update = flag.Bool("update", false, "write the golden files anew")

// richStore holds something of everything that an image can hold.
func richStore(t testing.TB) *Store {
	tt, ok := t.(*testing.T)
	if !ok {
		tt = &testing.T{}
	}
	r := newRig(tt)
	r.must(fsm.SetClusterID{ID: fsm.NodeID{9}})
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 5, MailTo: []string{"team@example.com"}, Burst: 1, GroupWait: 10_000, FlapWindow: 300_000}})
	r.must(fsm.PutNode{Node: fsm.NodeInfo{ID: fsm.NodeID{1}, Name: "alpha", HTTP: "127.0.0.1:1", Cluster: "127.0.0.1:2", Version: "v1"}})
	r.must(fsm.RemoveNode{ID: fsm.NodeID{2}})
	r.must(fsm.PutKey{ID: fsm.KeyID{1}, Name: "ci", Scope: fsm.ScopeAdmin, Hash: [32]byte{1}})
	for i := 1; i <= 70; i++ {
		spec := testSpec(60, 5, 1)
		spec.Name, spec.Emails, spec.Tags = fmt.Sprint("job ", i), nil, []string{"db"}
		r.create(i, spec)
	}
	r.do(fsm.Ping{Ordinal: 1, From: netip.MustParseAddr("192.0.2.7")})
	r.do(fsm.Ping{Ordinal: 2, From: netip.MustParseAddr("2001:db8::1")})
	r.gap(time.Minute)
	r.must(fsm.Pause{ID: testID(3)})
	r.must(fsm.Delete{ID: testID(4)})
	r.run(66 * time.Second)
	r.send(r.oneReady())
	r.run(10 * time.Second)
	r.must(r.work().Digests[0])
	r.attempt(r.oneReady())
	r.ping(6)
	b := logentry.Batch{Term: 1, Wall: r.wall, Origins: []logentry.Origin{{Node: fsm.NodeID{1}, Boot: 2, Floor: 5}}, Items: []logentry.Item{
		{Seq: 6, Cmd: fsm.AppendPing(nil, fsm.Ping{Ordinal: 7})},
	}}
	if _, err := r.s.Apply(logentry.Append(nil, &b), 1); err != nil {
		t.Fatal(err)
	}
	return r.s
}

// tellingStore is a richStore with what signals leave.
func tellingStore(t testing.TB) *Store {
	tt, ok := t.(*testing.T)
	if !ok {
		tt = &testing.T{}
	}
	s := richStore(t)
	r := &rig{t: tt, s: s, term: 1, wall: s.LastWall().UnixMilli()}
	r.signal(8, fsm.Signal{Tells: fsm.SignalStart, HasRun: true, Run: [16]byte{7}, From: netip.MustParseAddr("192.0.2.7")})
	r.signal(8, fsm.Signal{Tells: fsm.SignalStart})
	r.run(2 * time.Second)
	r.signal(8, fsm.Signal{Tells: fsm.SignalSuccess, HasRun: true, Run: [16]byte{7}, Body: []byte("all is well"), IdempotencyKey: [16]byte{5}})
	r.signal(9, fsm.Signal{Tells: fsm.SignalLog, Body: []byte("beginning")})
	r.signal(9, fsm.Signal{Tells: fsm.SignalFail, Exit: 3, At: r.wall - 1000, Body: []byte("disk full")})
	r.signal(10, fsm.Signal{Tells: fsm.SignalFail})
	r.signal(3, fsm.Signal{Tells: fsm.SignalLog, IdempotencyKey: [16]byte{6}})
	return s
}

// limitedStore is a tellingStore with quotas, and heartbeats that keys have made.
func limitedStore(t testing.TB) *Store {
	tt, ok := t.(*testing.T)
	if !ok {
		tt = &testing.T{}
	}
	s := tellingStore(t)
	r := &rig{t: tt, s: s, term: 1, wall: s.LastWall().UnixMilli()}
	settings := s.Settings()
	settings.MaxHeartbeats = 1000
	r.must(fsm.SetSettings{Settings: settings})
	for n := byte(2); n <= 3; n++ {
		r.must(fsm.PutKey{ID: fsm.KeyID{n}, Name: "limited", Scope: fsm.ScopePing, Hash: [32]byte{n}, MaxHeartbeats: 50 * int(n)})
		r.must(fsm.Authorized{Key: fsm.KeyID{n}, Command: fsm.Create{ID: testID(100 + int(n)), Token: testToken(100 + int(n)), Spec: testSpec(60, 5, 1)}})
	}
	r.must(fsm.UpdateKey{ID: fsm.KeyID{3}, MaxHeartbeats: 7})
	r.must(fsm.DeleteKey{ID: fsm.KeyID{2}})
	return s
}

// fullStore is a frozenStore with what has come since: add yours.
func fullStore(t testing.TB) *Store {
	tt, ok := t.(*testing.T)
	if !ok {
		tt = &testing.T{}
	}
	s := frozenStore(t)
	r := &rig{t: tt, s: s, term: 1, wall: s.LastWall().UnixMilli()}
	addPauses(r)
	addIncidents(r)
	addWindows(r)
	addTemplates(r)
	addHours(r)
	addRecoveries(r)
	addPausedTimes(r)
	addOldTokens(r)
	return s
}

// sectionsSince are the sections that came after images of version 5 were frozen: each has a file
// of its own, an image of a store with nothing else.
var sectionsSince = map[uint64]func(r *rig){
	4:  addPauses,
	21: addIncidents,
	22: addWindows,
	23: addRecoveries,
	25: addTemplates,
	26: addSystem,
	24: addTelling,
	27: addFlaps,
	29: addPausedTimes,
	30: addOldTokens,
}

// addOldTokens adds heartbeats with old tokens: one, two, and one that is over.
func addOldTokens(r *rig) {
	for n := 451; n <= 453; n++ {
		r.create(n, testSpec(3600, 5, 1))
	}
	r.must(fsm.RotateToken{ID: testID(451), Token: testToken(1451), Overlap: 86_400_000})
	r.must(fsm.RotateToken{ID: testID(452), Token: testToken(1452), Overlap: 7_200_000})
	r.must(fsm.RotateToken{ID: testID(452), Token: testToken(2452), Overlap: 3_600_000})
	r.must(fsm.RotateToken{ID: testID(453), Token: testToken(1453), Overlap: 1000})
	r.run(10 * time.Second)
}

// addPausedTimes adds pauses that are over: one that somebody ended, and two that ended by themselves.
func addPausedTimes(r *rig) {
	for n := 441; n <= 442; n++ {
		r.create(n, testSpec(3600, 5, 1))
	}
	r.must(fsm.Pause{ID: testID(441)})
	r.run(90 * time.Second)
	r.must(fsm.Resume{ID: testID(441)})
	for range 2 {
		r.must(fsm.TimedPause{ID: testID(442), For: 5000})
		r.run(10 * time.Second)
	}
}

// addFlaps adds two flap windows: of mail, and of a channel.
func addFlaps(r *rig) {
	r.channel(61, func(c *fsm.ChannelSpec) { c.Default = true })
	r.create(431, testSpec(3600, 5, 1))
	r.signal(431, fsm.Signal{Tells: fsm.SignalFail, Exit: 3})
	for _, id := range append(r.work().Ready, r.s.LaneWork(r.term, channelID(61).String(), 9).Ready...) {
		r.send(id)
	}
	r.ping(431)
	r.signal(431, fsm.Signal{Tells: fsm.SignalFail, Exit: 4})
}

// addTemplates adds words of one's own for alerts.
func addTemplates(r *rig) {
	r.must(fsm.SetTemplates{Templates: fsm.Templates{Subject: "{{.State}}: {{.Name}}", Text: "Größe\n{{.Text}}"}})
}

// addTelling adds channels that are mail, and a rhythm of reminders.
func addTelling(r *rig) {
	settings := fsm.DefaultSettings()
	settings.RemindEvery = 3600
	r.must(fsm.SetSettings{Settings: settings})
	for n := byte(1); n <= 2; n++ {
		r.must(fsm.CreateChannel{ID: fsm.ChannelID{n}, Spec: fsm.ChannelSpec{
			Name: "mail " + string('a'+rune(n)), Kind: fsm.KindEmail, Tags: []string{"db"}, On: fsm.SetOf(fsm.AlertDown), After: 60,
			Fields: []fsm.ChannelField{{Name: fsm.FieldTo, Value: "ops@example.com, night@example.com"}},
		}})
	}
}

// addPauses adds pauses that end by themselves.
func addPauses(r *rig) {
	for n := 401; n <= 403; n++ {
		r.create(n, testSpec(60, 5, 1))
		r.must(fsm.TimedPause{ID: testID(n), For: int64(n) * 1000})
	}
	r.must(fsm.Pause{ID: testID(402)}) // until somebody resumes it
	r.ping(403)
}

// addWindows adds maintenance windows: once, by a schedule, and one that was deleted.
func addWindows(r *rig) {
	once := fsm.WindowSpec{Name: "move the Größe", Tags: []string{"db", "web"}, From: r.wall - 1000, To: r.wall + 3_600_000}
	daily := fsm.WindowSpec{Name: "nightly", Tags: []string{"db"}, Schedule: []string{"0 2 * * *"}, TZ: "Europe/Berlin", For: 7200}
	r.must(fsm.CreateWindow{ID: fsm.WindowID{1}, Spec: once})
	r.must(fsm.CreateWindow{ID: fsm.WindowID{2}, Spec: daily, Timetable: fsm.Timetable{Rules: 7, Times: []int64{r.wall + 1000, r.wall + 86_401_000}}})
	r.must(fsm.CreateWindow{ID: fsm.WindowID{3}, Spec: once})
	r.must(fsm.DeleteWindow{ID: fsm.WindowID{3}})
	r.must(fsm.SetWindowTimes{List: []fsm.WindowTimes{{ID: fsm.WindowID{2}, Since: r.wall + 2000, Timetable: fsm.Timetable{Rules: 8, Times: []int64{r.wall + 86_402_000}}}}})
}

// addHours adds channels with hours: one of which nobody knows yet when they are.
func addHours(r *rig) {
	r.channel(51, func(c *fsm.ChannelSpec) { c.Hours = simHours })
	r.channel(52, func(c *fsm.ChannelSpec) { c.Hours = simHours })
	r.must(fsm.SetHours{List: []fsm.HoursTimes{{Channel: fsm.ChannelID{51}, Hours: simHours, Rules: 7, Spans: []weekly.Span{{From: r.wall - 1000, To: r.wall + 1000}, {From: r.wall + 2000, To: r.wall + 3000}}}}})
}

// addIncidents adds incidents that were acknowledged, snoozed, told again, and ended by a pause.
func addIncidents(r *rig) {
	for n := 411; n <= 416; n++ {
		spec := testSpec(60, 5, 1)
		spec.RemindEvery = 60
		r.create(n, spec)
	}
	r.run(130 * time.Second)
	r.must(fsm.AckIncident{Heartbeat: testID(411), Incident: 1, By: "Ann Größe", Note: "on it"})
	r.must(fsm.SnoozeIncident{Heartbeat: testID(412), Incident: 1, For: 3_600_000, By: "Bob"})
	r.must(fsm.AckIncident{Heartbeat: testID(413), Incident: 1, By: "Ann"})
	r.must(fsm.UnackIncident{Heartbeat: testID(413), Incident: 1, By: "Ann"})
	r.must(fsm.Update{ID: testID(414), Patch: fsm.Patch{Interval: new(int64(120))}})
	r.must(fsm.Pause{ID: testID(415)})
	r.ping(415)
	r.ping(416)
}

// frozenStore is a limitedStore with what version 5 of images had when it was frozen.
func frozenStore(t testing.TB) *Store {
	tt, ok := t.(*testing.T)
	if !ok {
		tt = &testing.T{}
	}
	s := limitedStore(t)
	r := &rig{t: tt, s: s, term: 1, wall: s.LastWall().UnixMilli()}
	r.must(fsm.Update{ID: testID(5), Patch: fsm.Patch{Description: new("Copies the books.\nAt night."), RunbookURL: new("https://wiki.example.com/books"), Owner: new("ops")}})
	r.must(fsm.PutStatusPage{Page: fsm.StatusPage{Slug: "jobs", Title: "Größe", Tags: []string{"db"}, Heartbeats: []fsm.PageHeartbeat{{ID: testID(5), Alias: "Books"}, {ID: testID(6)}}}})
	r.must(fsm.PutStatusPage{Page: fsm.StatusPage{Slug: "all", Title: "All", Tags: []string{"db"}}})
	r.must(fsm.PutBadge{Badge: fsm.Badge{ID: fsm.BadgeID{1}, Heartbeat: testID(5), Label: "books"}})
	r.must(fsm.PutBadge{Badge: fsm.Badge{ID: fsm.BadgeID{2}, Tag: "db"}})
	r.ping(8)
	r.must(fsm.Pause{ID: testID(8)})
	r.run(2 * time.Second)
	r.must(fsm.Resume{ID: testID(8)})
	r.ping(9)
	spec := testSpec(60, 5, 1)
	spec.Owner, spec.Methods = "Größe & Söhne", fsm.MethodsPost
	r.create(200, spec)
	r.channel(1, func(c *fsm.ChannelSpec) {
		c.Default, c.Tags, c.After = true, []string{"db"}, 60
		c.Fields = []fsm.ChannelField{{Name: "url", Value: "https://example.com/hook"}, {Name: "secret", Value: "whsec_MA==", Secret: true}}
	})
	r.scheduled(201, 5, fsm.MaxTimes)
	spec = testSpec(60, 5, 1)
	spec.Checks, spec.FailureThreshold, spec.Notify = []string{"bytes >= 0.5 * last"}, 2, []string{channelID(1).String()}
	r.create(202, spec)
	r.signal(202, fsm.Signal{Numbers: tell("bytes", 100.)})
	r.signal(202, fsm.Signal{Numbers: tell("bytes", 40.)})
	r.run(2 * time.Second)
	return s
}

func TestRestoreGivesTheSameState(t *testing.T) {
	s := fullStore(t)
	image := imageOf(t, s)
	fresh := New()
	if err := fresh.Restore(bytes.NewReader(image)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(image, imageOf(t, fresh)) {
		t.Error("the image of the restored store differs")
	}
	if a, b := told(s)+toldSince5(s)+toldIncidents(s), told(fresh)+toldSince5(fresh)+toldIncidents(fresh); a != b {
		t.Errorf("it tells\n%s, and told\n%s", b, a)
	}
	if !maps.Equal(s.st.madeByKey, fresh.st.madeByKey) || len(s.st.madeByKey) != 2 {
		t.Errorf("made %v, was %v", fresh.st.madeByKey, s.st.madeByKey)
	}
	if a, b := fmt.Sprint(s.Totals()), fmt.Sprint(fresh.Totals()); a != b {
		t.Errorf("totals\n%s, were\n%s", b, a)
	}
	a, _ := s.NextDue()
	if b, _ := fresh.NextDue(); a != b {
		t.Errorf("next due %d, was %d", b, a)
	}
}

// TestEverySectionIsFrozen finds sections out of their order, which no store would read, and those of which no file says
// how they are written.
func TestEverySectionIsFrozen(t *testing.T) {
	inVersion5 := []uint64{1, 2, 3, 10, 11, 20} // are in the image of frozenStore
	last := uint64(0)
	for _, x := range sections {
		if x.tag <= last {
			t.Errorf("section %d comes after section %d", x.tag, last)
		}
		last = x.tag
		if sectionsSince[x.tag] == nil && !slices.Contains(inVersion5, x.tag) {
			t.Errorf("section %d is not in sectionsSince", x.tag)
		}
	}
}

// TestTheImageFormatStays compares with bytes that are on disks already.
func TestTheImageFormatStays(t *testing.T) {
	frozen := frozenStore(t)
	frozen.st.incidents = incident.New()         // which every incident has by now
	frozen.st.ledger.ForgetFlaps()               // which every alert that was told opens by now
	frozen.st.uptime = daysOf(&frozen.st.uptime) // when heartbeats were paused is known by now
	compareWithFrozen(t, imageFile(imageVersion), frozen)
	for tag, add := range sectionsSince {
		r := newRig(t)
		add(r)
		compareWithFrozen(t, sectionFile(tag), r.s)
	}
}

// daysOf is a log without the times of pauses.
func daysOf(l *uptime.Log) (days uptime.Log) {
	l.Each(func(ord uint64, encoded string) { _ = days.Restore(ord, []byte(encoded)) })
	return days
}

// compareWithFrozen compares an image with a file. -update writes one that is not there yet.
func compareWithFrozen(t *testing.T, path string, s *Store) {
	t.Helper()
	got := imageOf(t, s)
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && *update {
		err = os.WriteFile(path, got, 0o644)
		want = got
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the format of %s changed (%v); -update writes it if it is a new one", path, err)
	}
}

// TestAnImageOnDiskLoads keeps images as they are on disks already, and what they say.
func TestAnImageOnDiskLoads(t *testing.T) {
	load := func(path string) *Store {
		image, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := New()
		if err := s.Restore(bytes.NewReader(image)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return s
	}
	for version, store := range map[int]func(testing.TB) *Store{4: limitedStore, 5: frozenStore} {
		s := load(imageFile(version))
		if got, want := told(s), told(store(t)); got != want {
			t.Errorf("the image of version %d says\n%s\nwant\n%s", version, got, want)
		}
		if got, want := toldSince5(s), toldSince5(store(t)); version >= 5 && got != want {
			t.Errorf("the image of version %d says\n%s\nwant\n%s", version, got, want)
		}
	}
	for tag, add := range sectionsSince {
		r := newRig(t)
		add(r)
		s := load(sectionFile(tag))
		if got, want := told(s)+toldIncidents(s), told(r.s)+toldIncidents(r.s); got != want {
			t.Errorf("the image with section %d says\n%s\nwant\n%s", tag, got, want)
		}
	}
}

// TestWhatASectionDoesNotKnowIsRefused: a newer version wrote it, and it is no damage.
func TestWhatASectionDoesNotKnowIsRefused(t *testing.T) {
	r := newRig(t)
	for n := 1; n <= 7; n++ {
		r.create(n, testSpec(60, 5, 1))
	}
	r.must(fsm.Update{ID: testID(5), Patch: fsm.Patch{Owner: new("ops")}})
	image := imageOf(t, r.s)
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, wire.Castagnoli)) }
	withSection := func(tag byte, items ...byte) []byte {
		b := append(bytes.Clone(image[:len(image)-5]), tag) // without the end of the sections, and the checksum
		return sum(append(append(binary.LittleEndian.AppendUint32(b, uint32(len(items))), items...), 0))
	}
	s := New()
	for what, c := range map[string]struct {
		image []byte
		want  error
	}{
		"a section of another version": {withSection(127, 2, 'a', 'b'), fsm.ErrVersion},
		"a field of another version":   {withSection(1, 4, 7, 127, 1, 'x'), fsm.ErrVersion},
		"a section before others":      {withSection(0, 2, 'a', 'b'), fsm.ErrCorrupt},
		"a block without items":        {withSection(127), fsm.ErrCorrupt},
		"an item that is cut":          {withSection(127, 2, 'a'), fsm.ErrCorrupt},
		"fields twice":                 {withSection(1, 4, 5, 3, 1, 'x'), fsm.ErrCorrupt},
		"fields of nobody":             {withSection(1, 4, 9, 3, 1, 'x'), fsm.ErrCorrupt},
		"fields out of their limits":   {withSection(1, 4, 7, 2, 1, 'x'), fsm.ErrCorrupt},
		"the same, and damaged":        {append(withSection(127, 2, 'a', 'b')[:len(image)], 0, 0, 0, 0), fsm.ErrCorrupt},
	} {
		if err := s.Restore(bytes.NewReader(c.image)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		} else if c.want == fsm.ErrVersion && !strings.Contains(err.Error(), "upgrade this node") {
			t.Errorf("%s: the words are %q", what, err)
		}
	}
}

func imageFile(version int) string {
	return filepath.Join("..", "..", "testdata", "formats", fmt.Sprintf("image-v%d.bin", version))
}

func sectionFile(tag uint64) string {
	return filepath.Join("..", "..", "testdata", "formats", fmt.Sprintf("image-v%d-section%d.bin", imageVersion, tag))
}

// told is everything that queries tell of a store.
func told(s *Store) string {
	var b strings.Builder
	list, _ := s.Heartbeats(fsm.HeartbeatFilter{})
	for _, h := range list {
		pings, _, _ := s.Pings(h.ID, 100, 0)
		fmt.Fprintf(&b, "%+v %v\n", h, pings)
	}
	alerts, _ := s.Alerts(fsm.AlertFilter{})
	due, running := s.NextDue()
	fmt.Fprintln(&b, alerts, s.Keys(), s.Settings(), s.ClusterID(), s.Nodes(), s.Gaps(), s.LastWall())
	fmt.Fprintln(&b, s.Totals(), s.Serving(), s.Horizon(), s.WasRemoved(fsm.NodeID{2}), due, running)
	fmt.Fprintln(&b, s.st.dedup.Proposers[fsm.NodeID{1}])
	return b.String()
}

// toldIncidents is what images tell of incidents and pauses.
func toldIncidents(s *Store) string {
	list, _ := s.Incidents(fsm.IncidentFilter{})
	words := fmt.Sprintf("%+v", list)
	s.st.uptime.EachPaused(func(ord uint64, _ string) { words += fmt.Sprintln(ord, s.st.uptime.Pauses(ord, 0)) })
	return words
}

// toldSince5 is what images tell from version 5 on.
func toldSince5(s *Store) string {
	var b strings.Builder
	s.st.uptime.Each(func(ord uint64, _ string) { fmt.Fprintln(&b, ord, s.st.uptime.Of(ord)) })
	fmt.Fprintln(&b, s.StatusPages(), s.Badges(), s.Channels())
	for _, n := range []int{201, 202} {
		h, err := s.Heartbeat(testID(n))
		fmt.Fprintln(&b, h, err)
	}
	return b.String()
}

func TestADamagedImageIsRefused(t *testing.T) {
	testkit.SkipUnderRace(t)
	const head, step = 256, 23 // all bytes at the beginning, and every so many further on
	image := imageOf(t, fullStore(t))
	s := New()
	before := imageOf(t, s)
	check := func(what string, b []byte) {
		t.Helper()
		if err := s.Restore(bytes.NewReader(b)); !errors.Is(err, fsm.ErrCorrupt) && !errors.Is(err, fsm.ErrVersion) {
			t.Fatalf("%s: %v", what, err)
		}
	}
	offset := rand.IntN(step) // each run looks at other bytes; what fails tells its place
	for i := 0; i < len(image); i++ {
		if i >= head && i%step != offset {
			continue
		}
		flipped := bytes.Clone(image)
		flipped[i] ^= 1 << rand.IntN(8)
		check(fmt.Sprintf("byte %d, %#x, became %#x", i, image[i], flipped[i]), flipped)
		check(fmt.Sprint("cut at ", i), image[:i])
	}
	check("a byte too many", append(bytes.Clone(image), 0))
	if !bytes.Equal(before, imageOf(t, s)) {
		t.Error("a refused image changed the store")
	}
}

func TestASnapshotIsOfItsMoment(t *testing.T) {
	s := fullStore(t)
	want := imageOf(t, s)
	img := s.Snapshot()
	r := &rig{t: t, s: s, term: 1, wall: s.LastWall().UnixMilli()}
	for i := 1; i <= 70; i++ {
		r.ping(i)
		r.signal(8, fsm.Signal{Tells: fsm.SignalStart, Body: []byte("again")})
		r.do(fsm.Pause{ID: testID(i)})
		r.do(fsm.Update{ID: testID(i), Patch: fsm.Patch{Owner: new("others")}})
		r.do(fsm.DeleteStatusPage{Slug: "jobs"})
		r.do(fsm.DeleteBadge{ID: fsm.BadgeID{1}})
		r.do(fsm.Delete{ID: testID(i)})
		r.create(300+i, testSpec(1, 0, 1))
	}
	r.must(retainNothing())
	r.run(20 * time.Second)
	var got bytes.Buffer
	if _, err := img.WriteTo(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got.Bytes()) {
		t.Error("later entries changed an image that was taken before them")
	}
}

// retainNothing is settings that drop every history.
func retainNothing() fsm.Command {
	return fsm.SetSettings{Settings: fsm.Settings{Burst: 1, GroupWait: 1}}
}

// FuzzRestore gives every input a right checksum, so that what lies behind it is
// reached. Whatever loads is written again byte for byte.
func FuzzRestore(f *testing.F) {
	image := imageOf(f, fullStore(f))
	f.Add(image[:len(image)-4])
	empty := imageOf(f, New())
	f.Add(empty[:len(empty)-4])
	small := newRig(&testing.T{})
	addSystem(small)
	small.create(1, testSpec(1, 0, 1))
	small.run(10 * time.Second)
	seen := imageOf(f, small.s)
	f.Add(seen[:len(seen)-4])
	for _, wall := range impossibleWalls {
		r := livesOfAllKinds(&testing.T{})
		for _, change := range wallsOf(wall) {
			change(r.s.st)
		}
		image := imageOf(f, r.s)
		f.Add(image[:len(image)-4])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		image := binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.Checksum(body, wire.Castagnoli))
		s := New()
		if err := s.Restore(bytes.NewReader(image)); err != nil {
			return
		}
		if _, err := s.Apply(logentry.Append(nil, &logentry.Batch{Term: 1, Delta: 1000}), 1); err != nil {
			t.Fatal(err)
		}
		s.Work(1, 10)
		s.Totals()
		s.Alerts(fsm.AlertFilter{})
		s.Heartbeats(fsm.HeartbeatFilter{})
		imageOf(t, s)
		lifeGoesOn(t, s)
	})
}

// lifeGoesOn has people and senders do what they do to a store: no command may panic on a state that loaded.
func lifeGoesOn(t *testing.T, s *Store) {
	t.Helper()
	var list, later []fsm.Command
	incidents, _ := s.Incidents(fsm.IncidentFilter{})
	refs := []fsm.IncidentRef{{Heartbeat: lostNode.ID(), Number: 1}, {Heartbeat: testID(1), Number: 1}}
	for _, in := range incidents[:min(8, len(incidents))] {
		refs = append(refs, fsm.IncidentRef{Heartbeat: in.Heartbeat, Number: in.Number})
	}
	for _, in := range s.SystemIncidents() {
		refs = append(refs, in.Incident)
		later = append(later, fsm.BeginSystem{Subject: in.SystemSubject, Since: 1}, fsm.EndSystem{Subject: in.SystemSubject})
	}
	for _, in := range refs {
		list = append(list,
			fsm.AckIncident{Heartbeat: in.Heartbeat, Incident: in.Number, By: "Ann"}, fsm.UnackIncident{Heartbeat: in.Heartbeat, Incident: in.Number},
			fsm.SnoozeIncident{Heartbeat: in.Heartbeat, Incident: in.Number, For: 1000}, fsm.Pause{ID: in.Heartbeat}, fsm.Resume{ID: in.Heartbeat})
	}
	for ord := uint64(1); ord < 8; ord++ {
		list = append(list, fsm.Ping{Ordinal: ord}, fsm.Signal{Ordinal: ord, Tells: fsm.SignalFail, Exit: 3}, fsm.Signal{Ordinal: ord, Tells: fsm.SignalStart}, fsm.Ping{Ordinal: ord})
	}
	alerts, _ := s.Alerts(fsm.AlertFilter{})
	for _, a := range alerts[:min(8, len(alerts))] {
		list = append(list, fsm.HoldAlert{Alert: a.ID}, fsm.RetryAlert{Alert: a.ID}, fsm.DeliverAlert{Alert: a.ID},
			fsm.Claim{Alert: a.ID, Term: 1, Attempt: a.Attempt + 1}, fsm.Fence{Alert: a.ID, Term: 1, Attempt: a.Attempt + 1}, fsm.Settle{Alert: a.ID, Term: 1, Attempt: a.Attempt + 1, Outcome: fsm.OutcomeSent})
	}
	list = append(append(list, later...), fsm.SetSettings{Settings: fsm.Settings{Burst: 1, RemindEvery: 60}}, fsm.Delete{ID: testID(1)}, fsm.Delete{ID: testID(2)}, fsm.EndSystem{Subject: lostNode, Quiet: true})
	for range 2 {
		b := logentry.Batch{Term: 1, Wall: s.LastWall().UnixMilli() + 2000, Delta: 2000}
		for _, c := range list {
			b.Items = append(b.Items, logentry.Item{Origin: logentry.NoOrigin, Cmd: fsm.AppendCommand(nil, c)})
		}
		if _, err := s.Apply(logentry.Append(nil, &b), 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := New().Restore(bytes.NewReader(imageOf(t, s))); err != nil {
		t.Fatal("what was loaded and lived on is not taken again: ", err)
	}
}

// TestAnImageWithoutItsIncidentsLives: nobody writes one, but it loads; what people say of them must then find them.
func TestAnImageWithoutItsIncidentsLives(t *testing.T) {
	over := func(x *incident.Record) {
		x.End, x.AckedBy, x.AckedAt, x.Snooze, x.Snoozed, x.Tell = incident.Recovered, "", 0, 0, 0, 0
	}
	for name, forget := range map[string]func(s *Store){
		"none is kept": func(s *Store) { s.st.incidents = incident.New() },
		"all are over": func(s *Store) {
			list, _ := s.Incidents(fsm.IncidentFilter{})
			for _, in := range list {
				s.st.incidents.Change(fsm.IncidentRef{Heartbeat: in.Heartbeat, Number: in.Number}, over)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := fullStore(t)
			r := &rig{t: t, s: s, term: 1, wall: s.LastWall().UnixMilli()}
			addSystem(r)
			forget(s)
			again := New()
			if err := again.Restore(bytes.NewReader(imageOf(t, s))); err != nil {
				t.Fatal(err)
			}
			if n := len(again.SystemIncidents()); n == 0 {
				t.Fatal("nothing goes on")
			}
			lifeGoesOn(t, again)
		})
	}
}

// TestAReminderFromLongAgoIsToldOnce: no version writes an image with one, but it loads; the reminders since then have no end.
func TestAReminderFromLongAgoIsToldOnce(t *testing.T) {
	r := newRig(t)
	r.must(fsm.SetSettings{Settings: fsm.Settings{History: 5, Burst: 5, MailTo: []string{"ops@example.com"}, RemindEvery: 10}})
	r.must(fsm.BeginSystem{Subject: lostNode, Node: "n7", Since: r.wall})
	r.create(1, testSpec(1, 0, 1))
	r.run(5 * time.Second)
	refs := []fsm.IncidentRef{{Heartbeat: lostNode.ID(), Number: 1}, {Heartbeat: testID(1), Number: 1}}
	for _, ref := range refs {
		r.s.st.incidents.Change(ref, func(x *incident.Record) { x.Tell = 1 })
	}
	r.s.st.serving, r.s.st.horizon = maxServing-1000, maxServing-1000
	testkit.Must(t, r.s.Restore(bytes.NewReader(imageOf(t, r.s))))
	r.run(2 * time.Second)
	for _, ref := range refs {
		if x := r.s.st.incidents.Get(ref); x.Told != 1 || x.Tell <= r.s.st.serving {
			t.Errorf("told %d times, and at %d again", x.Told, x.Tell)
		}
	}
}

// TestCountersThatWouldOverflowAreRefused: what was counted on from them would be an image that nobody takes.
func TestCountersThatWouldOverflowAreRefused(t *testing.T) {
	for name, change := range map[string]func(st *state){
		"the clock": func(st *state) { st.serving = maxServing + 1 },
		"incidents": func(st *state) { st.table.OwnRecord(st.byID(testID(1))).Incident = math.MaxUint32 },
		"reminders": func(st *state) {
			st.incidents.Change(fsm.IncidentRef{Heartbeat: testID(1), Number: 1}, func(x *incident.Record) { x.Told = math.MaxInt64 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.create(1, testSpec(1, 0, 1))
			r.run(5 * time.Second)
			change(r.s.st)
			if err := New().Restore(bytes.NewReader(imageOf(t, r.s))); !errors.Is(err, fsm.ErrCorrupt) {
				t.Error(err)
			}
		})
	}
}

// TestAnImageOfAnImpossibleTimeLives: no clock shows them, but such an image loads. Nothing may panic, alert in a storm or take without end.
func TestAnImageOfAnImpossibleTimeLives(t *testing.T) {
	for name, wall := range impossibleWalls {
		for what, change := range wallsOf(wall) {
			t.Run(what+" of "+name, func(t *testing.T) {
				r := livesOfAllKinds(t)
				change(r.s.st)
				if err := r.s.Restore(bytes.NewReader(imageOf(t, r.s))); err != nil {
					t.Fatal(err)
				}
				r.run(time.Hour)
				for n := 1; n <= 3; n++ {
					if list := r.alerts(n); len(list) > 8 {
						t.Errorf("heartbeat %d: %d alerts in an hour: %q", n, len(list), list[:8])
					}
				}
				r.s.Heartbeats(fsm.HeartbeatFilter{})
				r.s.Work(1, 10)
				r.s.WantedTimes(0, r.wall, 7)
				lifeGoesOn(t, r.s)
			})
		}
	}
}

var impossibleWalls = map[string]int64{
	"the least": math.MinInt64, "year 1": -62_135_596_800_000, "before 1970": -1, "zero": 0,
	"year 10000": 253_402_300_800_000, "year 292277026": 9_223_372_016_000_000_000, "nearly the last": math.MaxInt64 - 1000, "the last": math.MaxInt64,
}

// wallsOf are changes that give parts of a state a wall time.
func wallsOf(wall int64) map[string]func(st *state) {
	return map[string]func(st *state){
		"the clock": func(st *state) { st.wall = wall },
		"anchors": func(st *state) {
			for ord := uint64(1); st.table.Has(ord); ord++ {
				r := st.table.OwnRecord(ord)
				r.AnchorWall, r.LastPing = wall, wall
			}
		},
		"gaps":      func(st *state) { st.gaps.list = []gap{{1, wall, wall}, {2, min(wall, 5), max(wall, 5)}} },
		"a reading": func(st *state) { st.clock.Read(st.serving, wall) },
	}
}

// livesOfAllKinds has a job of an interval, one of a timetable, and one that is paused for a time.
func livesOfAllKinds(t *testing.T) *rig {
	r := newRig(t)
	r.create(1, testSpec(600, 60, 1))
	r.scheduled(2, 10, 16)
	r.create(3, testSpec(600, 60, 1))
	r.pauseFor(3, 20*time.Minute)
	r.run(time.Minute)
	for n := 1; n <= 3; n++ {
		r.ping(n)
	}
	r.run(time.Minute)
	return r
}
