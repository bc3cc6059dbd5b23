package fsm

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Limits of what is published.
const (
	MaxStatusPages    = 100
	MaxPageHeartbeats = 200 // that a status page names
	MaxBadges         = 10_000
	MaxAliasLen       = 200 // characters

	badgePrefix = "bg_"
)

// StatusPage shows to anybody how some heartbeats are: those that it names, and those that
// have one of its tags.
type StatusPage struct {
	Slug       string // its address; no other page has it
	Title      string
	Tags       []string
	Heartbeats []PageHeartbeat
	CreatedAt  time.Time
}

// PageHeartbeat is a heartbeat that a status page names.
type PageHeartbeat struct {
	ID    HeartbeatID
	Alias string // what the page calls it; "": its name
}

// BadgeID names a badge: "bg_" and 24 hex digits. It is made at random by the accepting
// node, and nobody can guess it: whoever knows it sees the badge.
type BadgeID [12]byte

func (id BadgeID) String() string { return badgePrefix + hex.EncodeToString(id[:]) }

// ParseBadgeID reads the form that String writes.
func ParseBadgeID(s string) (BadgeID, error) {
	b, err := parsePrefixed(s, badgePrefix)
	return BadgeID(b), err
}

// Badge is a small picture of how a heartbeat is, or those of a tag.
type Badge struct {
	ID        BadgeID
	Heartbeat HeartbeatID // zero: those of Tag
	Tag       string
	Label     string // "": the heartbeat's name, or the tag
	CreatedAt time.Time
}

// Validate checks every field against its limits.
func (p StatusPage) Validate() error {
	if err := cmp.Or(validateSlug(p.Slug), validateText("title", p.Title, MaxNameLen), validateTags(p.Tags)); err != nil {
		return err
	}
	switch n := len(p.Heartbeats); {
	case n > MaxPageHeartbeats:
		return invalidf("heartbeats has %d entries; it may have %d, and tags stand for any number", n, MaxPageHeartbeats)
	case n == 0 && len(p.Tags) == 0:
		return invalidf("heartbeats and tags are both empty; a page must have one of either")
	}
	named := map[HeartbeatID]bool{}
	for i, h := range p.Heartbeats {
		if err := validateOptional(fmt.Sprintf("heartbeats[%d].alias", i), h.Alias, MaxAliasLen); err != nil {
			return err
		}
		if named[h.ID] {
			return invalidf("heartbeats[%d] repeats %s; each may be named once", i, h.ID)
		}
		named[h.ID] = true
	}
	return nil
}

// Validate checks every field against its limits.
func (b Badge) Validate() error {
	if (b.Heartbeat == HeartbeatID{}) == (b.Tag == "") {
		return invalidf("a badge must have either heartbeat_id or tag")
	}
	return cmp.Or(validateOptional("tag", b.Tag, MaxTagLen), validateOptional("label", b.Label, MaxNameLen))
}

// PutStatusPage publishes a status page. Its CreatedAt does not count. Result: CodeOK,
// CodeExists (another has the slug), CodeNotFound (it names a heartbeat that is not there),
// CodeInvalid or CodeQuota.
type PutStatusPage struct{ Page StatusPage }

// DeleteStatusPage takes a status page back. Result: CodeOK or CodeNotFound.
type DeleteStatusPage struct{ Slug string }

// PutBadge publishes a badge. Its CreatedAt does not count. Result: CodeOK, CodeExists,
// CodeNotFound (there is no such heartbeat), CodeInvalid or CodeQuota.
type PutBadge struct{ Badge Badge }

// DeleteBadge takes a badge back. Result: CodeOK or CodeNotFound.
type DeleteBadge struct{ ID BadgeID }

func (PutStatusPage) Kind() Kind    { return KindPutStatusPage }
func (DeleteStatusPage) Kind() Kind { return KindDeleteStatusPage }
func (PutBadge) Kind() Kind         { return KindPutBadge }
func (DeleteBadge) Kind() Kind      { return KindDeleteBadge }

