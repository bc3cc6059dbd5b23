package fsm

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/quorumbeat/quorumbeat/fsm/schedule/weekly"
	"github.com/quorumbeat/quorumbeat/fsm/wire"
)

// Limits of channels.
const (
	MaxChannels        = 200
	MaxChannelSize     = 16 << 10 // bytes of one, with everything in it
	MaxChannelFields   = 32
	MaxChannelFieldLen = 8 << 10 // bytes of a value
	MaxChannelAfter    = 30 * 86400
	MaxNotify          = 20 // channels that a heartbeat names

	channelPrefix = "ch_"
)

// ChannelID names a channel: "ch_" and 24 hex digits. That text is the target of a row
// for the channel, where other rows have a mail address. It is made at random by the
// accepting node.
type ChannelID [12]byte

func (id ChannelID) String() string { return channelPrefix + hex.EncodeToString(id[:]) }

// ParseChannelID reads the form that String writes.
func ParseChannelID(s string) (ChannelID, error) {
	b, err := parsePrefixed(s, channelPrefix)
	return ChannelID(b), err
}

// ChannelOf returns the channel that a row's recipient names; false for a mail address,
// which has an @, and for nobody.
func ChannelOf(recipient string) (ChannelID, bool) {
	if !strings.HasPrefix(recipient, channelPrefix) || strings.Contains(recipient, "@") {
		return ChannelID{}, false
	}
	id, err := ParseChannelID(recipient)
	return id, err == nil
}

// KindEmail is the kind of channels that are mail: a row of one names the address as well, and goes
// the way of all mail. The addresses are in the channel's field FieldTo.
const (
	KindEmail = "email"
	FieldTo   = "to"
)

// MailOf returns the mail address that a row's recipient names, and the channel that it is in, if it is in
// one; "" for the other channels, and for nobody.
func MailOf(recipient string) (address string, by ChannelID) {
	const length = len(channelPrefix) + 2*len(by)
	if !strings.Contains(recipient, "@") {
		return "", by
	}
	if len(recipient) > length && recipient[length] == ':' {
		if by, err := ParseChannelID(recipient[:length]); err == nil {
			return recipient[length+1:], by
		}
	}
	return recipient, by
}

// MailBy is the recipient of a row for a mail address that is in a channel.
func MailBy(by ChannelID, address string) string { return by.String() + ":" + address }

