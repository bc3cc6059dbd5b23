package message

import (
	"fmt"
	"strings"
)

const (
	maxHeaderLine  = 78 // of RFC 5322
	maxEncodedWord = 75 // of RFC 2047
	wordBegin      = "=?utf-8?q?"
	wordEnd        = "?="
)

// encodeSubject writes the value of a Subject header. Its tag, like [DOWN], is plain text on
// the first line, with what follows beside it, so that filters which look at the raw text
// find it. The rest is plain too, but for what has to be encoded.
func encodeSubject(subject string) string {
	tag, rest, found := strings.Cut(subject, "] ")
	if !found {
		tag, rest = "", subject
	} else {
		tag += "] "
	}
	at := len("Subject: ") + len(tag)
	if isPlain(rest) {
		return tag + foldAtSpaces(rest, at)
	}
	return tag + encodeWords(rest, at)
}

// isPlain reports whether a text can stand in a header as it is. What looks like an encoded
// word, or ends with spaces, would not be read as it was written.
func isPlain(s string) bool {
	return !strings.Contains(s, "=?") && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}

// foldAtSpaces breaks a text into header lines at single spaces, never before the first word.
func foldAtSpaces(s string, at int) string {
	var b strings.Builder
	words := strings.Split(s, " ")
	for i, w := range words {
		switch {
		case i == 0:
		case at+1+len(w) > maxHeaderLine && w != "" && words[i-1] != "":
			b.WriteString("\r\n ")
			at = 1
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(w)
		at += len(w)
	}
	return b.String()
}

// encodeWords writes a text as encoded words of RFC 2047 (encoding Q). No word cuts a character.
func encodeWords(s string, at int) string {
	var b strings.Builder
	room := min(maxHeaderLine-at, maxEncodedWord) - len(wordBegin) - len(wordEnd)
	b.WriteString(wordBegin)
	for _, c := range s {
		code := encodeRune(c)
		if room < len(code) {
			b.WriteString(wordEnd + "\r\n " + wordBegin)
			room = maxEncodedWord - len(wordBegin) - len(wordEnd)
		}
		b.WriteString(code)
		room -= len(code)
	}
	return b.String() + wordEnd
}

// encodeRune writes a character in the encoding Q, which leaves letters and digits legible.
func encodeRune(c rune) string {
	switch {
	case c == ' ':
		return "_"
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-.,:/", c):
		return string(c)
	}
	return "=" + strings.ReplaceAll(fmt.Sprintf("% X", string(c)), " ", "=")
}
