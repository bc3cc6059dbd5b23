package message

import (
	"github.com/wneessen/go-mail"

	"github.com/quorumbeat/quorumbeat/fsm"
)

// RenderTest makes the message of a test mail, sent by a node over a mail server. a needs
// no more than an ID, a recipient, a time and a Message-ID.
func RenderTest(from string, a fsm.Alert, node, server string) ([]byte, error) {
	c := content{
		Colour:  colourOf("TEST"),
		Subject: "[TEST] quorumbeat can reach you",
		Lead:    []string{"This is a test, which somebody asked for. Nothing has failed.", "Alerts for this address go the same way."},
		Facts:   []fact{{"Sent by", node}, {"By way of", server}, {"Sender", from}},
	}
	return renderContent(from, a, c, func(m *mail.Msg, _ fsm.Alert) { m.SetGenHeader("X-Quorumbeat-Kind", "test") })
}