func appendPublishing(dst []byte, c Command) []byte {
	switch c := c.(type) {
	case PutStatusPage:
		return appendPage(dst, c.Page)
	case DeleteStatusPage:
		return wire.AppendString(dst, c.Slug)
	case PutBadge:
		return appendBadge(dst, c.Badge)
	case DeleteBadge:
		return append(dst, c.ID[:]...)
	}
	return nil
}

func (r *reader) publishing(kind Kind) Command {
	switch kind {
	case KindPutStatusPage:
		return PutStatusPage{readPage(&r.Reader)}
	case KindDeleteStatusPage:
		return DeleteStatusPage{r.String()}
	case KindPutBadge:
		return PutBadge{readBadge(&r.Reader)}
	}
	var c DeleteBadge
	r.Fill(c.ID[:])
	return c
}

func appendPage(dst []byte, p StatusPage) []byte {
	dst = wire.AppendStrings(wire.AppendString(wire.AppendString(dst, p.Slug), p.Title), p.Tags)
	dst = binary.AppendUvarint(dst, uint64(len(p.Heartbeats)))
	for _, h := range p.Heartbeats {
		dst = wire.AppendString(append(dst, h.ID[:]...), h.Alias)
	}
	return dst
}

func readPage(r *wire.Reader) StatusPage {
	p := StatusPage{Slug: r.String(), Title: r.String(), Tags: r.Strings()}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		var h PageHeartbeat
		r.Fill(h.ID[:])
		h.Alias = r.String()
		p.Heartbeats = append(p.Heartbeats, h)
	}
	return p
}

func appendBadge(dst []byte, b Badge) []byte {
	dst = append(append(dst, b.ID[:]...), b.Heartbeat[:]...)
	return wire.AppendString(wire.AppendString(dst, b.Tag), b.Label)
}

func readBadge(r *wire.Reader) (b Badge) {
	r.Fill(b.ID[:])
	r.Fill(b.Heartbeat[:])
	b.Tag, b.Label = r.String(), r.String()
	return b
}

// What an item of an image holds.
const (
	publishedPage  = 1
	publishedBadge = 2
)

// AppendPublished appends a StatusPage or a Badge as images hold it.
func AppendPublished(dst []byte, x any) []byte {
	switch x := x.(type) {
	case StatusPage:
		return appendPage(wire.AppendInt(append(dst, publishedPage), WallMillis(x.CreatedAt)), x)
	case Badge:
		return appendBadge(wire.AppendInt(append(dst, publishedBadge), WallMillis(x.CreatedAt)), x)
	}
	panic("fsm: nothing that is published")
}

// ReadPublished reads what AppendPublished wrote: a StatusPage or a Badge.
func ReadPublished(r *wire.Reader) any {
	kind, at := r.Byte(), WallTime(r.Int())
	switch kind {
	case publishedPage:
		p := readPage(r)
		p.CreatedAt = at
		return p
	case publishedBadge:
		b := readBadge(r)
		b.CreatedAt = at
		return b
	}
	r.Fail()
	return nil
}

// Clone returns a page that shares no lists.
func (p StatusPage) Clone() StatusPage {
	p.Tags, p.Heartbeats = slices.Clone(p.Tags), slices.Clone(p.Heartbeats)
	return p
}

// UptimeDays is how many UTC days are told of a heartbeat's uptime, today with them.
const UptimeDays = 90

// UptimeDay is one of them, in ms.
type UptimeDay struct {
	Date    time.Time // its midnight
	Down    int64     // in which it was failing
	Paused  int64
	Unknown int64 // before it was made, not over yet, or the monitor itself took no pings
}

// PausedTime is a time in which a heartbeat was paused, by the wall clock.
type PausedTime struct{ From, To time.Time }

// Watched is how many ms of the day the heartbeat was watched.
func (d UptimeDay) Watched() int64 { return max(0, 24*3600*1000-d.Paused-d.Unknown) }

// Uptime is which part of the time in which it was watched a heartbeat was not failing on
// some days; ok is false if it was not watched at all.
func Uptime(days []UptimeDay) (part float64, ok bool) {
	watched, down := int64(0), int64(0)
	for _, d := range days {
		watched += d.Watched()
		down += min(d.Down, d.Watched())
	}
	if watched == 0 {
		return 0, false
	}
	return 1 - float64(down)/float64(watched), true
}