// Addresses are the mail addresses of a channel that is mail: in its field, with commas or white space
// between.
func (s ChannelSpec) Addresses() (list []string) {
	if s.Kind != KindEmail {
		return nil
	}
	return strings.FieldsFunc(s.Get(FieldTo), func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r' })
}

// AlertSet is a set of kinds of alerts, a bit for each.
type AlertSet uint8

// SetOf returns the set of some kinds.
func SetOf(kinds ...AlertKind) (s AlertSet) {
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

// ChannelKinds are the kinds of alerts that a channel can be told to take. A failure in an
// incident that began with silence, and a reminder, go where a down goes.
var ChannelKinds = []AlertKind{AlertDown, AlertRecovered, AlertUnheard}

// Has reports whether a kind is in the set.
func (s AlertSet) Has(k AlertKind) bool {
	if k == AlertFailure || k == AlertReminder {
		k = AlertDown
	}
	return s&(1<<k) != 0
}

// ChannelField is one setting of a channel's kind. What the kinds and their fields mean is
// for those to know who send; the state keeps them.
type ChannelField struct {
	Name   string
	Value  string
	Secret bool // never shown
}

// ChannelSpec holds the writable fields of a channel.
type ChannelSpec struct {
	Name    string // no other channel has it
	Kind    string // never changes
	Fields  []ChannelField
	Default bool     // told of heartbeats that nothing else is told of
	Tags    []string // told of heartbeats that have one of them
	On      AlertSet // the kinds of alerts that it takes
	After   int64    // seconds of serving time that an incident must last before it is told
	Hours   string   // when it is told, as schedule/weekly writes it; "": at any time
	Alone   bool     // its service groups alerts itself: each is sent alone, none in a digest
}

// Channel is one way to tell people, as a copy. It holds secrets.
type Channel struct {
	ID        ChannelID
	Spec      ChannelSpec
	Version   uint64 // counts edits, from 1
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Get returns the value of a field; "" if there is none.
func (s ChannelSpec) Get(name string) string {
	for _, f := range s.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Validate checks what holds for channels of all kinds.
func (s ChannelSpec) Validate() error {
	err := cmp.Or(
		validateText("name", s.Name, MaxNameLen),
		validateTags(s.Tags),
		validateRange("after_secs", s.After, 0, MaxChannelAfter),
		validateHours(s.Hours),
	)
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(s.Name, channelPrefix) || strings.Contains(s.Name, "@"):
		return invalidf("name is %q; it must not look like a channel's ID or an address", clipped(s.Name))
	case s.Kind == "" || len(s.Kind) > MaxSlugLen:
		return invalidf("kind is missing")
	case s.Kind == KindEmail && validateMailChannel(s.Addresses()) != nil:
		return validateMailChannel(s.Addresses())
	case s.On == 0 || s.On&^SetOf(ChannelKinds...) != 0:
		return invalidf("on must name at least one of down, recovered and unheard")
	case s.On.Has(AlertRecovered) && !s.On.Has(AlertDown):
		return invalidf("on has recovered without down: a recovery is told to whom the failure was told")
	case len(s.Fields) > MaxChannelFields || len(appendChannelSpec(nil, s)) > MaxChannelSize:
		return invalidf("the channel is too large: it may have %d fields and %d bytes in all", MaxChannelFields, MaxChannelSize)
	}
	for _, f := range s.Fields {
		if f.Name == "" || len(f.Name) > MaxSlugLen || len(f.Value) > MaxChannelFieldLen {
			return invalidf("%.100s is too long: it may have %d bytes", f.Name, MaxChannelFieldLen)
		}
	}
	return nil
}

// validateMailChannel checks the addresses of a channel that is mail.
func validateMailChannel(list []string) error {
	if len(list) == 0 || len(list) > MaxEmails {
		return invalidf("to has %d addresses; it must have 1 to %d, with commas between", len(list), MaxEmails)
	}
	return validateEmails("to", list)
}

// validateHours takes what package weekly writes, and nothing that means the same.
func validateHours(text string) error {
	h, err := weekly.Parse(text)
	switch {
	case err != nil:
		return invalidf("%v", err)
	case h.String() != text:
		return invalidf("hours are %.80q; they must be written as %.80q", clipped(text), h.String())
	}
	return nil
}

// validateNotify checks the channels and addresses that a heartbeat names. Whether they exist is no
// matter here: they may be deleted later as well.
func validateNotify(list, mail []string) error {
	if n := len(list) + len(mail); n > MaxNotify {
		return invalidf("notify has %d entries; it may have %d", n, MaxNotify)
	}
	for i, s := range list {
		if _, err := ParseChannelID(s); err != nil {
			return invalidf("notify[%d] is %q; it must be a channel's ID, like ch_0123456789abcdef01234567", i, clipped(s))
		}
		if slices.Contains(list[:i], s) {
			return invalidf("notify[%d] repeats %s; each channel may be named once", i, s)
		}
	}
	return validateEmails("notify", mail)
}

// CreateChannel adds a channel. Result: CodeOK, CodeExists (the ID or the name is taken),
// CodeInvalid or CodeQuota.
type CreateChannel struct {
	ID   ChannelID
	Spec ChannelSpec
}

// UpdateChannel replaces all of a channel but its kind. Result: CodeOK, CodeNotFound,
// CodeConflict, CodeExists (another has the name) or CodeInvalid.
type UpdateChannel struct {
	ID        ChannelID
	IfVersion uint64 // 0: any
	Spec      ChannelSpec
}

// DeleteChannel removes a channel. Rows for it that wait fail when their turn comes.
// Result: CodeOK, CodeNotFound or CodeConflict.
type DeleteChannel struct {
	ID        ChannelID
	IfVersion uint64
}

// Kind tells channels that are mail from others, for a version that does not know those would tell
// nobody by them.
func (c CreateChannel) Kind() Kind {
	if c.Spec.Kind == KindEmail {
		return KindCreateMailChannel
	}
	return KindCreateChannel
}

// Kind is as that of CreateChannel.
func (c UpdateChannel) Kind() Kind {
	if c.Spec.Kind == KindEmail {
		return KindUpdateMailChannel
	}
	return KindUpdateChannel
}

func (DeleteChannel) Kind() Kind { return KindDeleteChannel }

func appendChannelCommand(dst []byte, c Command) []byte {
	switch c := c.(type) {
	case CreateChannel:
		return appendChannelSpec(append(dst, c.ID[:]...), c.Spec)
	case UpdateChannel:
		return appendChannelSpec(binary.AppendUvarint(append(dst, c.ID[:]...), c.IfVersion), c.Spec)
	case DeleteChannel:
		return binary.AppendUvarint(append(dst, c.ID[:]...), c.IfVersion)
	}
	return nil
}

func (r *reader) channelCommand(kind Kind) Command {
	var id ChannelID
	switch r.Fill(id[:]); kind {
	case KindCreateChannel, KindCreateMailChannel:
		return oneEncoding(r, kind, CreateChannel{ID: id, Spec: readChannelSpec(&r.Reader)})
	case KindUpdateChannel, KindUpdateMailChannel:
		return oneEncoding(r, kind, UpdateChannel{ID: id, IfVersion: r.Uint(), Spec: readChannelSpec(&r.Reader)})
	case KindDeleteChannel:
		return DeleteChannel{ID: id, IfVersion: r.Uint()}
	}
	return nil
}

// oneEncoding fails for a command that is encoded as one of another kind.
func oneEncoding(r *reader, kind Kind, c Command) Command {
	if c.Kind() != kind {
		r.Fail()
	}
	return c
}

func appendChannelSpec(dst []byte, s ChannelSpec) []byte {
	dst = wire.AppendString(wire.AppendString(dst, s.Name), s.Kind)
	dst = binary.AppendUvarint(dst, uint64(len(s.Fields)))
	for _, f := range s.Fields {
		dst = wire.AppendBool(wire.AppendString(wire.AppendString(dst, f.Name), f.Value), f.Secret)
	}
	dst = append(wire.AppendStrings(wire.AppendBool(dst, s.Default), s.Tags), byte(s.On))
	dst = wire.AppendString(binary.AppendUvarint(dst, uint64(s.After)), s.Hours)
	return wire.AppendBool(dst, s.Alone)
}

func readChannelSpec(r *wire.Reader) ChannelSpec {
	s := ChannelSpec{Name: r.String(), Kind: r.String()}
	for n := r.Count(); n > 0 && r.OK(); n-- {
		s.Fields = append(s.Fields, ChannelField{Name: r.String(), Value: r.String(), Secret: r.Bool()})
	}
	s.Default, s.Tags, s.On = r.Bool(), r.Strings(), AlertSet(r.Byte())
	s.After, s.Hours, s.Alone = r.Millis(), r.String(), r.Bool()
	return s
}

// AppendChannel appends a channel as images hold it.
func AppendChannel(dst []byte, c Channel) []byte {
	dst = binary.AppendUvarint(append(dst, c.ID[:]...), c.Version)
	dst = wire.AppendInt(wire.AppendInt(dst, WallMillis(c.CreatedAt)), WallMillis(c.UpdatedAt))
	return appendChannelSpec(dst, c.Spec)
}

// ReadChannel reads what AppendChannel wrote.
func ReadChannel(r *wire.Reader) (c Channel) {
	r.Fill(c.ID[:])
	c.Version, c.CreatedAt, c.UpdatedAt = r.Uint(), WallTime(r.Int()), WallTime(r.Int())
	c.Spec = readChannelSpec(r)
	return c
}
